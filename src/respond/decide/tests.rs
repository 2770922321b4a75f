//! Decisions that people would make, and what no traffic can force.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::{AlertId, Class, Confidence, Severity, Standing};
use crate::respond::order::{Order, Refused};
use crate::respond::policy::{Allowed, Limits, Scanner};
use crate::respond::span::Span;

const NOW: Millis = Millis::from_secs(1_000_000);
const CLIENT: &str = "203.0.113.7";

fn world(now: Millis) -> World<'static> {
    World { now, admin_sessions: &[], admin_logins: &[], good_clients: 1_000, server_map: false }
}

fn alert(who: &str, at: Millis) -> Alert {
    let subject = match who.parse() {
        Ok(ip) => Subject::Client(ip),
        Err(_) => Subject::Prefix(who.parse().unwrap()),
    };
    Alert {
        id: AlertId(u64::try_from(at.0).unwrap_or(0)),
        detector: "content-score".into(),
        rules: vec!["sqli-union".into()],
        class: Class::Sqli,
        subject,
        site: "www".into(),
        via: Via::Direct,
        severity: Severity::High,
        confidence: Confidence::High,
        first: at,
        last: at,
        lines: 3,
        sentence: "3 requests carried SQL".into(),
        counts: Vec::new(),
        standing: Standing { requests: 5, first_seen: at, ..Standing::default() },
        evidence: Vec::new(),
    }
}

fn enforcing() -> Policy {
    Policy { mode: Mode::Enforce, ..Policy::default() }
}

fn respond() -> Respond {
    Respond::new(enforcing(), Ground::default())
}

fn later(seconds: u64) -> Millis {
    NOW + Duration::from_secs(seconds)
}

fn span(decision: &Decision) -> u64 {
    decision.until.unwrap().since(decision.at).as_secs()
}

#[test]
fn an_attack_is_banned_in_the_packet_filter_and_says_why() {
    let decision = respond().decide(&alert(CLIENT, NOW), &world(NOW)).unwrap();
    assert_eq!((decision.action, decision.point, decision.offence), (Action::Ban, Point::PacketFilter, 1));
    assert_eq!(decision.why, "3 requests carried SQL; banned for 10m, offence 1");
    assert_eq!(decision.rules, ["content-score", "sqli-union"]);
    assert_eq!(span(&decision), 600);
}

#[test]
fn observe_mode_decides_and_enforces_nothing() {
    let mut respond = Respond::new(Policy::default(), Ground::default());
    let decision = respond.decide(&alert(CLIENT, NOW), &world(NOW)).unwrap();
    assert_eq!((decision.action, decision.point), (Action::Ban, Point::Nowhere));
}

#[test]
fn a_mapped_ipv4_client_is_that_client() {
    let decision = respond().decide(&alert("::ffff:203.0.113.7", NOW), &world(NOW)).unwrap();
    assert_eq!(decision.subject, Subject::Client(CLIENT.parse().unwrap()));
}

#[test]
fn what_is_banned_already_is_not_banned_again_but_goes_on() {
    let mut respond = respond();
    assert!(respond.decide(&alert(CLIENT, NOW), &world(NOW)).is_some());
    assert_eq!(respond.decide(&alert(CLIENT, later(1)), &world(later(1))), None);
    let extended = respond.decide(&alert(CLIENT, later(400)), &world(later(400))).unwrap();
    assert_eq!((extended.offence, extended.until), (1, Some(later(1_000))));
}

#[test]
fn the_same_alert_counts_once_even_after_a_restart() {
    let mut first = respond();
    let decision = first.decide(&alert(CLIENT, NOW), &world(NOW)).unwrap();
    assert_eq!(first.decide(&alert(CLIENT, NOW), &world(later(10_000))), None);
    let mut second = respond();
    second.resume(&decision);
    assert_eq!(second.decide(&alert(CLIENT, NOW), &world(later(10_000))), None);
}

#[test]
fn offences_grow_and_are_forgotten() {
    let mut respond = respond();
    let mut spans = Vec::new();
    for round in 0..4 {
        let at = later(round * 86_400);
        spans.push(span(&respond.decide(&alert(CLIENT, at), &world(at)).unwrap()));
    }
    assert_eq!(spans, [600, 1_200, 2_400, 4_800]);
    let much_later = later(86_400 * 40);
    assert_eq!(respond.decide(&alert(CLIENT, much_later), &world(much_later)).unwrap().offence, 1);
}

#[test]
fn a_critical_alert_turns_a_limit_into_a_long_ban() {
    let mut respond = respond();
    let volume = Alert { class: Class::Volume, ..alert(CLIENT, NOW) };
    assert_eq!(respond.decide(&volume, &world(NOW)).unwrap().action, Action::Limit);
    let attack = Alert { severity: Severity::Critical, ..alert(CLIENT, later(60)) };
    let ban = respond.decide(&attack, &world(later(60))).unwrap();
    assert_eq!((ban.action, span(&ban)), (Action::Ban, 86_400));
}

#[test]
fn administrators_are_limited_and_told_apart() {
    let sessions = [CLIENT.parse().unwrap()];
    let logins = [("203.0.113.9".parse().unwrap(), NOW - Duration::from_secs(86_400))];
    let world = World { admin_sessions: &sessions, admin_logins: &logins, ..world(NOW) };
    let mut respond = respond();
    let critical = |who| Alert { severity: Severity::Critical, ..alert(who, NOW) };
    let decision = respond.decide(&critical(CLIENT), &world).unwrap();
    assert_eq!(decision.action, Action::Limit);
    assert!(
        decision.why.ends_with("limited, not banned: an administrator session is open from it"),
        "{}",
        decision.why
    );
    assert_eq!(respond.decide(&critical("203.0.113.9"), &world).unwrap().action, Action::Limit);
    assert_eq!(respond.decide(&critical("203.0.113.10"), &world).unwrap().action, Action::Ban);
    let by_hand = Order {
        subject: Subject::Client(CLIENT.parse().unwrap()),
        action: Action::Ban,
        until: None,
        reason: "mine".into(),
    };
    assert_eq!(respond.order(&by_hand, &world), Err(Refused::LocksOut("203.0.113.7/32".parse().unwrap())));
}

#[test]
fn a_client_behind_a_proxy_is_never_stopped_in_the_packet_filter() {
    let proxied = Alert { via: Via::Proxy("192.0.2.1".parse().unwrap()), ..alert(CLIENT, NOW) };
    let told = respond().decide(&proxied, &world(NOW)).unwrap();
    assert_eq!((told.action, told.point), (Action::Tell, Point::Nowhere));
    let mapped = respond().decide(&proxied, &World { server_map: true, ..world(NOW) }).unwrap();
    assert_eq!((mapped.action, mapped.point), (Action::Ban, Point::WebServer));
    let perhaps = Alert { via: Via::PerhapsProxy, ..alert(CLIENT, NOW) };
    assert_eq!(respond().decide(&perhaps, &world(NOW)).unwrap().point, Point::PacketFilter);
}

#[test]
fn the_spared_are_told_with_the_reason() {
    let nets = |text: &str| vec![text.parse::<IpNet>().unwrap()];
    let policy = Policy {
        allowed: vec![
            Allowed { nets: nets("192.0.2.0/25"), reason: "monitoring".into(), owner: String::new(), until: None },
            Allowed { nets: nets("192.0.2.128/25"), reason: "old".into(), owner: String::new(), until: Some(NOW) },
        ],
        scanners: vec![Scanner {
            name: "weekly".into(),
            nets: nets("198.51.100.9/32"),
            from: None,
            until: Some(later(10)),
        }],
        ..enforcing()
    };
    let ground = Ground { own: nets("203.0.113.1/32"), proxies: nets("203.0.113.2/32"), cdn: nets("203.0.113.64/26") };
    let mut respond = Respond::new(policy, ground);
    let mut why = |who: &str, at: Millis| {
        let decision = respond.decide(&alert(who, at), &world(at)).unwrap();
        (decision.action == Action::Tell).then_some(decision.why)
    };
    assert!(why("192.0.2.1", NOW).unwrap().ends_with("allowed: monitoring"));
    assert_eq!(why("192.0.2.129", NOW), None, "expired");
    assert!(why("198.51.100.9", NOW).unwrap().ends_with("own scanner weekly"));
    assert_eq!(why("198.51.100.9", later(20)), None, "outside its window");
    assert!(why("203.0.113.1", NOW).unwrap().contains("this host itself"));
    assert!(why("203.0.113.2", NOW).unwrap().contains("trusted proxy"));
    assert!(why("203.0.113.70", NOW).unwrap().contains("content delivery"));
    assert!(why("127.0.0.1", NOW).unwrap().contains("this host itself"));
}

#[test]
fn good_standing_is_limited_first_and_banned_when_it_goes_on() {
    let mut respond = respond();
    let office = |at| {
        let standing =
            Standing { requests: 900, good: 880, first_seen: NOW - Duration::from_secs(7_200), ..Standing::default() };
        Alert { standing, ..alert(CLIENT, at) }
    };
    assert_eq!(respond.decide(&office(NOW), &world(NOW)).unwrap().action, Action::Limit);
    assert_eq!(respond.decide(&office(later(60)), &world(later(60))).unwrap().action, Action::Ban);
    let fresh = Standing { requests: 900, good: 900, first_seen: NOW, ..Standing::default() };
    let scanner = Alert { standing: fresh, ..alert("203.0.113.8", NOW) };
    assert_eq!(
        respond.decide(&scanner, &world(NOW)).unwrap().action,
        Action::Ban,
        "answered 200 throughout, known since now"
    );
}

#[test]
fn the_budget_stops_automation_and_alarms_once() {
    let policy = Policy { budget: Limits { bans_per_minute: 3, ..Limits::default() }, ..enforcing() };
    let mut respond = Respond::new(policy, Ground::default());
    let actions: Vec<Action> =
        (1..=6).map(|n| respond.decide(&alert(&format!("203.0.113.{n}"), NOW), &world(NOW)).unwrap().action).collect();
    assert_eq!(actions, [Action::Ban, Action::Ban, Action::Ban, Action::Tell, Action::Tell, Action::Tell]);
    assert!(respond.budget.take_alarm().unwrap().contains("3 bans in a minute"));
    assert_eq!(respond.budget.take_alarm(), None);
}

#[test]
fn a_prefix_is_stopped_only_while_it_is_hostile_throughout() {
    let decide = |who: &str, clients, hostile, good_clients| {
        let standing = Standing { clients, hostile, good_clients, ..Standing::default() };
        respond().decide(&Alert { standing, ..alert(who, NOW) }, &world(NOW)).unwrap().action
    };
    assert_eq!(decide("203.0.113.0/24", 10, 8, 0), Action::Ban);
    assert_eq!(decide("2001:db8::/64", 4, 4, 0), Action::Ban);
    assert_eq!(decide("203.0.113.0/24", 10, 7, 0), Action::Tell);
    assert_eq!(decide("203.0.113.0/24", 10, 9, 1), Action::Tell);
    assert_eq!(decide("203.0.113.0/24", 3, 3, 0), Action::Tell);
    assert_eq!(decide("203.0.0.0/16", 10, 10, 0), Action::Tell);
    assert_eq!(decide("2001:db8::/32", 10, 10, 0), Action::Tell);
}

#[test]
fn a_pardon_ends_the_ban_and_old_evidence_bans_no_more() {
    let mut respond = respond();
    respond.decide(&alert(CLIENT, NOW), &world(NOW)).unwrap();
    respond.pardon(&Subject::Client(CLIENT.parse().unwrap()), later(10));
    let old = Alert { id: AlertId(99), last: later(5), ..alert(CLIENT, NOW) };
    assert_eq!(respond.decide(&old, &world(later(20))).unwrap().action, Action::Tell);
    let fresh = respond.decide(&alert(CLIENT, later(30)), &world(later(30))).unwrap();
    assert_eq!((fresh.action, fresh.offence), (Action::Ban, 1));
}

#[test]
fn a_user_or_a_source_is_told() {
    let source = Alert { subject: Subject::Source("/var/log/x".into()), class: Class::Unparsed, ..alert(CLIENT, NOW) };
    assert_eq!(respond().decide(&source, &world(NOW)).unwrap().action, Action::Tell);
}

/// (who, seconds since the last alert, severity, critical standing)
type Step = (u8, u16, u8, u8, bool);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..8_u8, 0..5_000_u16, 0..5_u8, 0..4_u8, any::<bool>()), 1..60)
}

const WHO: [&str; 8] = [
    "203.0.113.7",
    "192.0.2.5",
    "192.0.2.0/24",
    "198.51.100.1",
    "198.51.100.0/24",
    "2001:db8::1",
    "2001:db8::/64",
    "127.0.0.1",
];

/// 192.0.2.0/28 is allowed, 198.51.100.1 administers, 2001:db8::1 is the host itself.
fn run(steps: &[Step]) -> Vec<Decision> {
    let allowed = vec![Allowed {
        nets: vec!["192.0.2.0/28".parse().unwrap()],
        reason: "ops".into(),
        owner: String::new(),
        until: None,
    }];
    let ground = Ground { own: vec!["2001:db8::1/128".parse().unwrap()], ..Ground::default() };
    let mut respond = Respond::new(Policy { allowed, ..enforcing() }, ground);
    let sessions = ["198.51.100.1".parse().unwrap()];
    let mut now = NOW;
    let mut decisions = Vec::new();
    for (who, wait, severity, via, good) in steps {
        now = now + Duration::from_secs(u64::from(*wait));
        let severities = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        let vias = [Via::Direct, Via::PerhapsProxy, Via::Proxy("10.0.0.1".parse().unwrap()), Via::Direct];
        let logins = u32::from(*good);
        let standing = Standing { clients: 9, hostile: 9, logins, first_seen: now, ..Standing::default() };
        let alert = Alert {
            severity: severities[usize::from(*severity)],
            via: vias[usize::from(*via)],
            standing,
            ..alert(WHO[usize::from(*who)], now)
        };
        let world = World { admin_sessions: &sessions, server_map: true, ..world(now) };
        decisions.extend(respond.decide(&alert, &world));
    }
    decisions
}

proptest! {
    #[test]
    fn the_spared_are_never_stopped_and_administrators_never_banned(steps in steps()) {
        for decision in run(&steps) {
            let net = net(&decision.subject).unwrap();
            let touches = |other: &str| { let other: IpNet = other.parse().unwrap(); net.contains(&other) || other.contains(&net) };
            if touches("192.0.2.0/28") || touches("2001:db8::1/128") || touches("127.0.0.0/8") {
                prop_assert_eq!(decision.action, Action::Tell);
            }
            if touches("198.51.100.1/32") {
                prop_assert_ne!(decision.action, Action::Ban);
            }
        }
    }

    #[test]
    fn times_grow_with_offences_and_are_capped(steps in steps()) {
        let longest = Span::days(7).duration().as_secs();
        let mut worst = std::collections::BTreeMap::new();
        for decision in run(&steps).into_iter().filter(|decision| decision.action != Action::Tell) {
            prop_assert!(span(&decision) <= longest && span(&decision) >= 600);
            let before = worst.insert(net(&decision.subject).unwrap(), decision.offence).unwrap_or(0);
            prop_assert!(decision.offence == before || decision.offence == before + 1);
        }
    }

    #[test]
    fn the_same_alerts_give_the_same_decisions(steps in steps()) {
        prop_assert_eq!(run(&steps), run(&steps));
    }
}
