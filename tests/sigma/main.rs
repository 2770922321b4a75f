//! Sigma 2.1 from text to verdict: detections, correlations, filters, folders, and what wishes us ill.

#![allow(clippy::panic, clippy::disallowed_methods, reason = "a test fails by panicking, and measures with the clock")]

mod correlations;
mod detections;
mod filters;
mod folders;
mod hostile;
mod modifiers;
mod records;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use peelhouse::detect::rules::{CorrelationHit, Correlator, Hit, Placeholders, RuleSet, RuleText, Scanner};
use peelhouse::model::{At, Client, Event, Millis, Named, Request, Via, What};

/// One file of rules, loaded without a complaint.
fn load(text: &str) -> Arc<RuleSet> {
    let (set, errors) = RuleSet::load(&[RuleText { file: "t.yml", text }]);
    assert!(errors.is_empty(), "{errors:?}\n{text}");
    Arc::new(set)
}

/// What loading one file complains of, as it is told.
fn complaints(text: &str) -> Vec<String> {
    RuleSet::load(&[RuleText { file: "t.yml", text }]).1.iter().map(ToString::to_string).collect()
}

/// A rule about requests with this detection, in YAML's flow style.
fn rule(detection: &str) -> String {
    format!("title: t\nlogsource: {{category: webserver}}\ndetection: {{{detection}}}\n")
}

/// A rule about started processes.
fn process_rule(detection: &str) -> String {
    format!("title: t\nlogsource: {{category: process_creation, product: linux}}\ndetection: {{{detection}}}\n")
}

/// A request with everything else as in most tests.
fn request(target: &str) -> Request<'_> {
    Request { method: b"GET", target: target.as_bytes(), protocol: b"HTTP/1.1", status: 200, ..Request::default() }
}

fn event<'a>(raw: &'a str, what: What<'a>) -> Event<'a> {
    let client = Some(Client { ip: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)), via: Via::Direct });
    Event { now: Millis(0), stamp: None, at: At::default(), client, site: b"", raw: raw.as_bytes(), what }
}

fn scan(set: &Arc<RuleSet>, event: &Event<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    Scanner::new(Arc::clone(set), 1).scan(event, &mut hits);
    hits
}

/// Whether a rule about requests meets a target.
fn meets(detection: &str, target: &str) -> bool {
    meets_request(detection, request(target))
}

fn meets_request(detection: &str, request: Request<'_>) -> bool {
    let raw = String::from_utf8_lossy(request.target).into_owned();
    !scan(&load(&rule(detection)), &event(&raw, What::Request(request))).is_empty()
}

/// Whether a rule about processes meets a record.
fn meets_record(detection: &str, fields: &[(&str, &[u8])]) -> bool {
    let what = What::Named(Named { source: "process_creation", fields });
    !scan(&load(&process_rule(detection)), &event("", what)).is_empty()
}

/// Events in the order of time, through rules and correlations.
struct Run {
    scanner: Scanner,
    correlator: Correlator,
}

impl Run {
    fn new(text: &str) -> Self {
        let set = load(text);
        Self { scanner: Scanner::new(Arc::clone(&set), 1), correlator: Correlator::new(set, 1) }
    }

    /// What came true with a request by a client at a second.
    fn see(&mut self, client: u32, secs: i64, target: &str) -> Vec<CorrelationHit> {
        self.see_request(client, secs, request(target))
    }

    fn see_request(&mut self, client: u32, secs: i64, request: Request<'_>) -> Vec<CorrelationHit> {
        let client = Some(Client { ip: IpAddr::V4(Ipv4Addr::from_bits(client)), via: Via::Direct });
        let event = Event { now: Millis::from_secs(secs), client, ..event("", What::Request(request)) };
        let (mut hits, mut out) = (Vec::new(), Vec::new());
        self.scanner.scan(&event, &mut hits);
        self.correlator.see(&event, &hits, &mut out);
        out
    }

    fn fires(&mut self, client: u32, secs: i64, target: &str) -> bool {
        !self.see(client, secs, target).is_empty()
    }
}

fn placeholders(name: &str, values: &[&str]) -> Placeholders {
    Placeholders([(name.to_owned(), values.iter().map(|&value| value.to_owned()).collect())].into())
}
