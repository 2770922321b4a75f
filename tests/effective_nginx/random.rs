//! Generated configurations, asked over the wire and in the engine.

use std::fmt::Write;

use peelhouse::effective::nginx::Nginx;
use peelhouse::host::Host;

use crate::generate::{Dice, TARGETS, http_level, server};
use crate::lab::{Client, Lab, difference, nginx_is_here, start};

/// Servers in one nginx; each http level is another configuration around them.
const SERVERS: u64 = 250;
const ROUNDS: u64 = 8;
const QUESTIONS: u64 = 12;

#[test]
fn generated_configurations_answer_as_told() {
    if !nginx_is_here() {
        return;
    }
    let rounds = std::env::var("PEELHOUSE_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let mut asked = 0;
    for round in 0..rounds {
        let lab = start(|dir, port| text(round, dir, port));
        asked += compare(&lab, round);
    }
    assert_eq!(asked, rounds * SERVERS * QUESTIONS);
    println!("{} configurations, {asked} questions", rounds * SERVERS);
}

fn text(round: u64, dir: &str, port: u16) -> String {
    let www = format!("{dir}/www");
    let mut dice = Dice::new(round + 1);
    let mut text = http_level(&mut dice, &www);
    for index in 0..SERVERS {
        text.push_str(&server(&mut dice, &www, port, &format!("h{index}.test")));
    }
    text
}

fn compare(lab: &Lab, round: u64) -> u64 {
    let (config, build, files) = (lab.read(), lab.build(), Host::live());
    let nginx = Nginx::new(&config, &build, &files);
    let mut dice = Dice::new(round + 1_000);
    let mut client = Client::default();
    let (mut asked, mut failures) = (0, String::new());
    for index in 0..SERVERS {
        let host = format!("h{index}.test");
        for _ in 0..QUESTIONS {
            let method = dice.pick(&["GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "DELETE", "OPTIONS", "TRACE"]);
            let target = dice.pick(&TARGETS);
            let reply = client.ask(lab.port, &host, method, target);
            asked += 1;
            if let Some(why) = difference(&nginx, &lab.request(&host, method, target), reply.as_ref()) {
                writeln!(failures, "round {round}: {method} {host}{target}: {why}").unwrap();
            }
        }
    }
    if !failures.is_empty() {
        let kept = std::env::temp_dir().join(format!("peelhouse-nginx-{round}.conf"));
        if std::env::var_os("PEELHOUSE_KEEP").is_some() {
            std::fs::copy(lab.dir.path().join("nginx.conf"), &kept).unwrap();
        }
        let first: Vec<&str> = failures.lines().take(40).collect();
        panic!("{} differ:\n{}", failures.lines().count(), first.join("\n"));
    }
    asked
}
