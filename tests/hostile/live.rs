//! Replay = live: the same log, read at once and read as it is written through rotations and kills, alerts alike.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use peelhouse::detect::Settings;
use peelhouse::guard::engine::engine;
use peelhouse::model::{Alert, LogKind, RealIp, Subject};
use peelhouse::monitor::{self, MAX_LINE, Source};
use peelhouse::store::Reading;

use crate::state::Guard;
use crate::tools::{replay, until};
use crate::traffic::{self, Dice, Hit};

/// Attacks last of all: once it is told of, everything was read.
const LAST: &str = "203.0.113.99";

/// People, an office, a crawler and attackers; which of them, the seed says.
fn log(seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut hits: Vec<Hit> = Vec::new();
    for n in 0..3 + dice.below(3) {
        hits.extend(traffic::person(seed + n, &format!("192.0.2.{}", 10 + n)));
    }
    hits.extend(traffic::office(seed, "192.0.2.200", 5));
    hits.extend(traffic::mistyper("192.0.2.201"));
    hits.extend(traffic::wordlist(seed, "203.0.113.1", 50 + dice.below(100)));
    if dice.once_in(2) {
        hits.extend(traffic::known_weak_spots("203.0.113.2"));
    }
    if dice.once_in(2) {
        hits.extend(traffic::injection("2001:db8::3"));
    }
    hits.extend(traffic::wordpress_login("203.0.113.4", 20 + dice.below(30) as i64));
    hits.extend(traffic::injection(LAST).into_iter().map(|hit| Hit { at: hit.at + 86_400_000, ..hit }));
    let lines = traffic::sorted(hits).iter().map(|hit| hit.line() + "\n").collect::<String>();
    lines.into_bytes()
}

/// Subject and what was said of it.
type Said = BTreeSet<(String, String)>;

/// What the program says would be done, and to whom.
fn replayed(path: &Path) -> Said {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    replay(path).decisions.iter().map(|decision| (text(&decision["client"]), text(&decision["action"]))).collect()
}

/// Every alert of the same lines, in full. `memory`: an empty one, whose seed is to be taken.
fn alerts(path: &Path, memory: &[u8]) -> Said {
    let mut engine = engine(Settings::default(), 0).unwrap();
    engine.restore(memory).unwrap();
    let mut alerts = Vec::new();
    let source = Source {
        path: path.to_owned(),
        kind: LogKind::Access,
        format: None,
        real_ip: RealIp::default(),
        site: String::new(),
    };
    monitor::replay(
        &[source],
        MAX_LINE,
        NonZeroUsize::MIN,
        &mut |event| engine.see(event, &mut alerts),
        &mut |_, _| {},
    );
    alerts.iter().map(alert).collect()
}

fn alert(alert: &Alert) -> (String, String) {
    let Alert { detector, rules, first, last, lines, sentence, .. } = alert;
    (subject(&alert.subject), format!("{detector} {rules:?} {first}..{last} {lines} {sentence}"))
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Client(ip) => ip.to_string(),
        Subject::Prefix(net) => net.to_string(),
        other => format!("{other:?}"),
    }
}

/// The memory of a guard that has read nothing yet.
fn start(guard: &mut Guard) -> Vec<u8> {
    guard.start("", "--observe");
    let store = Reading::open(guard.path("state/peelhouse.db")).unwrap();
    until("the first checkpoint", || store.load_checkpoint().unwrap()).snapshot
}

/// Written in pieces, cut anywhere, with rotations and a kill in between.
fn live(guard: &mut Guard, text: &[u8], dice: &mut Dice) {
    let kill_at = text.len() / 3 + dice.below(text.len() as u64 / 3) as usize;
    let (mut at, mut rotations, mut killed) = (0, 0, false);
    while at < text.len() {
        let cut = (at + 1 + dice.below(30_000) as usize).min(text.len());
        // A server may be seen in the middle of a line, but is not rotated there.
        let end = text[cut..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |line| cut + line + 1);
        guard.append(&text[at..cut]);
        if dice.once_in(2) {
            std::thread::sleep(Duration::from_millis(dice.below(30)));
        }
        guard.append(&text[cut..end]);
        at = end;
        if dice.once_in(5) {
            rotations += 1;
            rotate(&guard.path("access.log"), rotations);
        }
        if !killed && at >= kill_at {
            killed = true;
            guard.kill("-KILL");
            // What is written and rotated while nobody reads has to be caught up with.
            rotations += 1;
            rotate(&guard.path("access.log"), rotations);
            guard.start("", "--observe");
        }
    }
    assert!(killed && rotations > 0);
}

fn rotate(log: &str, held: u32) {
    for n in (1..held).rev() {
        fs::rename(format!("{log}.{n}"), format!("{log}.{}", n + 1)).unwrap();
    }
    fs::rename(log, format!("{log}.1")).unwrap();
    fs::write(log, "").unwrap();
}

#[test]
fn a_log_gives_the_same_alerts_and_decisions_read_at_once_and_as_it_is_written() {
    for seed in 1..=3 {
        let Some(mut guard) = Guard::new() else { return };
        let text = log(seed);
        let whole = guard.dir.path().join("whole.log");
        fs::write(&whole, &text).unwrap();
        let memory = start(&mut guard);
        live(&mut guard, &text, &mut Dice::new(seed));
        let store = guard.dir.path().join("state/peelhouse.db");
        let store = Reading::open(store).unwrap();
        until("the last alert", || {
            let last = Subject::Client(LAST.parse().unwrap());
            (!store.alerts_of(&last, 1).unwrap().is_empty()).then_some(())
        });
        guard.kill("-TERM");
        let lived: Said = store.alerts_before(None, 10_000).unwrap().iter().map(alert).collect();
        assert_eq!(lived, alerts(&whole, &memory), "seed {seed}");
        let decisions = store.decisions_before(None, 10_000).unwrap();
        let word = |action| serde_json::to_value(action).unwrap().as_str().unwrap().to_owned();
        let decided: Said =
            decisions.iter().map(|past| (subject(&past.decision.subject), word(past.decision.action))).collect();
        // Counts of distinct paths differ a little from seed to seed, and so may what becomes of somebody at a threshold.
        let attackers =
            |all: &Said| all.iter().filter(|(who, _)| !who.starts_with("192.0.2.")).cloned().collect::<Said>();
        assert_eq!(attackers(&decided), attackers(&replayed(&whole)), "seed {seed}");
        assert!(decided.len() >= 3, "{decided:?}");
    }
}
