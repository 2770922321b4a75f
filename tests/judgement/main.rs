//! Who would be banned, judged with the whole way from log line to decision: hard benign traffic must not be, attacks
//! must be decided about within twenty requests. `--nocapture` prints the tables.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod attacks;
mod benign;
mod machines;
mod pipeline;
#[path = "../common/traffic.rs"]
mod traffic;

use peelhouse::model::Action;
use pipeline::{Case, Outcome, judge};

/// Requests of an attacker until a decision, at most.
const SOON: usize = 20;

#[test]
fn hard_benign_traffic_is_never_banned() {
    let mut wrong = Vec::new();
    for case in benign::cases().into_iter().chain(machines::cases()) {
        let outcome = judge(&case);
        println!("{}", row(&case, &outcome));
        let harsh =
            outcome.first(Action::Ban).is_some() || !case.limit_allowed && outcome.first(Action::Limit).is_some();
        if harsh {
            wrong.push(format!("{}: {}", case.name, outcome.why()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn attackers_are_decided_about_within_twenty_requests() {
    let mut wrong = Vec::new();
    for case in attacks::cases() {
        let outcome = judge(&case);
        println!("{}", row(&case, &outcome));
        let soon = outcome.first_stop().is_some_and(|requests| requests <= SOON);
        if !case.by_target && !soon || case.by_target && outcome.alerts == 0 {
            wrong.push(format!("{}: {}", case.name, outcome.why()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn row(case: &Case, outcome: &Outcome) -> String {
    let at = |found: Option<usize>| found.map_or("-".to_owned(), |requests| requests.to_string());
    let (ban, limit) = (at(outcome.first(Action::Ban)), at(outcome.first(Action::Limit)));
    format!(
        "{:<34} {:>6} lines {:>3} alerts  ban {ban:>4}  limit {limit:>4}  {}",
        case.name,
        case.entries.len(),
        outcome.alerts,
        outcome.why()
    )
}
