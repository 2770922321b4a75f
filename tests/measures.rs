//! Every measure that watches: its cases in `tests/measures/<layer>/<measure>/{fires,quiet}/<case>/`, found by folder.
//! A case is log files (`*.log`) and `expect.txt`, one line an alert: detector and subject. `BLESS=1` rewrites it.
//! Rules in it (`*.yml`) are added to the program's own. A case with a folder `root` is a host instead, for the check:
//! one line a finding, its site, severity, text and place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]
#![allow(clippy::disallowed_methods, reason = "fixtures are read from the source tree")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use peelhouse::detect::rules::{RuleSet, RuleText};
use peelhouse::detect::{Detector, Engine, Settings};
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::host::{Host, Web};
use peelhouse::measure::{Facet, Measure};
use peelhouse::measures;
use peelhouse::model::{Alert, At, Client, Event, Finding, Millis, Proof, Severity, SourceIx, Subject, Verdict, Via};

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

/// The cases of a measure that are hosts, or those that are logs.
fn cases(measure: &Measure, kind: &str, hosts: bool) -> Vec<PathBuf> {
    names(&folder(measure).join(kind)).into_iter().filter(|case| case.join("root").is_dir() == hosts).collect()
}

/// Compares what was said in a case with what it expects.
fn compare(case: &Path, said: &str, wrong: &mut Vec<String>) {
    let expected = case.join("expect.txt");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&expected, said).unwrap();
    }
    if fs::read_to_string(&expected).unwrap_or_default() != said {
        wrong.push(format!("{}: said\n{said}", case.display()));
    }
}

fn check(measure: &Measure, kind: &str, wrong: &mut Vec<String>) {
    let cases = cases(measure, kind, false);
    if cases.is_empty() {
        wrong.push(format!("{} has no case in {}", measure.id, folder(measure).join(kind).display()));
    }
    for case in cases {
        let alerts = run(&case, watchers(measure));
        let said: String = alerts.iter().map(told).collect();
        compare(&case, &said, wrong);
        let grave = alerts.iter().any(|alert| alert.severity >= Severity::Medium);
        if kind == "quiet" && grave || kind == "fires" && alerts.is_empty() {
            wrong.push(format!("{} is no case of {kind}: said\n{said}", case.display()));
        }
    }
}

/// `blog.example.org low error pages are signed by the server (/etc/apache2/apache2.conf:7)`
fn finding(site: &str, finding: &Finding) -> String {
    let spot = finding.evidence.iter().find_map(|proof| match proof {
        Proof::Line { spot, .. } => Some(format!(" ({spot})")),
        Proof::Exchange { .. } => None,
    });
    let site = if site.is_empty() { "-" } else { site };
    let severity = serde_json::to_value(finding.severity).unwrap();
    format!("{site} {} {}{}\n", severity.as_str().unwrap(), finding.text, spot.unwrap_or_default())
}

fn assess(measure: &Measure, kind: &str, wrong: &mut Vec<String>) {
    let Facet::Has(judge) = measure.check else { return };
    let cases = cases(measure, kind, true);
    if cases.is_empty() && !CHECKED_ELSEWHERE.contains(&measure.id) {
        wrong.push(format!("{} has no host in {}", measure.id, folder(measure).join(kind).display()));
    }
    for case in cases {
        let host = Host::recorded(case.join("root"));
        let configured = host.configured();
        let assessed = judge(&Web::of(&host, &configured));
        let findings = assessed.iter().flat_map(|of| of.findings().iter().map(|found| finding(&of.site, found)));
        let said: String = findings.collect();
        compare(&case, &said, wrong);
        let looked = assessed.iter().any(|of| !matches!(of.verdict, Verdict::CouldNotLook { .. }));
        if !looked || said.is_empty() != (kind == "quiet") {
            wrong.push(format!("{} is no case of {kind}: said\n{said}", case.display()));
        }
    }
}

/// Their checks have tests of their own: beside them, or with servers that run (`tests/lab`).
const CHECKED_ELSEWHERE: [&str; 3] = ["abusive-clients", "odd-requests", "tls-vulnerabilities"];

#[test]
fn every_check_fires_and_stays_quiet() {
    let mut wrong = Vec::new();
    for measure in measures::catalogue() {
        assess(measure, "fires", &mut wrong);
        assess(measure, "quiet", &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
