//! Lines that no server of good will writes.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::tools::{Replay, attack, peelhouse, replay, set};
use crate::traffic::{self, START};

fn log(dir: &tempfile::TempDir, bytes: impl AsRef<[u8]>) -> PathBuf {
    let log = dir.path().join("access.log");
    fs::write(&log, bytes).unwrap();
    log
}

fn replayed(bytes: impl AsRef<[u8]>) -> Replay {
    let dir = tempfile::tempdir().unwrap();
    replay(&log(&dir, bytes))
}

#[test]
fn an_attack_is_seen_between_any_bytes() {
    let every: Vec<u8> = (0..=255).collect();
    let zeros = vec![0; 100_000];
    let long = vec![b'a'; 10_000_000];
    let long_request =
        [b"203.0.113.7 - - [22/Nov/2026:08:00:00 +0000] \"GET /", &long[..], b"?id=' UNION SELECT"].concat();
    for junk in [&every.repeat(100)[..], &zeros, &long, &long_request, b"\xff\xfe\x80", b"\r\r\r", b"\x1b[2J\x07"] {
        let before = attack("203.0.113.8");
        let after = attack("203.0.113.9").replace('\n', "\r\n");
        let replay = replayed([before.as_bytes(), junk, b"\n", after.as_bytes()].concat());
        assert_eq!(replay.stopped(), set(&["203.0.113.8", "203.0.113.9"]), "{:?}…", &junk[..3]);
    }
}

/// Nothing but printable text and line ends leaves, for people and for programs.
#[test]
fn no_bytes_of_a_client_drive_a_terminal() {
    let hostile = "\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{7f}\u{202e}\u{200f}\u{2028}\u{feff}\u{8}";
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = attack("203.0.113.8").replace("sqlmap", hostile).into_bytes();
    bytes.extend(attack("203.0.113.9").replace("sqlmap", "\\x1b[2J\\x9b").bytes());
    bytes.extend(
        attack("203.0.113.10").replace("sqlmap", "#").bytes().map(|byte| if byte == b'#' { 0x9b } else { byte }),
    );
    bytes.extend(format!("{hostile}\n").repeat(60).bytes());
    let log = log(&dir, bytes);
    let renamed = dir.path().join(format!("{hostile}.log"));
    fs::copy(&log, &renamed).unwrap();
    for path in [&log, &renamed] {
        for arguments in [&["replay", "--json"][..], &["replay", "--color", "never"]] {
            let output = peelhouse(&[arguments, &[path.to_str().unwrap()]].concat());
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(said.contains("203.0.113.8") && said.contains("203.0.113.10"));
            assert_eq!(said.chars().find(|c| *c != '\n' && is_hostile(*c)), None, "{arguments:?}");
        }
    }
}

fn is_hostile(c: char) -> bool {
    c.is_control() || "\u{202e}\u{200f}\u{2028}\u{feff}".contains(c)
}

#[test]
fn text_that_was_made_harmless_reads_back_as_it_was() {
    let hostile = "\u{9b}31m\u{7f}\u{202e}ü";
    let replay = replayed(attack("203.0.113.8").replace("sqlmap", hostile));
    assert!(replay.decisions[0]["evidence"][0]["text"].as_str().unwrap().contains(hostile));
}

fn vhost(lines: &str) -> String {
    lines.lines().map(|line| format!("www.example.org:80 {line}\n")).collect()
}

fn json(from: &str) -> String {
    (0..20).fold(String::new(), |mut lines, n| {
        let request = format!("GET /?id={n}%27%20UNION%20SELECT%20password%20FROM%20users-- HTTP/1.1");
        let _ = writeln!(
            lines,
            r#"{{"time":"2026-11-22T08:00:{n:02}Z","remote_addr":"{from}","request":"{request}","status":404,"http_user_agent":"sqlmap"}}"#
        );
        lines
    })
}

#[test]
fn a_log_that_changes_its_format_is_read_on() {
    let (one, two, three) = (attack("203.0.113.8"), vhost(&attack("203.0.113.9")), json("203.0.113.10"));
    let everybody = set(&["203.0.113.8", "203.0.113.9", "203.0.113.10"]);
    assert_eq!(replayed([&*one, &two, &three].concat()).stopped(), everybody);
    assert_eq!(replayed([&*three, &two, &one].concat()).stopped(), everybody);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let mixed: String =
        (0..20).map(|n| format!("{}\n{}\n{}\n", lines(&one)[n], lines(&two)[n], lines(&three)[n])).collect();
    assert_eq!(replayed(mixed).stopped(), everybody);
}

#[test]
fn lines_that_stop_parsing_raise_an_alarm_with_file_and_time() {
    let dir = tempfile::tempdir().unwrap();
    let nonsense = "what is this\n".repeat(100);
    let log = log(&dir, attack("203.0.113.8") + &nonsense);
    let replay = replay(&log);
    let alarm = replay.decisions.iter().find(|decision| decision["rules"][0] == "unparsed").unwrap();
    let why = alarm["why"].as_str().unwrap();
    assert!(why.contains(log.to_str().unwrap()) && why.contains("since 2026-11-22T08:00:19Z"), "{why}");
}

/// A declared format that no longer holds must not be blindness: the client stands in another field.
#[test]
fn a_declared_format_that_no_longer_fits_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(&dir, vhost(&attack("203.0.113.8").repeat(10)));
    for format in ["combined", "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\" %D"] {
        let replay = crate::tools::replay_with(&["--format", format], &log);
        assert!(replay.summary["unparsed"].as_u64().unwrap() > 0, "{format}");
        assert_eq!(replay.stopped(), set(&["203.0.113.8"]), "{format}");
    }
}

#[test]
fn years_turn_and_clocks_jump() {
    let december = attack("203.0.113.8").replace("22/Nov/2026:08:00", "31/Dec/2026:23:59");
    let january = attack("203.0.113.9").replace("22/Nov/2026:08:00", "01/Jan/2027:00:00");
    let replay = replayed(december.clone() + &january);
    assert_eq!(replay.stopped(), set(&["203.0.113.8", "203.0.113.9"]));
    assert_eq!(replay.decisions[1]["first"], "2027-01-01T00:00:00Z");
    for wrong in ["2099:08:00", "1970:00:00", "9999:23:59", "0001:00:00"] {
        let jump = attack("203.0.113.7").replace("2026:08:00", wrong).lines().next().unwrap().to_owned() + "\n";
        let stopped = replayed([&*december, &jump, &january].concat()).stopped();
        assert!(stopped.is_superset(&set(&["203.0.113.8", "203.0.113.9"])), "{wrong}: {stopped:?}");
    }
}

/// One stamp from the far future must not press a day of people into one moment.
#[test]
fn a_clock_that_was_wrong_for_a_line_bans_nobody() {
    let mut hits = traffic::office(7, "192.0.2.7", 40);
    hits.extend(traffic::crawler(3, "192.0.2.8", 20));
    let hits = traffic::sorted(hits);
    for wrong in [START + 400 * 86_400_000, START - 400 * 86_400_000] {
        let mut text = String::new();
        for (n, hit) in hits.iter().enumerate() {
            if n % 700 == 300 {
                let _ = writeln!(text, "{}", traffic::Hit::new(wrong, "192.0.2.9", "/", 200).line());
            }
            let _ = writeln!(text, "{}", hit.line());
        }
        let replay = replayed(text);
        assert_eq!(
            replay.stopped(),
            set(&[]),
            "{:?}",
            replay.decisions.iter().map(|d| d["why"].clone()).collect::<Vec<_>>()
        );
    }
}

#[test]
fn lines_out_of_order_are_the_same_attack() {
    let attack = attack("203.0.113.8");
    let mut lines: Vec<&str> = attack.lines().collect();
    lines.reverse();
    assert_eq!(replayed(lines.join("\n")).stopped(), set(&["203.0.113.8"]));
}
