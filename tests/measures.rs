//! Every measure that watches: its cases in `tests/measures/<layer>/<measure>/{fires,quiet}/<case>/`, found by folder.
//! A case is log files (`*.log`) and `expect.txt`, one line an alert: detector and subject. `BLESS=1` rewrites it.
//! Rules in it (`*.yml`) are added to the program's own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]
#![allow(clippy::disallowed_methods, reason = "fixtures are read from the source tree")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use peelhouse::detect::rules::{RuleSet, RuleText};
use peelhouse::detect::{Detector, Engine, Settings};
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::measure::{Facet, Measure};
use peelhouse::measures;
use peelhouse::model::{Alert, At, Client, Event, Millis, Severity, SourceIx, Subject, Via};

/// The folder of a measure's cases: that of its file, under `tests/`.
fn folder(measure: &Measure) -> PathBuf {
    let file = Path::new(measure.file).with_extension("");
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file.strip_prefix("src").unwrap())
}

fn names(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

fn watchers(measure: &Measure) -> &'static [&'static Detector] {
    match measure.watch {
        Facet::Has(watchers) => watchers,
        Facet::Without(_) => &[],
    }
}

/// The program's rules, and those that the case brings along.
fn rules(case: &Path) -> Arc<RuleSet> {
    static PACK: LazyLock<Arc<RuleSet>> = LazyLock::new(|| Arc::new(RuleSet::embedded().unwrap()));
    let own: Vec<(String, String)> = names(case)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "yml"))
        .map(|path| (path.display().to_string(), fs::read_to_string(&path).unwrap()))
        .collect();
    if own.is_empty() {
        return Arc::clone(&PACK);
    }
    let own = own.iter().map(|(file, text)| RuleText { file, text });
    let all: Vec<RuleText<'_>> = RuleSet::pack().iter().copied().chain(own).collect();
    let (set, errors) = RuleSet::load(&all);
    assert!(errors.is_empty(), "{errors:?}");
    Arc::new(set)
}

fn run(case: &Path, detectors: &[&'static Detector]) -> Vec<Alert> {
    let mut engine = Engine::new(detectors, rules(case), Settings::default(), 1);
    let mut alerts = Vec::new();
    let logs = names(case).into_iter().filter(|path| path.extension().is_some_and(|end| end == "log"));
    for (log, ix) in logs.zip(0..) {
        engine.source(SourceIx(ix), &log.file_name().unwrap().to_string_lossy());
        read(&fs::read(&log).unwrap(), SourceIx(ix), &mut engine, &mut alerts);
    }
    alerts
}

fn read(text: &[u8], source: SourceIx, engine: &mut Engine, alerts: &mut Vec<Alert>) {
    let sample: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let mut parser = Parser::new(LineFormat::recognise(&sample).expect("a format that is recognised"));
    let (mut now, mut offset) = (Millis(0), 0);
    for (raw, line) in text.split(|byte| *byte == b'\n').zip(1..) {
        if let Ok(Line::Record(record)) = parser.parse(raw) {
            now = now.max(record.stamp.unwrap_or(now));
            engine.see(
                &Event {
                    now,
                    stamp: record.stamp,
                    at: At { source, offset, line },
                    client: record.client.map(|ip| Client { ip, via: Via::Direct }),
                    site: b"www.example.org",
                    raw,
                    what: record.what,
                },
                alerts,
            );
        } else {
            assert!(raw.is_empty(), "line {line} is not understood: {}", String::from_utf8_lossy(raw));
        }
        offset += raw.len() as u64 + 1;
    }
}

/// `probing client 203.0.113.7`
fn told(alert: &Alert) -> String {
    let subject = match &alert.subject {
        Subject::Client(ip) => format!("client {ip}"),
        Subject::Prefix(net) => format!("prefix {net}"),
        Subject::User { service, user } => format!("user {service} {user}"),
        Subject::Target { site, path } => format!("target {site} {path}"),
        Subject::Source(name) => format!("source {name}"),
    };
    format!("{} {subject}\n", alert.detector)
}

fn check(measure: &Measure, kind: &str, wrong: &mut Vec<String>) {
    let cases = names(&folder(measure).join(kind));
    if cases.is_empty() {
        wrong.push(format!("{} has no case in {}", measure.id, folder(measure).join(kind).display()));
    }
    for case in cases {
        let alerts = run(&case, watchers(measure));
        let said: String = alerts.iter().map(told).collect();
        let expected = case.join("expect.txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &said).unwrap();
        }
        if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("{}: said\n{said}", case.display()));
        }
        let grave = alerts.iter().any(|alert| alert.severity >= Severity::Medium);
        if kind == "quiet" && grave || kind == "fires" && alerts.is_empty() {
            wrong.push(format!("{} is no case of {kind}: said\n{said}", case.display()));
        }
    }
}

#[test]
fn every_measure_that_watches_fires_and_stays_quiet() {
    let mut wrong = Vec::new();
    let watching: Vec<&Measure> = measures::catalogue().filter(|measure| !watchers(measure).is_empty()).collect();
    assert!(!watching.is_empty());
    for measure in watching {
        check(measure, "fires", &mut wrong);
        check(measure, "quiet", &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_detector_of_a_measure_has_a_case_in_which_it_fires() {
    let mut silent = Vec::new();
    for measure in measures::catalogue() {
        let expected: String = names(&folder(measure).join("fires"))
            .iter()
            .map(|case| fs::read_to_string(case.join("expect.txt")).unwrap_or_default())
            .collect();
        for detector in watchers(measure) {
            if !expected.lines().any(|line| line.starts_with(&format!("{} ", detector.id))) {
                silent.push(format!("{} of {}", detector.id, measure.id));
            }
        }
    }
    assert!(silent.is_empty(), "{silent:?}");
}
