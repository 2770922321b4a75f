//! Detections over requests, and what our views of them add.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use peelhouse::model::{At, Client, Event, Millis, Request, Via, What};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Both, both};

/// Detections over requests.
const REQUESTS: &[&str] = &[
    "s: {cs-method: get}, condition: s",
    "s: {cs-uri|contains: admin}, condition: s",
    "s: {cs-uri-query|contains: ['id=1', '.php']}, condition: s",
    "s: {cs-uri-stem|endswith: .php}, condition: s",
    "s: {cs-uri-stem|startswith: /xadmin, cs-method: POST}, condition: s",
    "s: {c-useragent: null}, condition: s",
    "s: {c-useragent|contains: curl, cs-referer|exists: false}, condition: s",
    "s: {cs-uri|re: 'id=[0-9]+'}, condition: s",
    "s: {sc-status: 404}, condition: s",
    "s: {sc-status: [200, 500]}, condition: s",
    "s: {sc-status|gte: 400, sc-status|lt: 500}, condition: s",
    "s: {sc-status|neq: 200}, condition: s",
    "s: {c-ip|cidr: 192.0.2.0/25}, condition: s",
    "s: {c-ip: 192.0.2.200}, condition: s",
    "s: {cs-referer|fieldref: cs-uri}, condition: s",
    "s: {cs-referer|fieldref|endswith: cs-uri}, condition: s",
    "k: [admin, curl], condition: k",
    "s: {cs-uri: '/*.php?*'}, condition: s",
    r"s: {cs-uri: '/*.php\?*'}, condition: s",
];

#[derive(Clone, Debug)]
pub struct Asked {
    pub method: &'static str,
    pub target: String,
    pub agent: &'static str,
    pub referer: String,
    pub status: u16,
    pub client: u32,
}

impl Asked {
    pub fn line(&self) -> String {
        format!("{} {} {} {}", self.method, self.target, self.agent, self.referer)
    }

    fn client(&self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(0xC000_0200 + self.client))
    }

    pub fn event<'a>(&'a self, line: &'a str, now: Millis) -> Event<'a> {
        let request = Request {
            method: self.method.as_bytes(),
            target: self.target.as_bytes(),
            status: self.status,
            user_agent: self.agent.as_bytes(),
            referer: self.referer.as_bytes(),
            ..Request::default()
        };
        let client = Some(Client { ip: self.client(), via: Via::Direct });
        Event {
            now,
            stamp: None,
            at: At::default(),
            client,
            site: b"",
            raw: line.as_bytes(),
            what: What::Request(request),
        }
    }

    /// As a collector would send it: what is not there is left out.
    pub fn json(&self) -> Value {
        let stem = self.target.split('?').next().unwrap_or_default();
        let texts = [
            ("cs-method", self.method),
            ("cs-uri", &self.target),
            ("cs-uri-query", &self.target),
            ("cs-uri-stem", stem),
            ("c-useragent", self.agent),
            ("cs-referer", &self.referer),
        ];
        let mut all: Map<String, Value> = texts
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name.to_owned(), json!(text)))
            .collect();
        all.insert("sc-status".to_owned(), json!(self.status));
        all.insert("c-ip".to_owned(), json!(self.client().to_string()));
        all.into()
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let target = prop::collection::vec(
        prop::sample::select(vec!["/", "/admin", "admin", "a.php", "?id=1", "&b=2", "id=x", ".PHP"]),
        1..5,
    );
    // Paths in normal form: others are seen in it, too.
    let target = target.prop_map(|parts| {
        let folders: Vec<String> = parts.concat().split('/').map(|part| format!("x{part}")).collect();
        format!("/{}", folders.join("/"))
    });
    let method = prop::sample::select(vec!["GET", "POST", "get"]);
    let agent = prop::sample::select(vec!["", "curl/8.0", "Mozilla/5.0"]);
    let status = prop::sample::select(vec![200u16, 301, 404, 499, 500]);
    (method, target, agent, status, 0u32..256, 0u8..3).prop_map(|(method, target, agent, status, client, referer)| {
        let referer = match referer {
            0 => String::new(),
            1 => target.clone(),
            _ => format!("https://example.org{target}"),
        };
        Asked { method, target, agent, referer, status, client }
    })
}

proptest! {
    #[test]
    fn requests_that_no_decoding_changes_are_judged_alike(asked in asked()) {
        static BOTH: LazyLock<Both> = LazyLock::new(|| both(REQUESTS, "webserver", "sc-status: 500"));
        let line = asked.line();
        let (ours, theirs) = (BOTH.ours(&asked.event(&line, Millis(0))), BOTH.theirs(&asked.json()));
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn decoding_only_adds(asked in asked(), at in 0usize..20) {
        static BOTH: LazyLock<Both> = LazyLock::new(|| both(POSITIVE, "webserver", "sc-status: 500"));
        let mut hidden = asked.clone();
        let at = at.min(hidden.target.len() - 1);
        let byte = hidden.target.as_bytes()[at];
        hidden.target.replace_range(at..=at, &format!("%{byte:02x}"));
        let line = hidden.line();
        let (ours, theirs) = (BOTH.ours(&hidden.event(&line, Millis(0))), BOTH.theirs(&hidden.json()));
        prop_assert!(ours.is_superset(&theirs), "{theirs:?} of {ours:?}");
        let plain = BOTH.theirs(&asked.json());
        let found: BTreeSet<_> = ours.iter().filter(|id| *id != "r3").collect();
        prop_assert!(plain.iter().filter(|id| *id != "r3").all(|id| found.contains(id)), "{plain:?} of {ours:?}");
    }
}

/// Rules without negation: what more text is seen can only add to them. The last is told apart: a hidden `?` is path.
const POSITIVE: &[&str] = &[
    "s: {cs-uri|contains: admin}, condition: s",
    "s: {cs-uri|contains: ['id=1', '.php']}, condition: s",
    "s: {cs-uri|re|i: 'id=[0-9]'}, condition: s",
    "s: {cs-uri-stem|endswith: .php}, condition: s",
];
