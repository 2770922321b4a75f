//! Another Sigma engine says of the same rules and events what ours says; where it departs from the specification,
//! the specification is asserted beside the reason.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use peelhouse::detect::rules::{Correlator, RuleSet, RuleText, Scanner};
use peelhouse::model::{At, Client, Event, Millis, Named, Request, Via, What};
use proptest::prelude::*;
use rsigma_eval::event::JsonEvent;
use rsigma_eval::{CorrelationAction, CorrelationConfig, CorrelationEngine, Engine};
use rsigma_parser::parse_sigma_yaml;
use serde_json::{Map, Value, json};

/// Detections over the fields `a`, `b` and `c` of a record.
const RECORDS: &[&str] = &[
    "s: {a: cmd}, condition: s",
    "s: {a: CMD, b: x}, condition: s",
    "s: {a: [cmd, 'x', '']}, condition: s",
    "s: {a: null}, condition: s",
    "s: {a: [null, '']}, condition: s",
    "s: {a: ''}, condition: s",
    "s: {a: '*'}, condition: s",
    "s: {a: '?'}, condition: s",
    "s: {a: '?m*'}, condition: s",
    r"s: {a: '\*'}, condition: s",
    r"s: {a: 'x\*'}, condition: s",
    r"s: {a: 'x\\*'}, condition: s",
    r"s: {a: 'x\?y'}, condition: s",
    r"s: {a: 'x\y'}, condition: s",
    r"s: {a: 'x\\y'}, condition: s",
    r"s: {a|contains: '\\'}, condition: s",
    r"s: {a|contains: '\\\\'}, condition: s",
    "s: {a|contains: md}, condition: s",
    "s: {a|startswith: cm}, condition: s",
    "s: {a|endswith: md}, condition: s",
    "s: {a|contains: 'c*d'}, condition: s",
    "s: {a|startswith: 'c?d'}, condition: s",
    "s: {a|endswith: '?d'}, condition: s",
    "s: {a|contains|all: [cmd, ' -x']}, condition: s",
    "s: {a|contains|cased: cMd}, condition: s",
    "s: {a|cased: cmd}, condition: s",
    "s: {a|startswith|cased: 'C?d'}, condition: s",
    "s: {a|neq: cmd}, condition: s",
    "s: {a|neq: [cmd, x]}, condition: s",
    "s: {a|contains|neq: md}, condition: s",
    "s: {a|re: '^c.d'}, condition: s",
    "s: {a|re: 'C[m-n]+D'}, condition: s",
    "s: {a|re|i: 'C[m-n]+D'}, condition: s",
    "s: {a|re|m: '^x$'}, condition: s",
    "s: {a|re: '^x$'}, condition: s",
    "s: {a|re|s: 'x.cmd'}, condition: s",
    "s: {a|re: 'x.cmd'}, condition: s",
    "s: {a|re: '(cmd|x){2,3}'}, condition: s",
    "s: {a|re|all: ['c', 'x']}, condition: s",
    "s: {a|base64: cmd}, condition: s",
    "s: {a|base64|contains: cmd}, condition: s",
    "s: {a|base64offset|contains: cmd}, condition: s",
    "s: {a|wide|base64offset|contains: cmd}, condition: s",
    "s: {a|utf16be|base64offset|contains: cmd}, condition: s",
    "s: {a|wide|contains: cm}, condition: s",
    "s: {a|utf16le|contains: cm}, condition: s",
    "s: {a|utf16be|contains: cm}, condition: s",
    "s: {a|windash|contains: ' -x'}, condition: s",
    "s: {a|windash|contains|all: [' -x', ' -c']}, condition: s",
    "s: {b|lt: 5}, condition: s",
    "s: {b|lte: 5}, condition: s",
    "s: {b|gt: 5}, condition: s",
    "s: {b|gte: 5.5}, condition: s",
    "s: {b|gte: -1}, condition: s",
    "s: {b: 5}, condition: s",
    "s: {b: '5'}, condition: s",
    "s: {b|exists: true}, condition: s",
    "s: {b|exists: false}, condition: s",
    "s: {c|cidr: 192.0.2.0/24}, condition: s",
    "s: {c|cidr: ['10.0.0.0/8', '2001:db8::/32']}, condition: s",
    "s: {a|fieldref: b}, condition: s",
    "s: {a|fieldref|startswith: b}, condition: s",
    "s: {a|fieldref|endswith: b}, condition: s",
    "s: {a|fieldref|contains: b}, condition: s",
    "s: {c|minute: 30}, condition: s",
    "s: {c|hour: [3, 23]}, condition: s",
    "s: {c|day: 22}, condition: s",
    "s: {c|week: 47}, condition: s",
    "s: {c|month: 11}, condition: s",
    "s: {c|year: 2026}, condition: s",
    "k: [cmd, '5'], condition: k",
    "k: {'|all': [cmd, x]}, condition: k",
    "k: ['c*d'], condition: k",
    "k: {'|re': 'c.d'}, condition: k",
    "s: [{a: cmd}, {b: x}], condition: s",
    "s: {a|contains: c}, t: {b: x}, condition: s or t",
    "s: {a|contains: c}, t: {b: x}, condition: s and not t",
    "s: {a|contains: c}, t: {b: x}, u: {c: ''}, condition: s and (t or not u)",
    "s: {a|contains: c}, t: {b: x}, u: {c|exists: true}, condition: not s and t or u",
    "s1: {a|contains: c}, s2: {b: x}, _f: {c|exists: true}, condition: 1 of s*",
    "s1: {a|contains: c}, s2: {b: x}, _f: {c|exists: true}, condition: all of s* and not 1 of _*",
    "s1: {a|contains: c}, s2: {b: x}, _f: {c|exists: true}, condition: all of them",
    "s1: {a|contains: c}, s2: {b: x}, _f: {c|exists: true}, condition: 1 of them",
    "s: {a: cmd}, t: {b: x}, condition: [s, t]",
    "s: {a: ['über', 'Straße']}, condition: s",
    "s: {a|contains: 'É'}, condition: s",
];

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

const FILTERS: &str = "title: f
logsource: {category: SOURCE}
filter: {rules: [r0, r1], x: {FIELD}, condition: not x}
";

struct Both {
    ours: Arc<RuleSet>,
    theirs: Engine,
}

fn both(detections: &[&str], source: &str, filter: &str) -> Both {
    let one = |(at, detection): (usize, &&str)| {
        format!(
            "title: r{at}\nid: r{at}\nlogsource: {{category: {source}}}\ndetection: {{{detection}}}\nlevel: low\n---\n"
        )
    };
    let filter = FILTERS.replace("SOURCE", source).replace("FIELD", filter);
    let text = detections.iter().enumerate().map(one).collect::<String>() + &filter;
    let (ours, errors) = RuleSet::load(&[RuleText { file: "o.yml", text: &text }]);
    assert!(errors.is_empty(), "{errors:?}");
    let collection = parse_sigma_yaml(&text).unwrap();
    assert!(collection.errors.is_empty(), "{:?}", collection.errors);
    let mut theirs = Engine::new();
    theirs.add_collection(&collection).unwrap();
    Both { ours: Arc::new(ours), theirs }
}

impl Both {
    fn ours(&self, event: &Event<'_>) -> BTreeSet<String> {
        let mut hits = Vec::new();
        Scanner::new(Arc::clone(&self.ours), 1).scan(event, &mut hits);
        hits.iter().map(|hit| self.ours.rules()[usize::from(hit.rule.0)].id.clone()).collect()
    }

    fn theirs(&self, event: &Value) -> BTreeSet<String> {
        let found = self.theirs.evaluate(&JsonEvent::borrow(event));
        found.into_iter().filter_map(|result| result.header.rule_id).collect()
    }
}

/// Values of a record's fields, absent ones left out.
type Fields<'t> = Vec<(&'t str, String)>;

fn record_verdicts(fields: &Fields<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    static BOTH: LazyLock<Both> = LazyLock::new(|| both(RECORDS, "process_creation", "c: filtered"));
    let json: Map<String, Value> = fields.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
    let bytes: Vec<(&str, &[u8])> = fields.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let what = What::Named(Named { source: "process_creation", fields: &bytes });
    let event = Event { now: Millis(0), stamp: None, at: At::default(), client: None, site: b"", raw: b"", what };
    (BOTH.ours(&event), BOTH.theirs(&json.into()))
}

/// What the specification says where the other engine departs from it; None where it does not.
fn specified(detection: &str, fields: &Fields<'_>) -> Option<bool> {
    let value = |name: &str| fields.iter().find(|(known, _)| *known == name).map(|(_, text)| text.to_lowercase());
    let (a, b) = (value("a"), value("b"));
    let of_a = |test: &dyn Fn(&str) -> bool| a.as_deref().is_some_and(test);
    Some(match detection {
        // A list is any of its values, and null is absence whatever stands beside it.
        "s: {a: [null, '']}, condition: s" => a.is_none() || of_a(&str::is_empty),
        // What is not there is different from any value, as pySigma's `not` has it.
        _ if detection.contains("|neq") && a.is_none() => true,
        // `*` is any text, lines and all.
        "s: {a: '*'}, condition: s" => a.is_some(),
        r"s: {a: 'x\\*'}, condition: s" => of_a(&|a| a.starts_with(r"x\")),
        // A wildcard in the value does not free it from its place.
        "s: {a|startswith: 'c?d'}, condition: s" => of_a(&|a| a.starts_with('c') && a.chars().nth(2) == Some('d')),
        "s: {a|endswith: '?d'}, condition: s" => of_a(&|a| a.ends_with('d') && a.chars().count() > 1),
        // UTF-16 is two bytes a letter, also without base64.
        "s: {a|wide|contains: cm}, condition: s" | "s: {a|utf16le|contains: cm}, condition: s" => {
            of_a(&|a| a.contains("c\0m\0"))
        }
        "s: {a|utf16be|contains: cm}, condition: s" => of_a(&|a| a.contains("\0c\0m")),
        // All values are text, and `05` is another text than `5`.
        "s: {b: 5}, condition: s" => b.as_deref() == Some("5"),
        // Keywords are looked for in the whole event, not all in one field.
        "k: {'|all': [cmd, x]}, condition: k" => {
            let anywhere = |word| fields.iter().any(|(_, text)| text.to_lowercase().contains(word));
            anywhere("cmd") && anywhere("x")
        }
        _ => return None,
    })
}

fn compare_record(fields: &Fields<'_>) {
    let (ours, theirs) = record_verdicts(fields);
    let mut wrong = Vec::new();
    for (at, detection) in RECORDS.iter().enumerate() {
        let id = format!("r{at}");
        let expected = specified(detection, fields).unwrap_or(theirs.contains(&id));
        if ours.contains(&id) != expected {
            wrong.push(format!("{detection}: ours {}, expected {expected}", ours.contains(&id)));
        }
    }
    assert!(wrong.is_empty(), "{fields:?}\n{}", wrong.join("\n"));
}

const VALUES: &[&str] = &[
    "",
    "cmd",
    "CMD",
    "cMd /c x",
    "x",
    "xx",
    "x\ncmd",
    "x\nx",
    "-x -c",
    "cmd /x –c",
    "cmd —x ―c",
    "x*",
    r"x\",
    r"x\y",
    r"x\\y",
    "x?y",
    "*",
    r"\*",
    "é",
    "ÉÉ",
    "Über",
    "STRASSE",
    "Y21k",
    "AGNtZA",
    "YwBtAGQA",
    "c\0m\0d\0",
    "\0c\0m\0d",
    "5",
    "5.0",
    "5.5",
    "-1",
    "6",
    "05",
    "five",
    "192.0.2.7",
    "198.51.100.7",
    "10.1.2.3",
    "2001:db8::1",
    "2026-11-22T23:30:59Z",
    "2026-11-22T03:30:00+00:00",
    "filtered",
];

#[test]
fn listed_records_are_judged_alike() {
    for a in VALUES {
        compare_record(&vec![("a", (*a).to_owned())]);
        for b in VALUES {
            compare_record(&vec![("a", (*a).to_owned()), ("b", (*b).to_owned())]);
        }
        compare_record(&vec![("b", "x".to_owned()), ("c", (*a).to_owned())]);
        compare_record(&vec![("a", "cmd".to_owned()), ("c", (*a).to_owned())]);
    }
}

/// Without new lines, which the other engine's wildcards do not pass.
fn field() -> impl Strategy<Value = Option<String>> {
    let pieces: Vec<&str> = VALUES.iter().copied().filter(|value| !value.contains('\n')).collect();
    prop::option::of(prop::collection::vec(prop::sample::select(pieces), 0..3).prop_map(|parts| parts.concat()))
}

proptest! {
    #[test]
    fn any_records_are_judged_alike(a in field(), b in field(), c in field()) {
        let fields = [("a", a), ("b", b), ("c", c)];
        compare_record(&fields.into_iter().filter_map(|(name, text)| Some((name, text?))).collect());
    }
}

#[derive(Clone, Debug)]
struct Asked {
    method: &'static str,
    target: String,
    agent: &'static str,
    referer: String,
    status: u16,
    client: u32,
}

impl Asked {
    fn line(&self) -> String {
        format!("{} {} {} {}", self.method, self.target, self.agent, self.referer)
    }

    fn client(&self) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(0xC000_0200 + self.client))
    }

    fn event<'a>(&'a self, line: &'a str, now: Millis) -> Event<'a> {
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
    fn json(&self) -> Value {
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

/// Correlations over rules that look for `ra`, `rb` and `rc` in the target. The other engine asks for one rule where a
/// temporal correlation has no condition (the specification: all), and overlooks the bound of a percentile.
const CORRELATIONS: &[&str] = &[
    "type: event_count, rules: [ra], group-by: [c-ip], condition: {gte: 3}",
    "type: event_count, rules: [ra, rb], group-by: [c-ip], condition: {gt: 3}",
    "type: event_count, rules: [ra], group-by: [c-ip, sc-status], condition: {eq: 2}",
    "type: event_count, rules: [ra], condition: {gt: 1, lte: 5}",
    "type: event_count, rules: [ra], group-by: [c-ip], condition: {lt: 2}",
    "type: event_count, rules: [rb], group-by: [c-ip], condition: {neq: 1}",
    "type: value_count, rules: [ra], group-by: [c-ip], condition: {field: cs-uri, gte: 3}",
    "type: value_count, rules: [ra, rc], condition: {field: c-ip, gt: 1}",
    "type: value_count, rules: [ra], group-by: [c-ip], condition: {field: c-useragent, gte: 2}",
    "type: value_sum, rules: [ra], group-by: [c-ip], condition: {field: sc-status, gt: 900}",
    "type: value_avg, rules: [ra], group-by: [c-ip], condition: {field: sc-status, gte: 400}",
    "type: value_percentile, rules: [ra], group-by: [c-ip], condition: {field: sc-status, percentile: 90, gte: 0}",
    "type: temporal, rules: [ra, rb], group-by: [c-ip], condition: {gte: 2}",
    "type: temporal, rules: [ra, rb, rc], group-by: [c-ip], condition: {gte: 2}",
    "type: temporal, rules: [ra, rb, rc], group-by: [c-ip], condition: ra and (rb or rc)",
    "type: temporal, rules: [ra, rb], group-by: [c-ip], condition: rb and not ra",
    "type: temporal_ordered, rules: [ra, rb], group-by: [c-ip]",
    "type: temporal_ordered, rules: [rc, rb, ra], group-by: [c-ip]",
    "type: temporal, rules: [ra, rb], group-by: [who], condition: {gte: 2}, aliases: {who: {ra: cs-referer, rb: c-useragent}}",
    "type: event_count, rules: [c0], group-by: [c-ip], condition: {gte: 2}",
];

fn correlations() -> String {
    let rule = |name: &str| {
        format!(
            "title: {name}\nid: {name}\nname: {name}\nlogsource: {{category: webserver}}\ndetection: {{s: {{cs-uri|contains: {name}}}, condition: s}}\n---\n"
        )
    };
    let one = |(at, body): (usize, &&str)| {
        let timespan = if at == 19 { "40s" } else { "10s" };
        format!("title: c{at}\nid: c{at}\nname: c{at}\ncorrelation: {{timespan: {timespan}, {body}}}\n---\n")
    };
    ["ra", "rb", "rc"].map(rule).concat() + &CORRELATIONS.iter().enumerate().map(one).collect::<String>()
}

fn sequence() -> impl Strategy<Value = Vec<(i64, Asked)>> {
    let step = (
        1i64..7,
        0u32..2,
        prop::sample::select(vec!["/ra1", "/ra2", "/ra3", "/rb", "/rc", "/none"]),
        0usize..3,
        0usize..3,
    );
    let asked = step.prop_map(|(secs, client, target, status, agent)| {
        let (agent, status) = (["", "x", "y"][agent], [200, 404, 500][status]);
        (secs, Asked { method: "GET", target: target.to_owned(), agent, referer: "x".to_owned(), status, client })
    });
    prop::collection::vec(asked, 1..60)
}

proptest! {
    #[test]
    fn sequences_are_correlated_alike(events in sequence()) {
        static SET: LazyLock<Arc<RuleSet>> = LazyLock::new(|| {
            let (set, errors) = RuleSet::load(&[RuleText { file: "c.yml", text: &correlations() }]);
            assert!(errors.is_empty(), "{errors:?}");
            Arc::new(set)
        });
        let mut scanner = Scanner::new(Arc::clone(&SET), 1);
        let mut correlator = Correlator::new(Arc::clone(&SET), 1);
        let config = CorrelationConfig { action_on_match: CorrelationAction::Reset, ..CorrelationConfig::default() };
        let mut theirs = CorrelationEngine::new(config);
        theirs.add_collection(&parse_sigma_yaml(&correlations()).unwrap()).unwrap();
        let mut now = 1_000_000;
        for (at, (secs, asked)) in events.iter().enumerate() {
            now += secs;
            let line = asked.line();
            let event = asked.event(&line, Millis::from_secs(now));
            let (mut hits, mut out) = (Vec::new(), Vec::new());
            scanner.scan(&event, &mut hits);
            correlator.see(&event, &hits, &mut out);
            let ours: BTreeSet<String> =
                out.iter().map(|hit| SET.correlations()[usize::from(hit.correlation.0)].id.clone()).collect();
            let json = asked.json();
            let told = theirs.process_event_at(&JsonEvent::borrow(&json), now);
            let told: BTreeSet<String> =
                told.into_iter().filter(|result| result.is_correlation()).filter_map(|result| result.header.rule_id).collect();
            prop_assert_eq!(&ours, &told, "at event {} of {:?}", at, events);
        }
    }
}
