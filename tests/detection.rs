//! What detection says of people, offices, crawlers and attackers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod common;

use std::sync::{Arc, LazyLock};

use common::traffic::{self, BROWSERS, GOOGLEBOT, Hit, START};
use peelhouse::detect::rules::RuleSet;
use peelhouse::detect::{Engine, Settings};
use peelhouse::guard;
use peelhouse::model::{Alert, Class, Severity, SourceIx, Subject};

fn engine() -> Engine {
    static RULES: LazyLock<Arc<RuleSet>> = LazyLock::new(|| Arc::new(RuleSet::embedded().unwrap()));
    let mut engine = Engine::new(&guard::engine::detectors(), Arc::clone(&RULES), Settings::default(), 42);
    engine.source(SourceIx(0), "access.log");
    engine
}

fn feed(engine: &mut Engine, hits: &[Hit]) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for (n, hit) in (1..).zip(hits) {
        let raw = hit.line();
        engine.see(&hit.event(&raw, n), &mut alerts);
    }
    alerts
}

fn alerts(hits: &[Hit]) -> Vec<Alert> {
    feed(&mut engine(), hits)
}

/// Those that a policy may answer with a ban.
fn grave(alerts: &[Alert]) -> Vec<String> {
    let grave = alerts.iter().filter(|alert| alert.severity >= Severity::Medium);
    grave.map(|alert| format!("{} {:?}: {}", alert.detector, alert.subject, alert.sentence)).collect()
}

/// The first alert about this client by a detector, and after how many lines it came.
fn told_within(hits: &[Hit], detectors: &[&str]) -> (usize, Alert) {
    let mut engine = engine();
    let mut alerts = Vec::new();
    for (n, hit) in (1..).zip(hits) {
        let raw = hit.line();
        engine.see(&hit.event(&raw, n), &mut alerts);
        if let Some(alert) = alerts.iter().find(|alert| detectors.contains(&alert.detector.as_str())) {
            return (n as usize, alert.clone());
        }
    }
    panic!("none of {detectors:?} spoke: {alerts:#?}");
}

#[test]
fn an_office_behind_one_address_is_left_alone() {
    for seed in 1..4 {
        let hits = traffic::office(seed, "198.51.100.7", 300);
        assert!(hits.len() > 5_000);
        assert_eq!(grave(&alerts(&hits)), Vec::<String>::new());
    }
}

#[test]
fn a_crawler_with_dead_links_is_left_alone() {
    for (seed, dead) in [(1, 10), (2, 20)] {
        let hits = traffic::crawler(seed, "66.249.66.1", dead);
        assert!(hits.iter().filter(|hit| hit.status == 404).count() > dead as usize);
        let said = alerts(&hits);
        assert!(said.is_empty(), "{said:#?}");
    }
}

#[test]
fn people_are_left_alone() {
    for seed in 1..40 {
        assert_eq!(grave(&alerts(&traffic::person(seed, "192.0.2.9"))), Vec::<String>::new());
    }
    assert_eq!(grave(&alerts(&traffic::mistyper("192.0.2.10"))), Vec::<String>::new());
}

#[test]
fn a_word_list_is_told_within_twenty_requests() {
    for seed in 1..20 {
        let mut hits = traffic::wordlist(seed, "203.0.113.5", 100);
        let (lines, _) = told_within(&hits, &["probing", "content-score"]);
        assert!(lines <= 20, "{lines}");
        hits.iter_mut().for_each(|hit| hit.agent = BROWSERS[0].to_owned());
        let (lines, alert) = told_within(&hits, &["probing"]);
        assert!(lines <= 20, "{lines}");
        assert!((11..=13).contains(&alert.lines), "{}", alert.sentence);
        assert_eq!(alert.evidence.len(), 10);
        let says = format!("{} distinct missing paths in ", alert.lines);
        assert!(alert.sentence.starts_with(&says), "{}", alert.sentence);
        assert!(alert.evidence.iter().all(|line| line.text.contains("\" 404 ") || line.text.contains("\" 403 ")));
        assert_eq!(alert.evidence.last().map(|line| line.line), Some(lines as u64));
    }
}

#[test]
fn known_weak_spots_are_told_within_twenty_requests() {
    let (lines, alert) =
        told_within(&traffic::known_weak_spots("203.0.113.6"), &["sensitive-probing", "content-score"]);
    assert!(lines <= 20, "{lines}");
    assert!(!alert.rules.is_empty() && !alert.evidence.is_empty(), "{alert:#?}");
}

#[test]
fn injection_is_told_within_twenty_requests_whatever_the_answers() {
    let (lines, alert) = told_within(&traffic::injection("203.0.113.8"), &["content-score"]);
    assert!(lines <= 20, "{lines}");
    let marked: Vec<&str> = alert
        .evidence
        .iter()
        .filter_map(|line| line.span.map(|(from, to)| &line.text[from as usize..to as usize]))
        .collect();
    assert!(!marked.is_empty(), "{alert:#?}");
}

#[test]
fn passwords_against_wordpress_are_told_within_twenty_requests() {
    let (lines, alert) = told_within(&traffic::wordpress_login("2001:db8::5", 60), &["brute-force"]);
    assert!(lines <= 20, "{lines}");
    assert_eq!(alert.class, Class::AuthFailure);
    assert_eq!(alert.subject, Subject::Client("2001:db8::5".parse().unwrap()));
}

#[test]
fn a_slow_prober_and_a_slow_guesser_are_told_within_a_day() {
    let slow: Vec<Hit> =
        (0..26).map(|n| Hit::new(START + n * 3_000_000, "203.0.113.9", format!("/x{n}"), 404)).collect();
    let (lines, alert) = told_within(&slow, &["probing"]);
    assert!((21..=24).contains(&lines), "{lines}");
    assert_eq!((alert.counts[0].window, alert.counts[0].limit), (86_400, 20.0));
    let slow: Vec<Hit> =
        (0..40).map(|n| Hit::new(START + n * 1_800_000, "203.0.113.9", "/wp-login.php", 200).post()).collect();
    let (lines, _) = told_within(&slow, &["brute-force"]);
    assert_eq!(lines, 31);
}

#[test]
fn the_first_challenge_and_a_session_that_ran_out_are_no_failures() {
    let mut hits = vec![Hit::new(START, "192.0.2.3", "/private/", 401)];
    hits.extend((1..30).map(|n| Hit::new(START + n * 800, "192.0.2.3", "/private/", 200).user("anna")));
    hits.extend(
        (0..40).map(|n| Hit::new(START + 60_000 + n * 20, "192.0.2.4", format!("/api/w/{n}"), 401).referer(HOME)),
    );
    assert_eq!(grave(&alerts(&hits)), Vec::<String>::new());
}

const HOME: &str = traffic::HOME;

#[test]
fn a_login_that_says_401_again_and_again_is_told() {
    let hits: Vec<Hit> = (0..12).map(|n| Hit::new(START + n * 700, "203.0.113.20", "/manager/html", 401)).collect();
    assert!(told_within(&hits, &["brute-force"]).0 <= 8);
    let named: Vec<Hit> = (0..12).map(|n| Hit::new(START + n * 700, "203.0.113.21", "/d/", 401).user("root")).collect();
    assert!(told_within(&named, &["brute-force"]).0 <= 7);
}

#[test]
fn a_form_that_redirects_others_and_not_this_client_failed() {
    let mut hits = vec![Hit::new(START, "192.0.2.8", "/user/login", 302).post()];
    assert!(alerts(&hits).is_empty());
    hits.extend((0..12).map(|n| Hit::new(START + 5_000 + n * 500, "203.0.113.22", "/user/login", 200).post()));
    assert!(told_within(&hits, &["brute-force"]).0 <= 8);
}

#[test]
fn many_clients_on_one_user_and_neighbours_in_one_network_are_told() {
    let each = |n: i64| format!("203.0.113.{}", 10 + n % 12);
    let hits: Vec<Hit> = (0..40).map(|n| Hit::new(START + n * 4_000, &each(n), "/d/", 401).user("root")).collect();
    let said = alerts(&hits);
    let user = said.iter().find(|alert| alert.detector == "brute-force-user").unwrap();
    assert_eq!(user.subject, Subject::User { service: "http".into(), user: "root".into() });
    let net = said.iter().find(|alert| alert.detector == "brute-force-prefix").unwrap();
    assert_eq!(net.subject, Subject::Prefix("203.0.113.0/24".parse().unwrap()));
    assert_eq!((net.standing.clients, net.standing.hostile), (12, 0));
    assert!(said.iter().all(|alert| alert.detector != "brute-force"), "{said:#?}");
    let wide: Vec<Hit> = (0..40)
        .map(|n| Hit::new(START + n * 4_000, &format!("2001:db8:7:7::{n:x}"), "/wp-login.php", 200).post())
        .collect();
    let (_, net) = told_within(&wide, &["brute-force-prefix"]);
    assert_eq!(net.subject, Subject::Prefix("2001:db8:7:7::/64".parse().unwrap()));
}

#[test]
fn strangers_with_stolen_passwords_are_told_by_their_target() {
    let (_, alert) = told_within(&traffic::stuffing(60), &["credential-stuffing"]);
    assert_eq!(alert.subject, Subject::Target { site: traffic::SITE.into(), path: "/wp-login.php".into() });
    assert_eq!(alert.class, Class::Stuffing);
}

#[test]
fn a_flood_is_told_and_an_office_of_the_same_rate_is_not() {
    let flood: Vec<Hit> =
        (0..1200).map(|n| Hit::new(START + n * 20, "203.0.113.30", format!("/p/{}", n % 7), 200)).collect();
    let (lines, alert) = told_within(&flood, &["volume"]);
    assert!((201..420).contains(&lines), "{lines}");
    assert_eq!(alert.class, Class::Volume);
    assert_eq!(alert.evidence.len(), 10);
    let office: Vec<Hit> = flood.iter().zip(0..).map(|(hit, n)| hit.clone().agent(BROWSERS[n % 6])).collect();
    assert_eq!(grave(&alerts(&office)), Vec::<String>::new());
}

#[test]
fn a_false_crawler_is_told_once_and_low() {
    let hits: Vec<Hit> =
        (0..50).map(|n| Hit::new(START + n * 1000, "203.0.113.40", "/", 200).agent(GOOGLEBOT)).collect();
    let said = alerts(&hits);
    assert_eq!(
        said.iter().map(|alert| (alert.detector.as_str(), alert.severity)).collect::<Vec<_>>(),
        [("false-crawler", Severity::Info)]
    );
}

#[test]
fn success_after_an_attack_is_an_incident_with_the_attack_as_evidence() {
    let mut hits = traffic::wordpress_login("203.0.113.50", 20);
    hits.push(Hit::new(START + 30_000, "203.0.113.50", "/wp-login.php", 302).post());
    let (lines, alert) = told_within(&hits, &["success-after-attack"]);
    assert_eq!((lines, alert.class, alert.severity), (21, Class::Intrusion, Severity::Critical));
    assert!(alert.evidence.len() == 10 && alert.evidence.last().unwrap().text.contains("\" 302 "), "{alert:#?}");
    assert!(alert.sentence.ends_with("it logged in"), "{}", alert.sentence);
    let mut leak = traffic::known_weak_spots("203.0.113.51");
    leak.push(Hit::new(START + 30_000, "203.0.113.51", "/.env.backup", 200).bytes(777));
    assert_eq!(told_within(&leak, &["success-after-attack"]).0, leak.len());
}

#[test]
fn a_page_for_everything_is_no_success() {
    let mut hits = traffic::known_weak_spots("203.0.113.52");
    hits.push(Hit::new(START + 20_000, "203.0.113.52", "/whatever", 200).bytes(900));
    hits.push(Hit::new(START + 30_000, "203.0.113.52", "/.env", 200).bytes(900));
    assert!(alerts(&hits).iter().all(|alert| alert.detector != "success-after-attack"));
}

/// Readers of a site about programming, who paste what they ask about into its form.
fn readers(networks: i64) -> Vec<Hit> {
    let reader = |n: i64| {
        let ip = format!("198.51.{n}.7");
        let page = move |at: i64, target: String| {
            Hit::new(START + n * 600_000 + at * 9_000, &ip, target, 200).referer(traffic::HOME)
        };
        let pages = (0..25).map({
            let page = page.clone();
            move |at| page(at, format!("/topic/{at}"))
        });
        pages.chain(std::iter::once(page(26, pasted(n)))).collect::<Vec<_>>()
    };
    (0..networks).flat_map(reader).collect()
}

fn pasted(n: i64) -> String {
    format!("/format?lang=php&code={n}<?php+system($_GET['cmd']);")
}

#[test]
fn what_good_clients_send_a_form_weighs_less_there_and_nowhere_else() {
    let stranger = |path: &str| -> Vec<Hit> {
        let target = |n| pasted(n).replace("/format", path);
        (0..4).map(|n| Hit::new(START + 9_000_000 + n * 20_000, "203.0.113.90", target(n), 404)).collect()
    };
    let scored = |before: Vec<Hit>, path: &str| {
        let said = alerts(&[before, stranger(path)].concat());
        said.into_iter().filter(|alert| alert.subject.to_string() == "203.0.113.90").count()
    };
    assert_eq!(scored(readers(6), "/format"), 0);
    assert!(scored(readers(6), "/other") > 0);
    assert!(scored(readers(2), "/format") > 0, "two networks are no custom");
}

#[test]
fn paths_that_others_fetched_are_not_missing() {
    let mut hits: Vec<Hit> = (0..15).map(|n| Hit::new(START + n, "192.0.2.77", format!("/term/{n}"), 200)).collect();
    hits.extend((0..15).map(|n| Hit::new(START + 60_000 + n * 100, "192.0.2.78", format!("/term/{n}"), 404)));
    assert!(alerts(&hits).is_empty());
}

#[test]
fn after_an_alert_it_takes_another_full_bucket() {
    let hits: Vec<Hit> = (0..50).map(|n| Hit::new(START + n * 10, "203.0.113.60", format!("/q{n}"), 404)).collect();
    let said = alerts(&hits);
    assert_eq!(said.len(), 4);
    let ids: std::collections::BTreeSet<_> = said.iter().map(|alert| alert.id).collect();
    assert_eq!(ids.len(), 4);
    assert_eq!(alerts(&hits).iter().map(|alert| alert.id).collect::<std::collections::BTreeSet<_>>(), ids);
    assert!(said.iter().all(|alert| alert.lines == 11), "each tells its own lines");
}
