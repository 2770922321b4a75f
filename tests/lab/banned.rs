//! Attackers are banned, over IPv4 and IPv6, on nginx and on Apache; those who live there are not.

use peelhouse::demo::visitors::{TRAVERSALS, Visitor, WORDLIST};

use crate::stage::{Kind, Stage, on, until};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";
/// An attacker may ask this often before it is stopped.
const TOLERATED: usize = 20;

#[test]
fn nginx_attackers_are_banned_and_neighbours_are_not() {
    on(Kind::Nginx, "", "", everybody_comes);
}

#[test]
fn apache_attackers_are_banned_and_neighbours_are_not() {
    on(Kind::Apache, "", "", everybody_comes);
}

fn everybody_comes(stage: &mut Stage) {
    stage.start_guard();
    for (from, attack) in [
        ("203.0.113.7", scan as fn(&Visitor) -> usize),
        ("2001:db8:7::7", scan),
        ("203.0.113.8", guess),
        ("2001:db8:8::8", guess),
        ("203.0.113.9", traverse),
        ("2001:db8:9::9", traverse),
    ] {
        attacked(stage, from, attack);
    }
    busy_office(stage);
    crawler(stage);
    unban(stage);
}

/// The attack is stopped, and the next connection fails.
fn attacked(stage: &mut Stage, from: &str, attack: fn(&Visitor) -> usize) {
    let attacker = stage.visitor(from, BROWSER);
    assert!(stage.answers(&attacker), "{from} is served before it attacks");
    stage.as_visitor(&attacker, attack);
    let decision = stage.guard().wait_for_decision(from, "ban");
    assert_eq!(decision["enforced"], true, "{decision}");
    assert!(!stage.answers(&attacker), "{from} is banned and must not connect");
    assert!(stage.in_force(from, "ban"));
    let told = stage.ask(&["why", from]);
    let counted = told[0]["alerts"][0]["lines"].as_u64().unwrap();
    assert!(counted <= TOLERATED as u64, "{from} was stopped after {counted} lines");
    assert!(!told[0]["alerts"][0]["evidence"].as_array().unwrap().is_empty(), "{told:?}");
}

fn scan(visitor: &Visitor) -> usize {
    visitor.get_all(WORDLIST)
}

fn guess(visitor: &Visitor) -> usize {
    visitor.guess_passwords("/wp-login.php", TOLERATED)
}

fn traverse(visitor: &Visitor) -> usize {
    visitor.get_all(TRAVERSALS)
}

/// Many people behind one address: pages, dead links, mistyped passwords, logins.
fn busy_office(stage: &mut Stage) {
    let from = "198.51.100.20";
    for person in 0..12 {
        let worker = stage.visitor(from, &format!("{BROWSER} seat/{person}"));
        stage.as_visitor(&worker, move |worker| {
            for page in 1..=15 {
                worker.get(&format!("/page/{page}.html")).unwrap();
            }
            if person % 4 == 0 {
                worker.get(&format!("/old-bookmark-{person}")).unwrap();
                worker.ask("POST", "/wp-login.php", "log=me&pwd=wrogn").unwrap();
            }
            worker.ask("POST", "/wp-login.php", "log=me&pwd=right").unwrap();
        });
    }
    assert_untouched(stage, from, "203.0.113.98");
}

/// A crawler that meets some dead links on its way.
fn crawler(stage: &mut Stage) {
    let from = "198.51.100.66";
    let bot = stage.visitor(from, "Mozilla/5.0 (compatible; Findbot/1.0; +https://findbot.example/about)");
    stage.as_visitor(&bot, |bot| {
        bot.get("/robots.txt").unwrap();
        for page in 1..=60 {
            bot.get(&format!("/page/{page}.html")).unwrap();
        }
        for page in 1..=6 {
            bot.get(&format!("/page/moved-{page}.html")).unwrap();
        }
    });
    assert_untouched(stage, from, "203.0.113.99");
}

/// An attack that comes later in the log is decided upon: then what came before it has been read and let be.
fn assert_untouched(stage: &mut Stage, from: &str, later: &str) {
    let neighbour = stage.visitor(from, BROWSER);
    let attacker = stage.visitor(later, BROWSER);
    stage.as_visitor(&attacker, scan);
    stage.guard().wait_for_decision(later, "ban");
    assert!(!stage.in_force(from, "ban") && !stage.in_force(from, "limit"), "{:?}", stage.ask(&["why", from]));
    assert!(stage.answers(&neighbour), "{from} must be served");
}

fn unban(stage: &mut Stage) {
    let attacker = stage.visitor("203.0.113.7", BROWSER);
    assert!(!stage.answers(&attacker));
    stage.ask(&["unban", "203.0.113.7"]);
    until("the unbanned is served again", || stage.answers(&attacker));
    assert!(!stage.in_force("203.0.113.7", "ban"));
}
