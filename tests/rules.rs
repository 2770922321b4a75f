//! The rule pack against its own samples, and against ordinary requests that must stay quiet.

#![allow(clippy::panic, reason = "a test fails by panicking")]
use std::sync::Arc;

use peelhouse::detect::rules::{Hit, RuleSet, Scanner};
use peelhouse::detect::samples;
use peelhouse::model::{Class, Severity};

fn pack() -> Arc<RuleSet> {
    match RuleSet::embedded() {
        Ok(set) => Arc::new(set),
        Err(errors) => panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    }
}

/// What the rules say of a line.
fn hits(scanner: &mut Scanner, line: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    samples::read(line, |event| scanner.scan(event, &mut hits)).unwrap_or_else(|| panic!("does not parse: {line}"));
    hits
}

#[test]
fn every_rule_matches_its_samples_and_leaves_the_others_alone() {
    let set = pack();
    let wrong: Vec<String> = samples::check(&set).iter().map(ToString::to_string).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let few = |samples: &[String]| samples.len() < 2;
    let bare = set.rules().iter().filter(|rule| few(&rule.samples.must_match) || few(&rule.samples.quiet));
    assert_eq!(bare.map(|rule| rule.file.as_str()).collect::<Vec<_>>(), [""; 0], "too few samples");
    assert!(set.rules().len() >= 60, "only {} rules", set.rules().len());
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
    let lines: Vec<String> = targets.map(samples::line_of).chain(agents.map(samples::line_by)).collect();
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
