//! What detection remembers: bounded, fair under a spray of addresses, and the same after a restart.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod common;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use common::traffic::{self, Hit, START};
use peelhouse::detect::memory::{Memory, kind};
use peelhouse::detect::{Engine, Settings, SnapshotError};
use peelhouse::guard;
use peelhouse::model::{Alert, SourceIx, Subject};
use proptest::prelude::*;

fn small() -> Settings {
    Settings { max_clients: 64, max_prefixes: 32, known_paths: 256, evidence_bytes: 40_000, ..Settings::default() }
}

fn engine(settings: Settings, seed: u64) -> Engine {
    let mut engine = guard::engine::engine(settings, seed).unwrap();
    engine.source(SourceIx(0), "access.log");
    engine
}

fn feed(engine: &mut Engine, hits: &[(u64, Hit)], alerts: &mut Vec<Alert>) {
    for (line, hit) in hits {
        let raw = hit.line();
        engine.see(&hit.event(&raw, *line), alerts);
    }
}

/// People and attackers at once, more of them than a small memory holds.
fn mixed(seed: u64) -> Vec<(u64, Hit)> {
    let mut hits = traffic::person(seed, "192.0.2.1");
    hits.extend(traffic::mistyper("192.0.2.2"));
    hits.extend(traffic::wordlist(seed, "203.0.113.1", 60));
    hits.extend(traffic::known_weak_spots("203.0.113.2"));
    hits.extend(traffic::injection("2001:db8::2"));
    hits.extend(traffic::wordpress_login("203.0.113.3", 40));
    hits.extend(traffic::stuffing(80));
    (1..).zip(traffic::sorted(hits)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_restart_at_any_line_changes_no_alert(
        seed in 0u64..1000,
        tight in any::<bool>(),
        mut cuts in prop::collection::vec(0usize..500, 0..5),
    ) {
        let settings = || if tight { small() } else { Settings::default() };
        let hits = mixed(seed);
        let mut live = Vec::new();
        feed(&mut engine(settings(), seed), &hits, &mut live);
        prop_assert!(live.len() > 5);

        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(hits.len()));
        cuts.push(0);
        cuts.push(hits.len());
        cuts.sort_unstable();
        let mut replayed = Vec::new();
        let mut running = engine(settings(), seed);
        for part in cuts.windows(2) {
            feed(&mut running, &hits[part[0]..part[1]], &mut replayed);
            let snapshot = running.snapshot();
            // Another seed, and the source under another number: as after a real restart.
            running = guard::engine::engine(settings(), seed + 1).unwrap();
            running.source(SourceIx(7), "error.log");
            running.source(SourceIx(0), "access.log");
            running.restore(&snapshot).unwrap();
            prop_assert_eq!(running.snapshot().len() >= snapshot.len(), true);
        }
        prop_assert_eq!(replayed, live);
    }

    #[test]
    fn damaged_snapshots_are_refused_and_change_nothing(at in 0usize..4000, flip in 1u8..=255, cut in any::<bool>()) {
        let mut engine = engine(small(), 1);
        let mut alerts = Vec::new();
        feed(&mut engine, &mixed(1)[..100], &mut alerts);
        let whole = engine.snapshot();
        let at = at % whole.len();
        let mut bad = whole.clone();
        if cut { bad.truncate(at) } else { bad[at] ^= flip }
        prop_assert!(engine.restore(&bad).is_err());
        prop_assert!(engine.snapshot() == whole);
    }
}

#[test]
fn foreign_and_newer_snapshots_are_named_as_such() {
    let mut engine = engine(small(), 1);
    assert_eq!(engine.restore(b"SQLite format 3\0"), Err(SnapshotError::Foreign));
    let mut newer = engine.snapshot();
    newer[8] = 9;
    assert!(matches!(engine.restore(&newer), Err(SnapshotError::Version(9, _))));
    assert_eq!(engine.restore(b""), Err(SnapshotError::Foreign));
}

#[test]
fn a_million_clients_fit_and_the_next_million_too() {
    let settings = Settings::default();
    let mut memory = Memory::new(1, &settings);
    for n in 0..2_000_000u32 {
        let ip = if n % 2 == 0 {
            IpAddr::V4(Ipv4Addr::from_bits(n.wrapping_mul(2_654_435_761)))
        } else {
            IpAddr::V6(Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(n) << 64 | 1))
        };
        memory.client(ip, memory.seed.address(ip), 1_700_000_000 + n / 1000, &settings);
    }
    let used = memory.usage();
    assert_eq!((used.clients, used.evicted), (1_000_000, 1_000_000));
    assert!(used.bytes <= 128_000_000, "{used:?}");
}

#[test]
fn a_spray_of_addresses_does_not_make_it_forget_the_hostile() {
    let mut engine = engine(Settings { max_clients: 500, ..Settings::default() }, 1);
    let mut alerts = Vec::new();
    let hostile: Vec<IpAddr> = (0..100).map(|n| format!("203.0.113.{n}").parse().unwrap()).collect();
    for (ip, n) in hostile.iter().zip(0..) {
        let hits = traffic::wordlist(n, &ip.to_string(), 30);
        feed(&mut engine, &(1..).zip(hits).collect::<Vec<_>>(), &mut alerts);
    }
    let accused =
        |engine: &Engine| hostile.iter().filter(|ip| engine.standing(&Subject::Client(**ip)).hostile == 1).count();
    assert_eq!(accused(&engine), 100);
    let spray: Vec<(u64, Hit)> = (0..20_000u32)
        .map(|n| {
            let ip = Ipv4Addr::from_bits(0x0a00_0000 + n * 7).to_string();
            (u64::from(n), Hit::new(START + 60_000 + i64::from(n), &ip, format!("/{n}"), 404))
        })
        .collect();
    feed(&mut engine, &spray, &mut alerts);
    assert!(engine.memory().evicted > 19_000);
    assert_eq!(accused(&engine), 100);
}

#[test]
fn a_prefix_knows_whom_it_holds() {
    let mut engine = engine(Settings::default(), 1);
    let mut alerts = Vec::new();
    let mut hits = traffic::wordlist(1, "203.0.113.1", 30);
    for n in 10..15 {
        hits.extend((0..5).map(|m| Hit::new(START + m, &format!("203.0.113.{n}"), "/", 200)));
    }
    feed(&mut engine, &(1..).zip(hits).collect::<Vec<_>>(), &mut alerts);
    for net in ["203.0.113.0/24", "203.0.0.0/16"] {
        let standing = engine.standing(&Subject::Prefix(net.parse().unwrap()));
        assert_eq!((standing.clients, standing.hostile, standing.good_clients), (6, 1, 5), "{net}");
    }
    assert_eq!(engine.good_clients(), 5);
}

#[test]
fn many_sites_and_long_lines_stay_bounded() {
    let settings = Settings { evidence_bytes: 1 << 20, ..Settings::default() };
    let mut engine = engine(settings, 1);
    let mut alerts = Vec::new();
    for n in 0..20_000u64 {
        let hit = Hit::new(START + n as i64 * 10, "203.0.113.9", format!("/{}{n}", "x".repeat(2000)), 404);
        let (raw, site) = (hit.line(), format!("{n}.example.net"));
        let mut event = hit.event(&raw, n);
        event.site = site.as_bytes();
        engine.see(&event, &mut alerts);
    }
    assert!(engine.memory().bytes < 4 << 20, "{:?}", engine.memory());
    assert!(alerts.iter().flat_map(|alert| &alert.evidence).all(|line| line.text.len() <= Alert::MAX_LINE));
    assert_eq!(kind::ATTACK & kind::VOLUME, 0);
}

#[test]
fn what_a_pardoned_client_did_before_counts_no_more() {
    let who: IpAddr = "203.0.113.1".parse().unwrap();
    let hits: Vec<(u64, Hit)> = (1..).zip(traffic::wordlist(3, "203.0.113.1", 60)).collect();
    let (before, after) = hits.split_at(30);
    for net in ["203.0.113.1/32", "203.0.113.0/24"] {
        let mut engine = engine(Settings::default(), 5);
        let mut alerts = Vec::new();
        feed(&mut engine, before, &mut alerts);
        assert!(!alerts.is_empty() && engine.standing(&Subject::Client(who)).hostile == 1);
        let seen = engine.standing(&Subject::Client(who)).requests;
        engine.forget(net.parse().unwrap());
        let standing = engine.standing(&Subject::Client(who));
        assert_eq!((standing.hostile, standing.requests), (0, seen));
        assert_eq!(engine.standing(&Subject::Prefix("203.0.113.0/24".parse().unwrap())).hostile, 0);
        alerts.clear();
        feed(&mut engine, &after[..1], &mut alerts);
        assert_eq!(alerts, []);
        feed(&mut engine, &after[1..], &mut alerts);
        let lines: Vec<u64> = alerts.iter().flat_map(|alert| &alert.evidence).map(|line| line.line).collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| *line > 30), "{lines:?}");
    }
}
