//! Traffic for tests: people, offices, crawlers and attackers as combined log lines; the same seed, the same lines.

#![allow(dead_code, reason = "each test crate uses a part")]

use std::net::IpAddr;

use peelhouse::model::{At, Client, Event, Login, Millis, Request, SourceIx, Via, What};

/// 2026-09-14T06:00:00Z, a Monday.
pub const START: i64 = 1_789_365_600_000;

/// One request and its answer, before it is a line.
#[derive(Clone, Debug)]
pub struct Hit {
    pub at: i64,
    pub ip: IpAddr,
    pub method: &'static str,
    pub target: String,
    pub status: u16,
    pub bytes: u64,
    pub referer: String,
    pub agent: String,
    pub user: String,
}

impl Hit {
    pub fn new(at: i64, ip: &str, target: impl Into<String>, status: u16) -> Self {
        Self {
            at,
            ip: ip.parse().unwrap(),
            method: "GET",
            target: target.into(),
            status,
            bytes: 1234,
            referer: String::new(),
            agent: BROWSERS[0].to_owned(),
            user: String::new(),
        }
    }

    pub fn post(mut self) -> Self {
        self.method = "POST";
        self
    }

    pub fn user(mut self, user: &str) -> Self {
        self.user = user.to_owned();
        self
    }

    pub fn agent(mut self, agent: &str) -> Self {
        self.agent = agent.to_owned();
        self
    }

    pub fn referer(mut self, referer: &str) -> Self {
        self.referer = referer.to_owned();
        self
    }

    pub fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = bytes;
        self
    }

    /// The combined line.
    pub fn line(&self) -> String {
        let stamp = jiff::Timestamp::from_millisecond(self.at).unwrap().strftime("%d/%b/%Y:%H:%M:%S +0000");
        let dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        format!(
            "{} - {} [{stamp}] \"{} {} HTTP/1.1\" {} {} \"{}\" \"{}\"",
            self.ip,
            dash(&self.user),
            self.method,
            self.target,
            self.status,
            self.bytes,
            dash(&self.referer),
            dash(&self.agent)
        )
    }

    /// The event of its line; `raw` is [`Hit::line`].
    pub fn event<'a>(&'a self, raw: &'a str, line: u64) -> Event<'a> {
        Event {
            now: Millis(self.at),
            stamp: Some(Millis(self.at)),
            at: At { source: SourceIx(0), offset: line * 200, line },
            client: Some(Client { ip: self.ip, via: Via::Direct }),
            site: SITE.as_bytes(),
            raw: raw.as_bytes(),
            what: What::Request(Request {
                method: self.method.as_bytes(),
                target: self.target.as_bytes(),
                protocol: b"HTTP/1.1",
                status: self.status,
                bytes: Some(self.bytes),
                referer: self.referer.as_bytes(),
                user_agent: self.agent.as_bytes(),
                user: self.user.as_bytes(),
                ..Request::default()
            }),
        }
    }
}

/// An sshd line's event.
pub fn login<'a>(at: i64, ip: &str, user: &'a str, ok: bool, raw: &'a str) -> Event<'a> {
    Event {
        now: Millis(at),
        stamp: Some(Millis(at)),
        at: At { source: SourceIx(1), offset: at as u64, line: 1 },
        client: Some(Client { ip: ip.parse().unwrap(), via: Via::Direct }),
        site: b"",
        raw: raw.as_bytes(),
        what: What::Login(Login { service: "sshd", user: user.as_bytes(), ok, admin: true }),
    }
}

pub const SITE: &str = "www.example.org";
pub const HOME: &str = "https://www.example.org/";
pub const BROWSERS: [&str; 6] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0",
];
pub const GOOGLEBOT: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

/// A small generator of numbers (xorshift64*): the same in every run and on every machine.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n.max(1)
    }

    /// True once in `n`.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// A page with its style sheet, script and images, as a browser fetches it.
pub fn page(hits: &mut Vec<Hit>, at: i64, ip: &str, agent: &str, path: &str) {
    hits.push(Hit::new(at, ip, path, 200).agent(agent));
    for (n, file) in ["/s/site.css", "/s/site.js", "/img/logo.svg", "/img/head.webp"].iter().enumerate() {
        hits.push(Hit::new(at + 60 + n as i64 * 15, ip, *file, 200).agent(agent).referer(HOME));
    }
}

/// Hundreds of people behind one address for a day: pages, logins, a few mistyped, some old bookmarks.
pub fn office(seed: u64, ip: &str, people: u64) -> Vec<Hit> {
    let mut dice = Dice::new(seed);
    let mut hits = Vec::new();
    for person in 0..people {
        let agent = BROWSERS[dice.below(6) as usize];
        let mut at = START + 3_600_000 + dice.below(8 * 3_600_000) as i64;
        page(&mut hits, at, ip, agent, "/wp-login.php");
        let mistyped = if dice.once_in(5) { 1 + dice.below(3) } else { 0 };
        for _ in 0..mistyped {
            at += 6_000 + dice.below(9_000) as i64;
            hits.push(Hit::new(at, ip, "/wp-login.php", 200).post().agent(agent).referer(HOME));
        }
        at += 8_000;
        hits.push(Hit::new(at, ip, "/wp-login.php", 302).post().agent(agent).referer(HOME));
        for _ in 0..5 + dice.below(20) {
            at += 5_000 + dice.below(120_000) as i64;
            page(&mut hits, at, ip, agent, &format!("/news/{}", dice.below(400)));
        }
        if dice.once_in(4) {
            hits.push(Hit::new(at + 900, ip, format!("/old/{person}.html"), 404).agent(agent));
        }
    }
    sorted(hits)
}

/// A search engine's crawler for an hour: many pages at its pace, some dead links, odd query strings.
pub fn crawler(seed: u64, ip: &str, dead: u64) -> Vec<Hit> {
    let mut dice = Dice::new(seed);
    let mut hits = vec![Hit::new(START, ip, "/robots.txt", 404).agent(GOOGLEBOT)];
    for n in 0..600 {
        let at = START + n * 6_000 + dice.below(3_000) as i64;
        let target = match n {
            n if n as u64 % (600 / dead.max(1)) == 7 => format!("/gone/{n}"),
            n if n % 50 == 3 => format!("/search?q=union+jack+select+committee&page={n}&sort=order%20by%20date"),
            n => format!("/page/{n}"),
        };
        let status = if target.starts_with("/gone") { 404 } else { 200 };
        hits.push(Hit::new(at, ip, target, status).agent(GOOGLEBOT));
    }
    hits
}

/// One person for an afternoon: pages, an old bookmark or two, a page with broken links of the site's own.
pub fn person(seed: u64, ip: &str) -> Vec<Hit> {
    let mut dice = Dice::new(seed);
    let agent = BROWSERS[dice.below(6) as usize];
    let mut hits = Vec::new();
    let mut at = START + dice.below(3_600_000) as i64;
    for _ in 0..12 {
        at += 10_000 + dice.below(200_000) as i64;
        page(&mut hits, at, ip, agent, &format!("/news/{}", dice.below(400)));
        for n in 0..dice.below(8) {
            hits.push(Hit::new(at + 200, ip, format!("/img/gone{n}.png"), 404).agent(agent).referer(HOME));
            hits.push(
                Hit::new(at + 300, ip, format!("/api/teaser/{}", dice.below(30)), 404).agent(agent).referer(HOME),
            );
        }
        if dice.once_in(6) {
            hits.push(Hit::new(at + 900, ip, format!("/bookmark/{}", dice.below(50)), 404).agent(agent));
        }
    }
    sorted(hits)
}

/// Somebody who mistypes a password three times and then gets it right.
pub fn mistyper(ip: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    page(&mut hits, START, ip, BROWSERS[1], "/wp-login.php");
    for n in 1..=3 {
        hits.push(Hit::new(START + n * 9_000, ip, "/wp-login.php", 200).post().agent(BROWSERS[1]));
    }
    hits.push(Hit::new(START + 40_000, ip, "/wp-login.php", 302).post().agent(BROWSERS[1]));
    page(&mut hits, START + 41_000, ip, BROWSERS[1], "/wp-admin/");
    hits
}

const WORDS: [&str; 24] = [
    "admin",
    "backup",
    "old",
    "test",
    "cgi-bin",
    "private",
    "images",
    "logs",
    "tmp",
    "config",
    "include",
    "db",
    "data",
    "upload",
    "files",
    "secret",
    "phpmyadmin",
    "webmail",
    "console",
    "status",
    "dev",
    "beta",
    "api",
    "scripts",
];

/// A word list against a site, ten a second: mostly missing, now and then a page or a redirect.
pub fn wordlist(seed: u64, ip: &str, requests: u64) -> Vec<Hit> {
    let target = |n: u64| format!("/{}{}", WORDS[n as usize % 24], if n < 24 { String::new() } else { n.to_string() });
    // A path answers everybody alike.
    let answer = |n: u64| match n % 10 {
        3 => 200,
        5 => 301,
        8 => 403,
        _ => 404,
    };
    let mut dice = Dice::new(seed);
    let from = dice.below(100);
    (0..requests)
        .map(|n| (n, from + n))
        .map(|(n, word)| {
            Hit::new(START + n as i64 * 100, ip, target(word), answer(word)).agent("Mozilla/5.00 (Nikto/2.5.0)")
        })
        .collect()
}

/// Requests for known weak spots, a browser's name on them.
pub fn known_weak_spots(ip: &str) -> Vec<Hit> {
    let targets = [
        "/.env",
        "/.git/config",
        "/wp-config.php.bak",
        "/.aws/credentials",
        "/backup.sql",
        "/.ssh/id_rsa",
        "/server-status",
        "/actuator/env",
        "/phpinfo.php",
        "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
        "/.svn/entries",
        "/solr/admin/info/system",
        "/manager/html",
        "/shell.php",
        "/c99.php",
        "/.DS_Store",
        "/config.json",
        "/dump.sql",
        "/boaform/admin/formLogin",
        "/cgi-bin/luci",
    ];
    (0..).zip(targets).map(|(n, target)| Hit::new(START + n * 300, ip, target, 404)).collect()
}

/// SQL injection against one parameter, as sqlmap words it.
pub fn injection(ip: &str) -> Vec<Hit> {
    let payloads = [
        "1%27",
        "1%20AND%201=1",
        "1%27%20AND%20%27a%27=%27a",
        "1%20UNION%20ALL%20SELECT%20NULL,NULL--%20-",
        "1%20AND%20SLEEP(5)",
        "1%27%20OR%201=1--%20-",
        "1%20UNION%20SELECT%20user,password%20FROM%20mysql.user",
        "1;WAITFOR%20DELAY%20%270:0:5%27--",
        "1%20AND%20(SELECT%20COUNT(*)%20FROM%20information_schema.tables)>0",
        "1%20AND%20EXTRACTVALUE(1,CONCAT(0x7e,version()))",
        "-1%20OR%203*2=6",
    ];
    (0..)
        .zip(payloads)
        .map(|(n, payload)| {
            Hit::new(START + n * 200, ip, format!("/item.php?id={payload}"), 200).agent("sqlmap/1.8#stable")
        })
        .collect()
}

/// Passwords against WordPress, two a second.
pub fn wordpress_login(ip: &str, tries: i64) -> Vec<Hit> {
    (0..tries).map(|n| Hit::new(START + n * 500, ip, "/wp-login.php", 200).post().bytes(5432)).collect()
}

/// Stolen passwords: every client new, one try each.
pub fn stuffing(clients: u32) -> Vec<Hit> {
    (0..clients)
        .map(|n| {
            let ip = format!("198.{}.{}.{}", 18 + (n >> 8 & 1), n & 255, 7 + n % 90);
            Hit::new(START + i64::from(n) * 5_000, &ip, "/wp-login.php", 200).post()
        })
        .collect()
}

pub fn sorted(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| hit.at);
    hits
}
