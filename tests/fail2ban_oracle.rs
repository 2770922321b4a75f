//! The filters of Debian's fail2ban, run here and by fail2ban itself over the same lines: verdicts must be equal.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test of files"
)]

#[path = "fail2ban/samples.rs"]
mod samples;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use jiff::tz::TimeZone;
use peelhouse::detect::fail2ban::{Calendar, Filter, FilterError, Loader, Verdict};
use peelhouse::formats::fail2ban::names;
use peelhouse::host::Host;
use samples::{DIR, LOGS, OptionSet, option_sets, sample_lines, variations};
use serde::Deserialize;

/// Lines that look like nothing in particular, added to every log.
const ODD: [&str; 6] = [
    "\u{feff}Jan  1 00:00:00 h d: x",
    "2024-02-30 10:00:00 no such day from 192.0.2.1",
    "10:00:00 only a time 192.0.2.1",
    "[] 1700000000 epoch [1700000001] é ü 漢字 192.0.2.1",
    "Nov 22 21:00:00 \u{301}² \u{a0} \u{1f} 2001:db8::1 ::ffff:192.0.2.1 [2001:db8::2]:80",
    "<13>1 2024-01-01T00:00:00Z h d 1 - - m",
];

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    lines: Vec<(String, Option<String>, Option<f64>)>,
    #[serde(default)]
    matched: Vec<String>,
    error: Option<String>,
}

struct Job {
    name: String,
    filter: Arc<Filter>,
    lines: Vec<String>,
}

#[test]
fn verdicts_equal_those_of_fail2ban() {
    if !Path::new(DIR).join("filter.d").is_dir() || !Path::new(LOGS).is_dir() {
        eprintln!("skipped: the package fail2ban is not installed; `make test` installs it");
        return;
    }
    let calendar = Calendar {
        now: jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap(),
        zone: TimeZone::UTC,
    };
    let (jobs, refused) = jobs(&calendar);
    let scratch = tempfile::tempdir().unwrap();
    let now = calendar.now.as_second();
    let answers = ask(&jobs, now, scratch.path());
    for (name, why) in &refused {
        let theirs = &ask_one(name, now, scratch.path()).error;
        assert!(theirs.is_some(), "{name} is not supported here, and is there: {why}");
        eprintln!("{name} is refused by both: {why}");
    }
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (job, answer) in jobs.iter().zip(answers) {
        compared += job.lines.len();
        wrong.extend(differences(job, &answer, &calendar));
    }
    let filters = names(&Host::live(), Path::new(DIR)).unwrap().len();
    eprintln!("{filters} files, {} filters with options, {compared} lines, {} differences", jobs.len(), wrong.len());
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    assert!(compared > 50_000, "only {compared} lines");
}

/// Every filter with every set of options; and those that cannot be loaded although they define something.
fn jobs(calendar: &Calendar) -> (Vec<Job>, Vec<(String, String)>) {
    let common: Vec<String> = sample_lines(None);
    let host = Host::live();
    let loader = Loader::new(&host, Path::new(DIR), calendar.year());
    let mut jobs = Vec::new();
    let mut refused = Vec::new();
    for name in names(&Host::live(), Path::new(DIR)).unwrap() {
        for options in option_sets(&name) {
            let text = format!("{name}{}", bracketed(&options));
            match loader.by_name(&text) {
                Ok(filter) => {
                    let own = sample_lines(Some(&name));
                    let step = if options.is_empty() { 1 } else { 6 };
                    let mut lines: Vec<String> = common.iter().step_by(step).cloned().collect();
                    lines.extend(ODD.map(str::to_owned));
                    lines.extend(own.iter().cloned());
                    lines.extend(variations(&own).into_iter().step_by(step.min(2)));
                    jobs.push(Job { name: text, filter: Arc::new(filter), lines });
                }
                Err(FilterError::NoPattern(_)) => {}
                Err(error) => refused.push((text, error.to_string())),
            }
        }
    }
    (jobs, refused)
}

fn bracketed(options: &OptionSet) -> String {
    let all: Vec<String> = options.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if all.is_empty() { String::new() } else { format!("[{}]", all.join(",")) }
}

fn ask(jobs: &[Job], now: i64, scratch: &Path) -> Vec<Answer> {
    let named = jobs.iter().map(|job| (job.name.as_str(), job.lines.join("\n") + "\n"));
    ask_named(&named.collect::<Vec<_>>(), now, scratch)
}

fn ask_one(name: &str, now: i64, scratch: &Path) -> Answer {
    ask_named(&[(name, "x\n".to_owned())], now, scratch).remove(0)
}

fn ask_named(jobs: &[(&str, String)], now: i64, scratch: &Path) -> Vec<Answer> {
    let mut asked = String::new();
    for (at, (name, lines)) in jobs.iter().enumerate() {
        let log = scratch.join(format!("{at}.log"));
        std::fs::write(&log, lines).unwrap();
        asked.push_str(&serde_json::json!({"filter": name, "log": log, "now": now}).to_string());
        asked.push('\n');
    }
    let mut python = Command::new("/usr/bin/python3")
        .arg("tests/fail2ban/oracle.py")
        .env("TZ", "UTC")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = python.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(asked.as_bytes()).unwrap());
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Answer> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), jobs.len());
    answers
}

fn differences(job: &Job, answer: &Answer, calendar: &Calendar) -> Vec<String> {
    if let Some(error) = &answer.error {
        return vec![format!("{}: fail2ban says {error}", job.name)];
    }
    let log = job.lines.join("\n") + "\n";
    let verdicts = job.filter.lines(calendar, log.as_bytes());
    let shown: Vec<(&String, &Verdict)> =
        job.lines.iter().zip(&verdicts).filter(|(line, _)| !line.is_empty() && !line.starts_with('#')).collect();
    let (mut wrong, mut slow) = (Vec::new(), Vec::new());
    if shown.len() != answer.lines.len() {
        return vec![format!("{}: {} lines against {}", job.name, shown.len(), answer.lines.len())];
    }
    let several = job.filter.maxlines > 1;
    for ((line, ours), (status, host, time)) in shown.iter().zip(&answer.lines) {
        // A line that a later one completes is told by fail2ban in its list of matched lines alone.
        let status_is = if ours.ignored {
            "i"
        } else if ours.matched && (ours.time.is_some() || !several) {
            "m"
        } else {
            "-"
        };
        if status == "?" {
            slow.push(format!("{}: `{line}`", job.name));
            continue;
        }
        let same_time =
            time.is_none_or(|time| ours.time.is_some_and(|ours| (ours.0 as f64 / 1e3 - time).abs() < 0.002));
        if ours.costly || status_is != status || (status == "m" && (ours.host != *host || !same_time)) {
            wrong.push(format!("{}: `{line}`: ours {ours:?}, theirs {status} {host:?} {time:?}", job.name));
        }
    }
    slow.iter().for_each(|line| eprintln!("fail2ban gives up, ours does not: {}", &line[..line.len().min(200)]));
    let mut ours: Vec<&str> = shown.iter().filter(|(_, ours)| ours.matched).map(|(line, _)| line.as_str()).collect();
    let mut theirs: Vec<&str> = answer.matched.iter().map(String::as_str).collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    if ours != theirs && wrong.is_empty() {
        wrong.push(format!("{}: {} lines matched against {}", job.name, ours.len(), theirs.len()));
    }
    wrong
}

#[test]
fn fail2ban_too_takes_the_address_that_a_client_forged() {
    if !Path::new(DIR).join("filter.d").is_dir() {
        eprintln!("skipped: the package fail2ban is not installed; `make test` installs it");
        return;
    }
    let now = jiff::Timestamp::now();
    let calendar = Calendar { now, zone: TimeZone::UTC };
    let host = Host::live();
    let loader = Loader::new(&host, Path::new(DIR), calendar.year());
    let mut asked = Vec::new();
    for name in names(&host, Path::new(DIR)).unwrap() {
        let Ok(filter) = loader.by_name(&name) else { continue };
        let found = peelhouse::detect::fail2ban::forgeries(&Arc::new(filter), &calendar).found;
        asked.extend(found.into_iter().map(|forgery| (name.clone(), forgery)));
    }
    let scratch = tempfile::tempdir().unwrap();
    let jobs: Vec<(&str, String)> =
        asked.iter().map(|(name, told)| (name.as_str(), format!("{}\n", told.line))).collect();
    let answers = ask_named(&jobs, now.as_second(), scratch.path());
    for ((name, forgery), answer) in asked.iter().zip(answers) {
        let (status, host, _) = &answer.lines[0];
        let taken = forgery.taken.to_string();
        assert_eq!((status.as_str(), host.as_deref()), ("m", Some(taken.as_str())), "{name}: {}", forgery.line);
    }
    let forgeable: std::collections::BTreeSet<&str> = asked.iter().map(|(name, _)| name.as_str()).collect();
    eprintln!("{} forgeries in {} filters: {forgeable:?}", asked.len(), forgeable.len());
    assert!(forgeable.len() >= 5, "{forgeable:?}");
}
