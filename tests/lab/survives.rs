//! Killed, flushed, rotated away: no line lost or counted twice, and bans never lapse.

use std::process::Command;

use peelhouse::demo::visitors::Visitor;

use crate::stage::{Kind, Stage, on, until};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";

#[test]
fn a_flushed_table_comes_back_by_itself() {
    on(Kind::Nginx, "", "", |stage| {
        let attacker = stage.visitor("203.0.113.7", BROWSER);
        ban(stage, "203.0.113.7");
        stage.nft(&["flush", "ruleset"]);
        until("the ban is back", || !stage.answers(&attacker));
        assert!(stage.in_force("203.0.113.7", "ban"));
    });
}

#[test]
fn a_killed_reader_is_replaced_and_forgets_nothing() {
    on(Kind::Nginx, "", "", |stage| {
        stage.start_guard();
        guess(stage, "203.0.113.7", 0..2);
        let reader = stage.guard().reader.to_string();
        assert!(Command::new("kill").args(["-9", &reader]).status().unwrap().success());
        guess(stage, "203.0.113.7", 2..4);
        stage.guard().wait_for_reader();
        guess(stage, "203.0.113.7", 4..10);
        stage.guard().wait_for_decision("203.0.113.7", "ban");
        assert_each_line_once(stage, "203.0.113.7");
    });
}

#[test]
fn a_killed_keeper_leaves_its_bans_and_takes_them_up_again() {
    on(Kind::Nginx, "", "", |stage| {
        let attacker = stage.visitor("203.0.113.7", BROWSER);
        ban(stage, "203.0.113.7");
        stage.kill_keeper();
        assert!(!stage.answers(&attacker), "the kernel holds the ban without us");
        stage.start_guard();
        assert!(!stage.answers(&attacker), "there is no gap");
        assert!(stage.in_force("203.0.113.7", "ban"));
    });
}

#[test]
fn nginx_log_rotated_and_compressed_while_down_is_read_once() {
    on(Kind::Nginx, "", "", rotated_while_down);
}

#[test]
fn apache_log_rotated_and_compressed_while_down_is_read_once() {
    on(Kind::Apache, "", "", rotated_while_down);
}

fn rotated_while_down(stage: &mut Stage) {
    stage.start_guard();
    guess(stage, "203.0.113.7", 0..2);
    stage.kill_keeper();
    guess(stage, "203.0.113.7", 2..4);
    stage.rotate_and_compress();
    guess(stage, "203.0.113.7", 4..5);
    stage.start_guard();
    guess(stage, "203.0.113.7", 5..10);
    stage.guard().wait_for_decision("203.0.113.7", "ban");
    assert_each_line_once(stage, "203.0.113.7");
}

fn ban(stage: &mut Stage, from: &str) {
    stage.start_guard();
    guess(stage, from, 0..10);
    stage.guard().wait_for_decision(from, "ban");
    assert!(!stage.answers(&stage.visitor(from, BROWSER)));
}

/// Guesses passwords, each try with its number: a refused login counts one, exactly.
fn guess(stage: &Stage, from: &str, tries: std::ops::Range<usize>) {
    let visitor = stage.visitor(from, BROWSER);
    let guess = |visitor: &Visitor, n: usize| {
        visitor.ask("POST", &format!("/wp-login.php?try={n}"), "log=admin&pwd=guess").is_ok()
    };
    stage.as_visitor(&visitor, move |visitor| tries.take_while(|n| guess(visitor, *n)).count());
}

/// The evidence is the attack's lines, each once, as they stand in the log: none was lost in a gap, none counted twice.
fn assert_each_line_once(stage: &Stage, from: &str) {
    let told = stage.ask(&["why", from]);
    let alert = &told[0]["alerts"][0];
    assert_eq!(alert["detector"], "brute-force", "{alert}");
    let evidence: Vec<&str> =
        alert["evidence"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap()).collect();
    let written = stage.written();
    assert_eq!(alert["lines"], evidence.len());
    assert_eq!(evidence, written.lines().take(evidence.len()).collect::<Vec<_>>());
}
