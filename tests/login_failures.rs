//! The failed logins and refusals that fail2ban's filters for web servers and applications see, seen without importing
//! one of them: measured on the samples fail2ban is tested with, where Debian's package is installed.

#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test reads its samples, prints its table, and fails by panicking"
)]

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use peelhouse::detect::behaviour::login;
use peelhouse::detect::rules::{RuleSet, Scanner};
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::model::{At, Client, Event, Millis, Via};
use serde::Deserialize;

const SAMPLES: &str = "/usr/lib/python3/dist-packages/fail2ban/tests/files/logs";

/// The filters that are about web servers and what runs on them. Not `apache-pass`: it tells who knocked rightly.
const WEB: &[&str] = &[
    "apache-auth", "apache-badbots", "apache-botsearch", "apache-fakegooglebot", "apache-modsecurity", "apache-nohome",
    "apache-noscript", "apache-overflows", "apache-shellshock", "bitwarden", "centreon", "directadmin", "drupal-auth",
    "froxlor-auth", "gitlab", "grafana", "groupoffice", "guacamole", "haproxy-http-auth", "horde", "lighttpd-auth",
    "monit", "nagios", "nginx-bad-request", "nginx-botsearch", "nginx-http-auth", "nginx-limit-req", "openhab",
    "openwebmail", "php-url-fopen", "phpmyadmin-syslog", "roundcube-auth", "sogo-auth", "squid", "squirrelmail",
    "suhosin", "tine20", "traefik-auth", "webmin-auth", "zoneminder",
];

/// What fail2ban says of the line below.
#[derive(Clone, Deserialize)]
struct Verdict {
    #[serde(rename = "match")]
    fails: bool,
    host: Option<IpAddr>,
}

#[derive(Default)]
struct Score {
    positives: usize,
    seen: usize,
    negatives: usize,
    hit: usize,
}

/// Reads lines and says what one line alone tells: a rule met, or a login failed, and whose line it is.
struct Eyes {
    rules: Arc<RuleSet>,
    scanner: Scanner,
}

impl Eyes {
    fn new() -> Self {
        let rules = Arc::new(RuleSet::embedded().unwrap_or_else(|errors| panic!("{errors:?}")));
        Self { scanner: Scanner::new(Arc::clone(&rules), 1), rules }
    }

    fn look(&mut self, parser: &mut Parser, line: &str) -> Option<(Option<IpAddr>, String)> {
        let Ok(Line::Record(record)) = parser.parse(line.as_bytes()) else { return None };
        let event = Event {
            now: Millis(0),
            stamp: record.stamp,
            at: At::default(),
            client: record.client.map(|ip| Client { ip, via: Via::Direct }),
            site: b"",
            raw: line.as_bytes(),
            what: record.what,
        };
        let mut hits = Vec::new();
        self.scanner.scan(&event, &mut hits);
        let mut by: Vec<&str> = hits.iter().filter_map(|hit| Some(self.rules.rule(hit.rule)?.id.as_str())).collect();
        let client = match login::failure(&event, &self.rules, &hits) {
            Some(failure) => {
                by.push("failed login");
                failure.client
            }
            None => self.rules.client_of(&event, hits),
        };
        (!by.is_empty()).then(|| (client, by.join(", ")))
    }
}

fn parser() -> Parser {
    let mut parser = Parser::new(LineFormat::Mixed).zone(TimeZone::UTC);
    parser.near(Millis::from_secs(1_795_374_000));
    parser
}

/// Lines with their verdicts. What only another mode than the filter's default lets pass is not counted.
fn samples(text: &str) -> Vec<(&str, Verdict)> {
    let mut known: HashSet<&str> = HashSet::new();
    let mut samples: Vec<(&str, Verdict)> = Vec::new();
    let mut next: Option<Verdict> = None;
    let mut mode = "";
    for line in text.lines() {
        if let Some(options) = line.strip_prefix("# filterOptions:") {
            mode = options;
        } else if let Some(json) = line.strip_prefix("# failJSON:") {
            next = serde_json::from_str(json.trim()).ok();
        } else if !line.starts_with('#')
            && !line.is_empty()
            && let Some(verdict) = next.take()
        {
            let of_default = !mode.contains("\"mode\"") || mode.contains("normal");
            if known.insert(line) && (of_default || verdict.fails) {
                samples.push((line, verdict));
            }
        }
    }
    samples
}

#[test]
fn what_fail2bans_web_filters_see_is_seen() {
    if !Path::new(SAMPLES).is_dir() {
        println!("skipped: {SAMPLES} is not there; install fail2ban");
        return;
    }
    let mut eyes = Eyes::new();
    let mut table: BTreeMap<&str, Score> = BTreeMap::new();
    for filter in WEB {
        let text = std::fs::read_to_string(Path::new(SAMPLES).join(filter)).unwrap_or_default();
        let score = table.entry(filter).or_default();
        let mut parser = parser();
        for (line, verdict) in samples(&text) {
            let seen = eyes.look(&mut parser, line);
            if verdict.fails {
                score.positives += 1;
                match seen {
                    Some((client, _)) if client == verdict.host => score.seen += 1,
                    other => println!("missed ({filter}) {other:?}: {line}"),
                }
            } else {
                score.negatives += 1;
                if let Some((_, by)) = seen {
                    score.hit += 1;
                    println!("hit ({filter}) by {by}: {line}");
                }
            }
        }
    }
    judge(&table);
}

/// Texts a client may choose as its name: they forge what follows a name in each rule's own samples.
fn forgeries(line: &str, user: &str, client: &str) -> Vec<String> {
    let forged = line.replace(client, FORGED);
    let (before, after) = forged.split_once(user).unwrap_or((&forged, ""));
    let after_forged = after.split_once(FORGED).map_or("", |(between, _)| between);
    let names = [
        format!("x{after}"),
        format!("x{after_forged}{FORGED}"),
        format!("x{after_forged}{FORGED}. y"),
        format!("x from {FORGED}"),
        format!("x from {FORGED}:4711: y"),
        format!("x\", ipAddress=\"{FORGED}\", error=\"user_not_found\", username=\"y"),
        format!("x' (Remote IP: '{FORGED}')"),
        format!("x\" remote_addr={FORGED}"),
        format!("{before}x{after}"),
        forged.clone(),
        FORGED.to_owned(),
    ];
    // Some write the name twice, once behind the address.
    names.iter().flat_map(|name| [line.replacen(user, name, 1), line.replace(user, name)]).collect()
}

const FORGED: &str = "198.51.100.66";

#[test]
fn no_name_a_client_chooses_blames_another() {
    let mut eyes = Eyes::new();
    let rules = Arc::clone(&eyes.rules);
    let (mut tried, mut forged) = (0, Vec::new());
    for rule in rules.rules().iter().filter(|rule| rule.whom.is_some()) {
        for line in &rule.samples.must_match {
            for client in ["192.0.2.7", "2001:db8::7"].into_iter().filter(|client| line.contains(client)) {
                let users = ["alice@example.org", "alice", "al ice", "bob", "root", "admin", "'a'", "'b'", "/private/"];
                for user in users.into_iter().filter(|user| line.contains(user)) {
                    for forgery in forgeries(line, user, client) {
                        tried += 1;
                        let blamed = eyes.look(&mut parser(), &forgery).and_then(|(client, _)| client);
                        if blamed == FORGED.parse().ok() {
                            forged.push(format!("{}: {forgery}", rule.id));
                        }
                    }
                }
            }
        }
    }
    assert!(tried > 300, "only {tried} forgeries");
    assert!(forged.is_empty(), "{} of {tried}:\n{}", forged.len(), forged.join("\n"));
}

fn judge(table: &BTreeMap<&str, Score>) {
    println!("{:<22} {:>9} {:>9}", "filter", "seen", "alarms");
    for (filter, score) in table {
        let (seen, alarms) =
            (format!("{}/{}", score.seen, score.positives), format!("{}/{}", score.hit, score.negatives));
        println!("{filter:<22} {seen:>9} {alarms:>9}");
    }
    let sum = |of: fn(&Score) -> usize| table.values().map(of).sum::<usize>();
    let (positives, seen, negatives, hit) =
        (sum(|s| s.positives), sum(|s| s.seen), sum(|s| s.negatives), sum(|s| s.hit));
    println!("together: {seen} of {positives} seen, {hit} of {negatives} alarmed at");
    assert!(positives > 150 && negatives > 25, "only {positives} and {negatives} samples were read");
    assert!(seen * 100 >= positives * 95, "{seen} of {positives} seen");
    assert_eq!(hit, 0, "lines that are no failures were taken for some");
}
