//! The rule pack against its own samples, and against ordinary requests that must stay quiet.

#![allow(clippy::panic, reason = "a test fails by panicking")]
use std::sync::Arc;

use peelhouse::detect::rules::{Hit, RuleSet, Scanner};
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::model::{At, Class, Client, Event, Millis, Severity, Via};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

fn pack() -> Arc<RuleSet> {
    match RuleSet::embedded() {
        Ok(set) => Arc::new(set),
        Err(errors) => panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// A sample as a line: it is one already, of any log, or it is the target of a browser's GET.
fn combined(sample: &str) -> String {
    let is_target = ["/", "http:", "https:"].iter().any(|start| sample.starts_with(start));
    if !is_target || sample.contains("] \"") {
        return sample.to_owned();
    }
    let target = sample.replace('\\', "\\\\").replace('"', "\\\"");
    format!("192.0.2.7 - - [22/Nov/2026:10:00:00 +0000] \"GET {target} HTTP/1.1\" 200 512 \"-\" \"{BROWSER}\"")
}

/// What the rules say of a line that was read as the daemon reads it.
fn hits(scanner: &mut Scanner, line: &str) -> Vec<Hit> {
    let mut parser = Parser::new(LineFormat::Mixed);
    parser.near(Millis::from_secs(1_795_374_000));
    let Ok(Line::Record(record)) = parser.parse(line.as_bytes()) else { panic!("does not parse: {line}") };
    let mut hits = Vec::new();
    let (raw, what) = (line.as_bytes(), record.what);
    let client = record.client.map(|ip| Client { ip, via: Via::Direct });
    let event = Event { now: Millis(0), stamp: None, at: At::default(), client, site: b"", raw, what };
    scanner.scan(&event, &mut hits);
    hits
}

#[test]
fn every_rule_matches_its_samples_and_leaves_the_others_alone() {
    let set = pack();
    let mut scanner = Scanner::new(Arc::clone(&set), 1);
    let mut wrong = Vec::new();
    for (at, rule) in set.rules().iter().enumerate() {
        let mut met =
            |sample: &str| hits(&mut scanner, &combined(sample)).iter().any(|hit| usize::from(hit.rule.0) == at);
        let missed = rule.samples.must_match.iter().filter(|sample| !met(sample)).map(|sample| ("misses", sample));
        let missed: Vec<_> = missed.collect();
        let alarmed = rule.samples.quiet.iter().filter(|sample| met(sample)).map(|sample| ("alarms at", sample));
        wrong.extend(missed.into_iter().chain(alarmed).map(|(how, sample)| format!("{} {how} {sample}", rule.file)));
        if rule.samples.must_match.len() < 2 || rule.samples.quiet.len() < 2 {
            wrong.push(format!("{} has too few samples", rule.file));
        }
    }
    assert!(set.rules().len() >= 60, "only {} rules", set.rules().len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_rule_lives_in_the_folder_of_its_class_and_bears_its_name() {
    for rule in pack().rules() {
        let class = serde_json::to_value(rule.class).unwrap();
        let file = rule.file.trim_start_matches("rules/").trim_start_matches("web/").trim_end_matches(".yml");
        assert_eq!(rule.id, file.replace('/', "-"), "{}", rule.file);
        match file.strip_prefix("auth/") {
            Some(_) => assert_eq!(rule.class, Class::AuthFailure, "{}", rule.file),
            None => assert!(rule.id.starts_with(class.as_str().unwrap()), "{}", rule.file),
        }
    }
}

#[test]
fn ordinary_requests_raise_nothing_of_weight() {
    let set = pack();
    let mut scanner = Scanner::new(Arc::clone(&set), 1);
    let targets = include_str!("rules/benign-targets.txt").lines();
    let agents = include_str!("rules/benign-agents.txt").lines();
    let agent_line = |agent: &str| combined("/").replace(BROWSER, &agent.replace('\\', "\\\\").replace('"', "\\\""));
    let lines: Vec<String> = targets.map(combined).chain(agents.map(agent_line)).collect();
    let mut alarms = Vec::new();
    for line in &lines {
        for hit in hits(&mut scanner, line) {
            let rule = set.rule(hit.rule).unwrap();
            if rule.level >= Severity::Medium || rule.score >= 3.0 || rule.critical {
                alarms.push(format!("{} at {line}", rule.id));
            }
        }
    }
    assert!(lines.len() >= 300, "only {} lines", lines.len());
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
}
