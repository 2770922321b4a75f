//! The command line as a person or a program meets it.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test starts programs, reads files, and fails where it cannot"
)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn peelhouse(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peelhouse")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn objects(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";

/// One scanner and one reader of pages.
fn log(dir: &Path) -> PathBuf {
    let mut log = String::new();
    for n in 0..60 {
        let second = n % 60;
        let page = format!("GET /page{n}.html HTTP/1.1");
        let _ =
            writeln!(log, "198.51.100.1 - - [22/Nov/2026:08:00:{second:02} +0000] \"{page}\" 200 5 \"-\" \"{AGENT}\"");
        let probe = format!("GET /?id={n}%27%20UNION%20SELECT%20password%20FROM%20users-- HTTP/1.1");
        let _ = writeln!(
            log,
            "203.0.113.8 - - [22/Nov/2026:08:00:{second:02} +0000] \"{probe}\" 404 5 \"-\" \"sqlmap/1.0\""
        );
    }
    let path = dir.join("access.log");
    std::fs::write(&path, log).unwrap();
    path
}

#[test]
fn replay_prints_decisions_and_a_summary() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    let output = peelhouse(&["replay", "--json", log.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let objects = objects(&output);
    let (summary, decisions) = objects.split_last().unwrap();
    assert_eq!(summary["summary"]["lines"], 120);
    assert_eq!(summary["summary"]["legitimate"], 0);
    let ban = decisions.iter().find(|decision| decision["action"] == "ban").unwrap();
    assert_eq!(ban["client"], "203.0.113.8");
    assert!(ban["rules"].as_array().unwrap().len() > 1);
    assert!(ban["evidence"][0]["text"].as_str().unwrap().contains("UNION"));
    assert!(ban["evidence"][0]["line"].is_u64() && ban["first"].is_string() && ban["lines"].is_u64());
    assert!(decisions.iter().all(|decision| decision["client"] != "198.51.100.1"));
}

#[test]
fn replay_twice_says_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    let decisions = || {
        let mut all = objects(&peelhouse(&["replay", "--json", log.to_str().unwrap()]));
        all.pop();
        all
    };
    assert_eq!(decisions(), decisions());
}

#[test]
fn a_missing_log_is_told_and_the_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let log = log(dir.path());
    let output = peelhouse(&["replay", "--json", log.to_str().unwrap(), "/nonexistent/access.log"]);
    assert_eq!(output.status.code(), Some(3));
    let objects = objects(&output);
    let summary = &objects.last().unwrap()["summary"];
    assert!(summary["problems"][0].as_str().unwrap().contains("/nonexistent/access.log"));
    assert_eq!(summary["lines"], 120);
}

#[test]
fn no_log_line_drives_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("access.log");
    let line = "203.0.113.8 - - [22/Nov/2026:08:00:01 +0000] \"GET /?id=#%27%20UNION%20SELECT%20a%20FROM%20b-- HTTP/1.1\" 404 5 \"-\" \"\x1b[2Jsqlmap\"\n";
    std::fs::write(&path, (0..20).map(|n| line.replace('#', &n.to_string())).collect::<String>()).unwrap();
    let output = peelhouse(&["replay", "--color", "never", path.to_str().unwrap()]);
    assert!(text(&output.stdout).contains("203.0.113.8"));
    assert!(!output.stdout.contains(&0x1b));
}

#[test]
fn a_measure_is_explained_and_a_near_miss_is_helped() {
    let page = peelhouse(&["explain", "odd-requests"]);
    assert_eq!(page.status.code(), Some(0));
    assert!(text(&page.stdout).contains("What it looks at"));
    let miss = peelhouse(&["explain", "odd-request"]);
    assert_eq!(miss.status.code(), Some(2));
    assert!(text(&miss.stderr).contains("did you mean odd-requests"));
}

#[test]
fn help_man_and_completions_name_every_verb() {
    let help = text(&peelhouse(&["--help"]).stdout);
    let man = text(&peelhouse(&["man"]).stdout);
    let bash = text(&peelhouse(&["completions", "bash"]).stdout);
    for verb in
        ["guard", "board", "assess", "explain", "replay", "why", "bans", "ban", "unban", "allow", "sites", "config"]
    {
        assert!(help.contains(verb) && man.contains(verb) && bash.contains(verb), "{verb}");
    }
    assert!(help.contains("Exit codes:") && man.contains("Exit codes:"));
    assert!(!help.contains("guard-reader"));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let command = format!("{} completions bash | head -c 1", env!("CARGO_BIN_EXE_peelhouse"));
    let output = Command::new("bash").args(["-o", "pipefail", "-c", &command]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn wrong_usage_and_unknown_state_have_their_codes() {
    assert_eq!(peelhouse(&["ban", "nonsense"]).status.code(), Some(2));
    let dir = tempfile::tempdir().unwrap();
    let bans = peelhouse(&["bans", "--state", dir.path().to_str().unwrap()]);
    assert_eq!(bans.status.code(), Some(3));
    assert!(text(&bans.stderr).contains("peelhouse guard"));
}

#[test]
fn a_reader_is_started_by_nobody_else() {
    let output = peelhouse(&["guard-reader"]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("peelhouse guard"));
}
