//! The store keeps what it acknowledged, says what is wrong, and answers while it is written.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use std::io::{BufRead, BufReader};
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use peelhouse::model::*;
use peelhouse::store::*;

fn alert(id: u64, at: i64) -> Alert {
    Alert {
        id: AlertId(id),
        detector: "probing".into(),
        rules: vec!["r1".into()],
        class: Class::Probing,
        subject: Subject::Client("203.0.113.7".parse().unwrap()),
        site: "shop".into(),
        via: Via::Direct,
        severity: Severity::Medium,
        confidence: Confidence::High,
        first: Millis(at),
        last: Millis(at),
        lines: 3,
        sentence: "asked for 11 things that are not there".into(),
        counts: vec![Count { what: "missing".into(), seen: 11.0, limit: 10.0, window: 100 }],
        standing: Standing::default(),
        evidence: vec![Evidence {
            file: "/a".into(),
            line: 7,
            offset: 70,
            text: "GET /\u{fffd}".into(),
            span: Some((0, 3)),
        }],
    }
}

fn decision(last: u8, at: i64, until: Option<i64>) -> Decision {
    Decision {
        subject: Subject::Client(IpAddr::from([203, 0, 113, last])),
        action: Action::Ban,
        point: Point::PacketFilter,
        at: Millis(at),
        until: until.map(Millis),
        offence: 1,
        why: "because".into(),
        rules: vec!["probing".into()],
        alerts: vec![AlertId(u64::MAX), AlertId(0)],
    }
}

fn change(detail: &str) -> Change {
    Change {
        at: Millis(1),
        what: "ban".into(),
        detail: detail.into(),
        undo: format!("unban {detail}"),
        outcome: "done".into(),
    }
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state/peelhouse.db");
    (dir, path)
}

fn alerts(alerts: Vec<Alert>) -> Batch {
    Batch { alerts, ..Batch::default() }
}

fn decisions(decisions: Vec<Decision>) -> Batch {
    Batch { decisions, ..Batch::default() }
}

#[test]
fn alerts_come_back_whole_and_the_same_id_is_one_alert() {
    let (_dir, path) = scratch();
    let mut store = Store::open(&path).unwrap();
    let first = alert(u64::MAX, 5);
    assert_eq!(store.record(alerts(vec![first.clone(), alert(1, 6)])).unwrap().known, []);
    let again = Alert { lines: 99, ..first.clone() };
    assert_eq!(store.record(alerts(vec![again, alert(2, 7)])).unwrap().known, [first.id]);
    assert_eq!(store.alert(first.id).unwrap(), Some(first.clone()));
    assert!(store.knows(AlertId(2)).unwrap() && !store.knows(AlertId(3)).unwrap());
    let ids: Vec<u64> = store.alerts_of(&first.subject, 2).unwrap().iter().map(|alert| alert.id.0).collect();
    assert_eq!(ids, [2, 1]);
    assert_eq!(store.alerts_before(Some(Millis(6)), 10).unwrap(), [first]);
}

#[test]
fn decisions_run_end_and_count() {
    let (_dir, path) = scratch();
    let mut store = Store::open(&path).unwrap();
    let batch = vec![decision(1, 10, Some(100)), decision(2, 20, None), decision(1, 30, Some(200))];
    let ids = store.record(decisions(batch.clone())).unwrap().decisions;
    assert_eq!(ids, [DecisionId(1), DecisionId(2), DecisionId(3)]);
    let active = |store: &Store, now| -> Vec<i64> {
        store.active(Millis(now)).unwrap().into_iter().map(|(id, _)| id.0).collect()
    };
    assert_eq!(active(&store, 50), [1, 2, 3]);
    assert_eq!(store.active(Millis(50)).unwrap()[1].1, batch[1]);
    assert_eq!(active(&store, 100), [2, 3]);
    assert!(store.end(ids[1], Millis(120), "mistake", "ann").unwrap());
    assert!(!store.end(ids[1], Millis(121), "again", "bob").unwrap());
    assert!(!store.end(ids[0], Millis(121), "it ran out before", "bob").unwrap());
    assert_eq!(active(&store, 130), [3]);
    let ended = Ended { at: Millis(120), why: "mistake".into(), by: "ann".into() };
    assert_eq!(store.decision(ids[1]).unwrap().unwrap().ended, Some(ended));
    assert_eq!(store.offences(&batch[0].subject, Millis(0)).unwrap(), 2);
    assert_eq!(store.offences(&batch[0].subject, Millis(11)).unwrap(), 1);
    assert_eq!(store.offences(&batch[1].subject, Millis(0)).unwrap(), 0);
    assert_eq!(store.decisions_of(&batch[0].subject, 9).unwrap().len(), 2);
    let page = store.decisions_before(Some(DecisionId(3)), 1).unwrap();
    assert_eq!((page.len(), page[0].id), (1, DecisionId(2)));
}

#[test]
fn what_is_read_twice_is_kept_once() {
    let (_dir, path) = scratch();
    let mut store = Store::open(&path).unwrap();
    let login = LoginSeen {
        address: "2001:db8::7".parse().unwrap(),
        user: "ann".into(),
        service: "sshd".into(),
        at: Millis(9),
        admin: true,
    };
    let sighting = Sighting {
        decision: DecisionId(1),
        at: Millis(8),
        place: "/a".into(),
        line: 4,
        text: "GET".into(),
        cause: "gone".into(),
    };
    let more = Counter { at: Millis(86_400_001), name: "lines".into(), label: "/a".into(), more: 5 };
    for _ in 0..2 {
        let batch = Batch {
            logins: vec![login.clone()],
            sightings: vec![sighting.clone()],
            counters: vec![more.clone()],
            ..Batch::default()
        };
        store.record(batch).unwrap();
    }
    assert_eq!(store.admin_logins(Millis(9)).unwrap(), std::slice::from_ref(&login));
    assert_eq!(store.admin_logins(Millis(10)).unwrap(), []);
    assert_eq!(store.logins_of(login.address, 5).unwrap(), [login]);
    assert_eq!(store.sightings_of(DecisionId(1), 5).unwrap(), [sighting]);
    let counts = store.counts(Millis(86_400_000)).unwrap();
    assert_eq!((counts[0].count, counts[0].day), (10, Millis(86_400_000)));
}

#[test]
fn the_allow_list_forgets_what_ran_out() {
    let (_dir, path) = scratch();
    let mut store = Store::open(&path).unwrap();
    let entry = |net: &str, until: Option<i64>| Allowed {
        net: net.parse().unwrap(),
        reason: "scanner".into(),
        owner: "ann".into(),
        at: Millis(1),
        until: until.map(Millis),
    };
    let id = store.allow(&entry("192.0.2.9/24", None)).unwrap();
    assert_eq!(store.allow(&entry("192.0.2.0/24", Some(50))).unwrap(), id);
    store.allow(&entry("2001:db8::/32", None)).unwrap();
    assert_eq!(store.allowed(Millis(10)).unwrap()[0], (id, entry("192.0.2.0/24", Some(50))));
    assert_eq!(store.allowed(Millis(50)).unwrap().len(), 1);
    assert!(store.disallow("2001:db8::/32".parse().unwrap()).unwrap());
    assert!(!store.disallow("2001:db8::/32".parse().unwrap()).unwrap());
}

#[test]
fn an_edited_journal_shows() {
    let (_dir, path) = scratch();
    let mut store = Store::open(&path).unwrap();
    let journal = ["a", "b", "c"].map(change).to_vec();
    store.record(Batch { journal, ..Batch::default() }).unwrap();
    let JournalState::Whole { entries: 3, head } = store.verify_journal().unwrap() else { panic!("broken") };
    store.record(Batch { journal: vec![change("d")], ..Batch::default() }).unwrap();
    let state = store.verify_journal().unwrap();
    assert!(matches!(&state, JournalState::Whole { entries: 4, head: now } if *now != head), "{state:?}");
    assert_eq!(store.journal_before(Some(2), 9).unwrap(), [Journaled { id: 1, change: change("a") }]);
    drop(store);
    for (tamper, at) in [
        ("UPDATE journal SET detail = 'x' WHERE id = 4", 4),
        ("UPDATE journal SET what = 'banb', detail = '' WHERE id = 2", 2),
        ("DELETE FROM journal WHERE id = 1", 2),
    ] {
        rusqlite::Connection::open(&path).unwrap().execute(tamper, []).unwrap();
        assert_eq!(Reading::open(&path).unwrap().verify_journal().unwrap(), JournalState::Broken { id: at });
    }
}

fn save(store: &mut Store, positions: Vec<Position>, snapshot: &[u8]) {
    let checkpoint = Some(Checkpoint { positions, snapshot: snapshot.to_vec() });
    store.record_soon(&Batch { checkpoint, ..Batch::default() }).unwrap();
}

#[test]
fn a_checkpoint_is_all_or_nothing_and_the_last_one() {
    let (_dir, path) = scratch();
    let mut store = Store::open(&path).unwrap();
    assert_eq!(store.load_checkpoint().unwrap(), None);
    let position = |offset| Position {
        path: "/var/log/a\n\u{e9}".into(),
        device: u64::MAX,
        inode: 2,
        head: [7; 32],
        head_len: 1024,
        offset,
        line: 3,
        now: Millis(-5),
    };
    save(&mut store, vec![position(1)], b"old");
    let snapshot = vec![0xa5; 3 << 20];
    save(&mut store, vec![position(u64::MAX), position(2)], &snapshot);
    drop(store);
    let loaded = Reading::open(&path).unwrap().load_checkpoint().unwrap().unwrap();
    assert_eq!(loaded, Checkpoint { positions: vec![position(u64::MAX), position(2)], snapshot });
}

#[test]
fn only_root_reads_it_and_absence_is_told() {
    let (_dir, path) = scratch();
    let absent = Reading::open(&path).unwrap_err();
    assert!(matches!(absent, StoreError::Absent(_)), "{absent}");
    assert!(absent.to_string().starts_with("no guard has run here: "), "{absent}");
    drop(Store::open(&path).unwrap());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn readers_see_the_last_commit_while_the_writer_is_busy() {
    let (_dir, path) = scratch();
    let mut store = Store::open(&path).unwrap();
    store.record(alerts(vec![alert(1, 1)])).unwrap();
    let reader = Reading::open(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE; DELETE FROM alerts").unwrap();
    assert!(reader.knows(AlertId(1)).unwrap());
    other.execute_batch("ROLLBACK").unwrap();
    store.record(alerts(vec![alert(2, 2)])).unwrap();
    assert!(reader.knows(AlertId(2)).unwrap());
}

#[test]
fn old_things_go_in_bounded_rounds_and_running_decisions_stay() {
    let (_dir, path) = scratch();
    let mut store = Store::open(&path).unwrap();
    let day = 86_400_000;
    store.record(alerts((0..2500).map(|id| alert(id, i64::from(id < 2400) * day)).collect())).unwrap();
    store.record(alerts(vec![alert(9999, 200 * day)])).unwrap();
    store.record(decisions(vec![decision(1, day, Some(2 * day)), decision(2, day, None)])).unwrap();
    let (now, keep) =
        (Millis(500 * day), Retention { alerts: Duration::from_secs(400 * 86_400), ..Retention::default() });
    let mut rounds = Vec::new();
    loop {
        let purged = store.purge(now, &keep).unwrap();
        rounds.push(purged.rows);
        if !purged.more {
            break;
        }
    }
    assert_eq!(rounds, [1001, 1000, 500]);
    assert!(store.knows(AlertId(9999)).unwrap());
    assert_eq!(store.active(now).unwrap().len(), 1);
    assert_eq!(store.decision(DecisionId(1)).unwrap(), None);
}

#[test]
fn damage_is_told_and_the_old_file_is_kept() {
    let (_dir, path) = scratch();
    drop(Store::open(&path).unwrap());
    std::fs::write(&path, "this is no database, and long enough to be sure of it".repeat(100)).unwrap();
    let damaged = Store::open(&path).unwrap_err();
    assert!(matches!(damaged, StoreError::Damaged { .. }), "{damaged:?}");
    assert!(damaged.to_string().contains(&path.display().to_string()));
    assert!(matches!(Reading::open(&path).unwrap_err(), StoreError::Damaged { .. }));
    let aside = set_aside(&path, Millis(7)).unwrap();
    assert!(aside.to_string_lossy().ends_with("peelhouse.db.damaged-7") && aside.exists());
    assert_eq!(Store::open(&path).unwrap().damage().unwrap(), None);
}

#[test]
fn a_newer_schema_is_left_alone() {
    let (_dir, path) = scratch();
    drop(Store::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
    assert!(matches!(Store::open(&path).unwrap_err(), StoreError::Newer { found: 999, .. }));
}

/// The other half of two tests: writes until it is killed or the disk is full.
#[test]
fn child() {
    let Some(path) = std::env::var_os("PEELHOUSE_TEST_STORE") else { return };
    let mut store = Store::open(Path::new(&path)).unwrap();
    let full = std::env::var_os("PEELHOUSE_TEST_FULL").map(PathBuf::from);
    for id in 1..u64::MAX {
        let large = Alert { sentence: "x".repeat(20_000), ..alert(id, 1) };
        match (store.record(alerts(vec![large])), &full) {
            (Ok(_), _) => println!("\nkept {id}"),
            (Err(StoreError::Full { .. }), Some(ballast)) => {
                assert!(store.knows(AlertId(id - 1)).unwrap());
                std::fs::remove_file(ballast).unwrap();
                store.record(alerts(vec![alert(u64::MAX, 1)])).unwrap();
                println!("\nafter {}", store.knows(AlertId(u64::MAX)).unwrap());
                return;
            }
            (Err(cause), _) => panic!("{cause:?}"),
        }
    }
}

fn child_of(path: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["child", "--exact", "--nocapture"]).env("PEELHOUSE_TEST_STORE", path);
    child
}

#[test]
fn a_kill_loses_nothing_acknowledged() {
    let (_dir, path) = scratch();
    let mut kept = 0;
    for round in 1..=5 {
        let mut child = child_of(&path).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        for _ in 0..20 * round {
            let id = lines.by_ref().find_map(|line| line.strip_prefix("kept ")?.parse::<u64>().ok());
            kept = kept.max(id.unwrap());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it died counts too.
        kept = lines.filter_map(|line| line.strip_prefix("kept ")?.parse().ok()).fold(kept, u64::max);
        let store = Store::open(&path).unwrap();
        assert!((1..=kept).all(|id| store.knows(AlertId(id)).unwrap()), "of {kept}");
        assert_eq!(store.damage().unwrap(), None);
    }
    assert!(kept >= 100);
}

#[test]
fn a_full_disk_is_told_and_over_once_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let run = format!(
        "mount -t tmpfs -o size=1m tmpfs '{0}' && head -c 300000 /dev/zero > '{0}/ballast' && exec \"$@\"",
        dir.path().display()
    );
    let child = child_of(&dir.path().join("store.db"));
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", &run, "sh"])
        .arg(child.get_program())
        .args(child.get_args())
        .envs(child.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("PEELHOUSE_TEST_FULL", dir.path().join("ballast"))
        .output()
        .unwrap();
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if wrong.contains("unshare") || wrong.contains("mount:") {
        return println!("skipped: no mount namespace here: {wrong}");
    }
    assert!(said.contains("kept 1\n") && said.contains("after true"), "{said}{wrong}");
}
