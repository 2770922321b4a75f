//! From bytes in files to events: formats, clients, clocks, replay of any mix of packings.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::panic, reason = "a test writes the logs it reads")]

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use peelhouse::model::{Class, DeclaredFormat, FormatSyntax, LogKind, RealIp, Via, What};
use peelhouse::monitor::{Follower, LineReader, MAX_LINE, Options, ReadError, Source, replay};

const COMBINED: &str = "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"";

fn source(path: &Path) -> Source {
    let format = DeclaredFormat { syntax: FormatSyntax::Apache, name: "combined".into(), pattern: COMBINED.into() };
    Source {
        path: path.to_path_buf(),
        kind: LogKind::Access,
        format: Some(format),
        site: "shop".into(),
        real_ip: RealIp::default(),
    }
}

fn line(minute: u32, path: &str) -> String {
    let stamp = format!("22/Nov/2026:10:{minute:02}:00 +0000");
    format!("203.0.113.7 - - [{stamp}] \"GET {path} HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n")
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn lines(path: &Path, cap: usize) -> (Vec<(u64, u64, usize)>, Option<ReadError>) {
    let mut reader = LineReader::open(path, cap).unwrap();
    let mut seen = Vec::new();
    loop {
        match reader.next_line() {
            Ok(Some(line)) => seen.push((line.offset, line.number, line.bytes.len())),
            Ok(None) => return (seen, None),
            Err(cause) => return (seen, Some(cause)),
        }
    }
}

fn target(event: &peelhouse::model::Event<'_>) -> String {
    match &event.what {
        What::Request(request) => String::from_utf8_lossy(request.target).into_owned(),
        other => format!("{other:?}"),
    }
}

fn follower(source: Source, positions: Vec<peelhouse::model::Position>) -> Follower {
    let options = Options { from_start: true, look: Duration::ZERO, drain: Duration::ZERO, ..Options::default() };
    Follower::new(vec![source], positions, options)
}

fn targets(follower: &mut Follower) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..5 {
        follower.poll(Duration::from_millis(1), &mut |event| seen.push(target(event)));
    }
    seen
}

#[test]
fn an_event_says_who_where_and_when() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("access.log");
    append(&log, &format!("{}{}", line(5, "/a"), line(3, "/b")));
    let mut follower = follower(source(&log), Vec::new());
    let mut seen = Vec::new();
    follower.poll(Duration::ZERO, &mut |event| {
        let client = event.client.unwrap();
        let site = String::from_utf8_lossy(event.site).into_owned();
        seen.push((client.ip.to_string(), client.via, site, event.at.line, event.now.to_string(), target(event)));
    });
    let wanted = |number, target: &str| {
        let now = "2026-11-22T10:05:00Z".to_owned();
        ("203.0.113.7".to_owned(), Via::Direct, "shop".to_owned(), number, now, target.to_owned())
    };
    assert_eq!(seen, [wanted(1, "/a"), wanted(2, "/b")]);
    assert_eq!(follower.path(peelhouse::model::SourceIx(0)), Some(log.as_path()));
}

#[test]
fn the_clock_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("access.log");
    append(&log, &line(5, "/a"));
    let mut first = follower(source(&log), Vec::new());
    assert_eq!(targets(&mut first), ["/a"]);
    let positions = first.positions();
    drop(first);
    append(&log, &line(3, "/late"));
    let mut now = None;
    follower(source(&log), positions).poll(Duration::ZERO, &mut |event| now = Some(event.now.to_string()));
    assert_eq!(now.as_deref(), Some("2026-11-22T10:05:00Z"));
}

#[test]
fn lines_that_stop_parsing_raise_one_alarm() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("audit.log");
    append(&log, &(0..30).map(|n| line(n, "/fine")).collect::<String>());
    let mut follower = follower(source(&log), Vec::new());
    assert_eq!(targets(&mut follower).len(), 30);
    append(&log, &"\u{1}\u{2} garbage \u{fffd}\n".repeat(300));
    assert!(targets(&mut follower).is_empty());
    let alarms = follower.alarms();
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert_eq!((alarms[0].class, alarms[0].evidence[0].text.contains("garbage")), (Class::Unparsed, true));
    assert!(alarms[0].sentence.contains("audit.log"), "{}", alarms[0].sentence);
    let state = &follower.states()[0];
    assert_eq!((state.lines, state.unparsed), (330, 300));
}

#[test]
fn every_packing_gives_the_same_lines() {
    let dir = tempfile::tempdir().unwrap();
    let text: String = (0..50_000).map(|n| format!("{n} {}\n", "x".repeat(n % 100))).collect();
    let (half, rest) = text.as_bytes().split_at(text.len() / 2);
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd(half), &zstd(rest)].concat();
    let packings =
        [("plain", text.clone().into_bytes()), ("gz", [gzip(half), gzip(rest)].concat()), ("zst", skippable)];
    let all = packings.map(|(name, bytes)| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (lines, damage) = lines(&path, MAX_LINE);
        assert!(damage.is_none(), "{name}: {damage:?}");
        lines
    });
    assert_eq!(all[0].len(), 50_000);
    assert_eq!(all[0][2], (7, 3, 4));
    assert!(all[0] == all[1] && all[0] == all[2]);
}

#[test]
fn damage_gives_the_lines_before_it_and_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("access.log.2.gz");
    let text: String = (0..200_000).map(|n| format!("line {n}\n")).collect();
    let mut packed = gzip(text.as_bytes());
    packed.truncate(packed.len() / 2);
    fs::write(&path, packed).unwrap();
    let (lines, damage) = lines(&path, MAX_LINE);
    assert!(lines.len() > 10_000 && lines.len() < 200_000, "{}", lines.len());
    let last = lines.last().unwrap();
    let wanted = last.0 + last.2 as u64 + 1;
    assert!(matches!(damage, Some(ReadError::Damaged { offset, .. }) if offset >= wanted), "{damage:?}");
}

#[test]
fn what_cannot_be_unpacked_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("access.log.2.xz");
    fs::write(&path, b"\xfd7zXZ\x00\x00").unwrap();
    let cause = LineReader::open(&path, MAX_LINE).unwrap_err().to_string();
    assert!(cause.ends_with("access.log.2.xz: xz is not supported; decompress it first"), "{cause}");
}

#[test]
fn hostile_lines_are_cut_at_the_cap_in_every_packing() {
    let dir = tempfile::tempdir().unwrap();
    let text = [&b"a\n"[..], &vec![0xff; 3 << 20], b"\r\nb\r\n\nlast"].concat();
    for (name, bytes) in [("plain", text.clone()), ("gz", gzip(&text))] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let end = (3 << 20) + 4;
        let wanted = vec![(0, 1, 1), (2, 2, 1000), (end, 3, 1), (end + 3, 4, 0), (end + 4, 5, 4)];
        assert_eq!(lines(&path, 1000).0, wanted, "{name}");
    }
}

#[test]
fn a_replay_merges_any_files_by_time() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, minutes: &[u32], pack: &dyn Fn(&[u8]) -> Vec<u8>| {
        let text: String = minutes.iter().map(|minute| line(*minute, &format!("/{minute}"))).collect();
        let path = dir.path().join(name);
        fs::write(&path, pack(text.as_bytes())).unwrap();
        source(&path)
    };
    let plain = |bytes: &[u8]| bytes.to_vec();
    let sources = [
        write("b.log", &[3, 6, 7, 20], &plain),
        write("a.log.2.gz", &[1, 2], &gzip),
        write("a.log.1.zst", &[4, 5], &zstd),
        write("a.log", &[8, 9, 10, 11, 21], &plain),
        source(&dir.path().join("absent")),
    ];
    let (mut seen, mut told) = (Vec::new(), (0, 0));
    let done =
        replay(&sources, MAX_LINE, NonZeroUsize::MIN, &mut |event| seen.push(target(event)), &mut |done, total| {
            told = (done, total)
        });
    let wanted: Vec<String> = (1..=11).chain([20, 21]).map(|minute| format!("/{minute}")).collect();
    assert_eq!(seen, wanted);
    assert_eq!((done.lines, done.unparsed, done.problems.len()), (13, 0, 1));
    assert!(told.0 == told.1 && told.1 > 0);
}

#[test]
fn the_journal_gives_logins_and_its_cursor_as_position() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("journalctl");
    let entry = |number: u8| {
        format!(
            "__CURSOR=c{number}\\n__REALTIME_TIMESTAMP=179537400{number}000000\\n_COMM=sshd\\n_UID=0\\n\
             MESSAGE=Accepted publickey for ann from 203.0.113.{number} port 4711 ssh2\\n\\n"
        )
    };
    // Says how it was called, then two logins, then stays.
    let script = format!(
        "#!/bin/sh\necho \"$@\" > {}/args\nprintf '{}{}'\nexec sleep 60\n",
        dir.path().display(),
        entry(1),
        entry(2)
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut positions = Vec::new();
    for cursor in [None, Some("c2")] {
        assert_eq!(peelhouse::monitor::journal_cursor(&positions), cursor);
        let stream = peelhouse::host::journal::follow(&program, cursor).unwrap();
        let mut follower =
            follower(source(&dir.path().join("absent")), positions.clone()).with_journal(stream, &positions);
        let mut seen = Vec::new();
        while seen.len() < 2 {
            follower.poll(Duration::from_secs(10), &mut |event| {
                let What::Login(login) = &event.what else { panic!("{event:?}") };
                seen.push((event.client.unwrap().ip.to_string(), login.ok, login.admin, event.at.source));
            });
        }
        let wanted = |ip: &str| (ip.to_owned(), true, true, peelhouse::monitor::JOURNAL);
        assert_eq!(seen, [wanted("203.0.113.1"), wanted("203.0.113.2")]);
        positions = follower.positions();
    }
    assert!(fs::read_to_string(dir.path().join("args")).unwrap().contains("--after-cursor=c2"));
}

#[test]
fn a_log_that_declares_itself_at_its_head_is_read_on_in_the_middle() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("u_ex.log");
    append(&log, "#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status\n");
    append(&log, "2026-11-22 10:00:00 203.0.113.7 GET /a 200\n");
    let source = || Source { format: None, ..source(&log) };
    let mut first = follower(source(), Vec::new());
    assert_eq!(targets(&mut first), ["/a"]);
    let positions = first.positions();
    drop(first);
    append(&log, "2026-11-22 10:00:01 203.0.113.7 GET /b 200\n");
    assert_eq!(targets(&mut follower(source(), positions)), ["/b"]);
}

#[test]
fn lines_read_ahead_in_stretches_are_those_read_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("access.log");
    let lengths = [0, 1, 300, 90_000, 7, 200_000, 60, 65_536, 2, 1_000].iter().cycle().take(60);
    let text = lengths.enumerate().map(|(nth, length)| {
        let end = if nth % 3 == 0 { "\r\n" } else { "\n" };
        format!("{}{}{end}", line(1, &format!("/{nth}")).trim_end(), " ".repeat(*length))
    });
    fs::write(&path, text.collect::<String>() + line(2, "/last").trim_end()).unwrap();
    for (cap, threads) in [(MAX_LINE, 1), (MAX_LINE, 3), (150_000, 2), (70_000, 1), (200, 2)] {
        let (expected, _) = lines(&path, cap);
        let mut seen = Vec::new();
        let mut each = |event: &peelhouse::model::Event<'_>| {
            assert_eq!(
                target(event),
                if event.at.line == 61 { "/last".to_owned() } else { format!("/{}", event.at.line - 1) }
            );
            seen.push((event.at.offset, event.at.line, event.raw.len()));
        };
        replay(&[source(&path)], cap, NonZeroUsize::new(threads).unwrap(), &mut each, &mut |_, _| {});
        assert_eq!(seen, expected, "cap {cap}, {threads} threads");
    }
}
