//! Logins told by what a form answers and what clients do next, for applications that nobody named: guessing is found,
//! people who mistype are not, and what is posted all day is no login.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

mod common;

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use common::traffic::{BROWSERS, Hit, START};
use peelhouse::detect::rules::RuleSet;
use peelhouse::detect::{Engine, Settings};
use peelhouse::guard;
use peelhouse::model::{Alert, Class, SourceIx, Subject};

/// How an application answers its login: status and bytes.
struct App {
    name: &'static str,
    path: &'static str,
    refused: (u16, u64),
    let_in: (u16, u64),
}

const APPS: [App; 6] = [
    App { name: "WordPress", path: "/blog/wp-login.php", refused: (200, 8_412), let_in: (302, 0) },
    App { name: "Joomla", path: "/administrator/index.php", refused: (303, 187), let_in: (303, 171) },
    App { name: "Django", path: "/accounts/enter/", refused: (200, 3_120), let_in: (302, 0) },
    App { name: "Laravel", path: "/login", refused: (302, 370), let_in: (302, 370) },
    App { name: "an API", path: "/api/v1/enter", refused: (401, 41), let_in: (200, 822) },
    App { name: "MediaWiki", path: "/w/index.php", refused: (200, 21_300), let_in: (302, 0) },
];

/// A seeded generator of numbers: xorshift64.
struct Dice(u64);

impl Dice {
    fn upto(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Requests, to be put in the order of time.
#[derive(Default)]
struct Traffic(Vec<(i64, Hit)>);

impl Traffic {
    fn add(&mut self, at: i64, ip: &str, method: &str, target: &str, (status, bytes): (u16, u64)) {
        let agent = BROWSERS[ip.len() % BROWSERS.len()];
        let hit = Hit::new(at * 1000, ip, target, status).bytes(bytes).agent(agent);
        self.0.push((at, if method == "POST" { hit.post() } else { hit }));
    }

    /// One person: the form, perhaps a mistake or two, in, some pages.
    fn person(&mut self, app: &App, ip: &str, mistakes: u64, mut at: i64, dice: &mut Dice) {
        self.add(at, ip, "GET", app.path, (200, 8_000));
        for _ in 0..mistakes {
            at += 8 + dice.upto(12) as i64;
            self.add(at, ip, "POST", app.path, jitter(app.refused, dice));
            if app.refused.0 / 100 == 3 {
                self.add(at, ip, "GET", app.path, (200, 8_100));
            }
        }
        at += 8 + dice.upto(12) as i64;
        self.add(at, ip, "POST", app.path, app.let_in);
        for page in 0..3 + dice.upto(5) {
            at += 1 + dice.upto(20) as i64;
            self.add(at, ip, "GET", &format!("/page/{}", dice.upto(30) + page), (200, 5_000 + dice.upto(9_000)));
        }
    }

    /// A day on which sixty people log in; every fifth mistypes once, every tenth twice.
    fn people(&mut self, app: &App, dice: &mut Dice) {
        for person in 0..60_u64 {
            let at = START / 1000 + dice.upto(30_000) as i64;
            let mistakes = u64::from(person % 5 == 0) + u64::from(person % 10 == 0);
            self.person(app, &format!("192.0.2.{}", person + 1), mistakes, at, dice);
        }
    }

    fn guesser(&mut self, app: &App, ip: &str, at: i64, tries: i64, dice: &mut Dice) {
        for nth in 0..tries {
            self.add(at + 2 * nth, ip, "POST", app.path, jitter(app.refused, dice));
        }
    }

    fn sorted(mut self) -> Vec<Hit> {
        self.0.sort_by_key(|(at, _)| *at);
        self.0.into_iter().map(|(_, hit)| hit).collect()
    }
}

/// A page varies by a token and a name, a redirect does not.
fn jitter((status, bytes): (u16, u64), dice: &mut Dice) -> (u16, u64) {
    (status, if status == 200 { bytes + dice.upto(24) } else { bytes })
}

fn alerts(hits: &[Hit]) -> Vec<(usize, Alert)> {
    static RULES: LazyLock<Arc<RuleSet>> = LazyLock::new(|| Arc::new(RuleSet::embedded().unwrap()));
    let mut engine = Engine::new(&guard::engine::detectors(), Arc::clone(&RULES), Settings::default(), 42);
    engine.source(SourceIx(0), "access.log");
    let mut told = Vec::new();
    for (n, hit) in (1..).zip(hits) {
        let raw = hit.line();
        let mut alerts = Vec::new();
        engine.see(&hit.event(&raw, n), &mut alerts);
        told.extend(alerts.into_iter().map(|alert| (n as usize - 1, alert)));
    }
    told
}

fn is_login(alert: &Alert) -> bool {
    matches!(alert.class, Class::AuthFailure | Class::Stuffing)
}

const GUESSER: &str = "203.0.113.9";

#[test]
fn guessing_at_any_form_is_told_within_the_usual_count() {
    for (app, seed) in APPS.iter().flat_map(|app| (1..=5).map(move |seed| (app, seed))) {
        let guesser: IpAddr = GUESSER.parse().unwrap();
        let dice = &mut Dice(seed * 7_919);
        let mut traffic = Traffic::default();
        traffic.people(app, dice);
        traffic.guesser(app, GUESSER, START / 1000 + 31_000, 30, dice);
        let hits = traffic.sorted();
        let first = hits.iter().position(|hit| hit.ip == guesser).unwrap();
        let told = alerts(&hits);
        let found = told.iter().find(|(_, alert)| is_login(alert) && alert.subject == Subject::Client(guesser));
        let tries = found.map(|(at, _)| at + 1 - first);
        assert!(tries.is_some_and(|tries| tries <= 9), "{} with seed {seed}: told after {tries:?} tries", app.name);
        let blamed = told.iter().filter(|(_, alert)| is_login(alert) && alert.subject != Subject::Client(guesser));
        let blamed: Vec<&str> = blamed.map(|(_, alert)| alert.sentence.as_str()).collect();
        assert!(blamed.is_empty(), "{} with seed {seed}: {blamed:?}", app.name);
    }
}

#[test]
fn people_who_mistype_are_never_told() {
    for (app, seed) in APPS.iter().flat_map(|app| (1..=10).map(move |seed| (app, seed))) {
        let dice = &mut Dice(seed * 104_729);
        let mut traffic = Traffic::default();
        traffic.people(app, dice);
        traffic.people(app, dice);
        let told = alerts(&traffic.sorted());
        let told: Vec<&str> = told.iter().map(|(_, alert)| alert.sentence.as_str()).collect();
        assert!(told.is_empty(), "{} with seed {seed}: {told:?}", app.name);
    }
}

#[test]
fn a_second_step_at_the_same_path_is_no_failure() {
    for seed in 1..=10 {
        let dice = &mut Dice(seed * 32_452_843);
        let mut traffic = Traffic::default();
        let mut in_two_steps = |ip: &str, mut at: i64| {
            for _ in 0..2 {
                traffic.add(at, ip, "GET", "/login", (200, 7_000));
                at += 6 + dice.upto(9) as i64;
                traffic.add(at, ip, "POST", "/login", (302, 370));
            }
            traffic.add(at, ip, "GET", "/home", (200, 9_000));
        };
        (1..=40).for_each(|client| in_two_steps(&format!("192.0.2.{client}"), START / 1000 + 300 * client));
        // An office behind one address begins to work, one after the other.
        (0..24).for_each(|nth| in_two_steps("198.51.100.7", START / 1000 + 20_000 + 30 * nth));
        let told = alerts(&traffic.sorted());
        let told: Vec<&str> =
            told.iter().filter(|(_, alert)| is_login(alert)).map(|(_, alert)| alert.sentence.as_str()).collect();
        assert!(told.is_empty(), "seed {seed}: {told:?}");
    }
}

/// What is posted all day: path, and what the `nth` POST is answered.
type Posted = (&'static str, fn(u64) -> (u16, u64));

#[test]
fn what_is_posted_often_and_answered_alike_is_no_login() {
    let posted: [Posted; 7] = [
        ("/search", |nth| (200, 4_000 + nth * 977 % 30_000)),
        ("/api/items", |_| (201, 312)),
        ("/graphql", |nth| (200, 300 + nth * 131 % 5_000)),
        ("/comment", |_| (302, 0)),
        ("/cart/add", |_| (303, 90)),
        // What takes one in three, whoever asks, and is asked on.
        ("/api/jobs", |nth| if nth.is_multiple_of(3) { (200, 120) } else { (422, 80) }),
        ("/auction/bid", |nth| if nth.is_multiple_of(3) { (303, 0) } else { (200, 5_000) }),
    ];
    for ((path, answer), seed) in posted.into_iter().flat_map(|each| (1..=5).map(move |seed| (each, seed))) {
        let dice = &mut Dice(seed * 15_485_863);
        let mut traffic = Traffic::default();
        for client in 1..=30 {
            let (ip, mut at) = (format!("192.0.2.{client}"), START / 1000 + dice.upto(20_000) as i64);
            traffic.add(at, &ip, "GET", "/", (200, 9_000));
            for nth in 0..20 {
                at += 3 + dice.upto(5) as i64;
                traffic.add(at, &ip, "POST", path, answer(nth + dice.upto(3)));
                traffic.add(at + 1, &ip, "GET", &format!("/page/{}", dice.upto(30)), (200, 7_000));
            }
        }
        let told = alerts(&traffic.sorted());
        let told: Vec<&str> =
            told.iter().filter(|(_, alert)| is_login(alert)).map(|(_, alert)| alert.sentence.as_str()).collect();
        assert!(told.is_empty(), "{path} with seed {seed}: {told:?}");
    }
}
