//! Thousands of configurations put together at random from a seed, each a virtual host of one real Apache: for every
//! request its client sees what the engine says.

#![allow(clippy::print_stdout, reason = "says how much was compared")]

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use peelhouse::effective::apache::{Outcome, Sites};

use crate::server::{Site, difference, predicted};

/// Small, quick and the same everywhere (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    fn of<'t>(&mut self, words: &[&'t str]) -> &'t str {
        words[self.below(words.len())]
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.below(sides) == 0
    }
}

const DIRECTORIES: [&str; 4] = ["", "/d", "/d/e", "/x.d"];
const FILES: [&str; 6] = ["/a.txt", "/d/a.txt", "/d/b.html", "/d/e/c.txt", "/x.d/.ht-c", "/d/e/index.html"];
const ASKED: [&str; 14] = [
    "/",
    "/d",
    "/d/",
    "/d/e/",
    "/x.d/",
    "/a.txt",
    "/d/a.txt",
    "/d/b.html",
    "/d/e/c.txt",
    "/x.d/.ht-c",
    "/none",
    "/d/a.txt/p",
    "/d/none/x",
    "/al/a.txt",
];

/// A line that may stand anywhere, in `.htaccess` too.
fn plain(dice: &mut Dice) -> String {
    let field = dice.of(&["X-A", "X-B"]);
    let table = dice.of(&["", "", "always ", "onsuccess "]);
    let value = dice.below(4);
    match dice.below(16) {
        0..=2 => format!("Header {table}set {field} v{value}"),
        3 | 4 => format!("Header {table}append {field} v{value}"),
        5 => format!("Header {table}{} {field} v{value}", dice.of(&["add", "merge", "setifempty"])),
        6 => format!("Header {table}unset {field}"),
        7 => format!("Header {table}edit{} {field} v{value} w$0", dice.of(&["", "*"])),
        8 | 9 => format!(
            "Options {}",
            dice.of(&[
                "Indexes",
                "+Indexes",
                "-Indexes",
                "None",
                "All",
                "FollowSymLinks",
                "Indexes FollowSymLinks",
                "-Indexes +ExecCGI",
                "-FollowSymLinks"
            ])
        ),
        10 => format!(
            "ErrorDocument {} {}",
            dice.of(&["404", "403", "500"]),
            dice.of(&["/a.txt", "/d/b.html", "text", "default", "/none"])
        ),
        11 => format!(
            "DirectoryIndex {}",
            dice.of(&["index.html", "a.txt", "disabled", "none b.html", "c.txt", "/a.txt"])
        ),
        12 => format!(
            "{} {}",
            dice.of(&["Redirect", "Redirect 303", "RedirectMatch"]),
            dice.of(&["/d/a /moved", "/d/e/ http://h.test/", "/none /a.txt"])
        ),
        13 => dice
            .of(&[
                "Redirect 410 /d/b",
                "RedirectMatch 404 /\\.ht",
                "DirectorySlash Off",
                "DirectorySlash On",
                "SetHandler None",
            ])
            .to_owned(),
        14 => {
            dice.of(&["AcceptPathInfo On", "AcceptPathInfo Off", "LimitRequestBody 0", "LimitRequestBody 1"]).to_owned()
        }
        _ => rules(dice),
    }
}

/// Rules below a directory.
fn rules(dice: &mut Dice) -> String {
    let on = dice.of(&["RewriteEngine On\n", "RewriteEngine On\n", "RewriteEngine Off\n", ""]);
    let options = dice.of(&["", "", "RewriteOptions Inherit\n", "RewriteOptions InheritDown\n"]);
    let rules =
        ["RewriteRule ^a - [F]", "RewriteRule html$ - [G]", "RewriteRule ^e/c - [F]", "RewriteRule c /a.txt [R]", ""];
    format!("{on}{options}{}", dice.of(&rules))
}

/// Who is let in; only in sections and `.htaccess`.
fn access(dice: &mut Dice) -> String {
    let rule = |dice: &mut Dice| {
        dice.of(&[
            "all granted",
            "all denied",
            "ip 127.0.0.1",
            "ip 10.1",
            "method GET",
            "expr \"%{REQUEST_URI} =~ /txt/\"",
            "valid-user",
        ])
    };
    match dice.below(9) {
        0..=2 => format!("Require {}", rule(dice)),
        3 => format!("AuthMerging {}", dice.of(&["And", "Or", "Off"])),
        4 => format!(
            "<RequireAll>\nRequire {}\nRequire not {}\n</RequireAll>",
            rule(dice),
            dice.of(&["ip 127.0.0.1", "ip 10.1"])
        ),
        5 => format!(
            "<RequireAny>\nRequire {}\n<RequireAll>\nRequire {}\nRequire {}\n</RequireAll>\n</RequireAny>",
            rule(dice),
            rule(dice),
            rule(dice)
        ),
        6 => format!("<{}>\nRequire {}\n</Limit>", dice.of(&["Limit GET", "Limit POST"]), rule(dice)),
        7 => format!("<LimitExcept {}>\nRequire {}\n</LimitExcept>", dice.of(&["GET", "POST"]), rule(dice)),
        _ => dice
            .of(&[
                "Order allow,deny\nAllow from 127.0.0.1",
                "Order deny,allow\nDeny from 127",
                "Deny from all",
                "Satisfy Any",
                "Allow from all",
            ])
            .to_owned(),
    }
}

fn lines(dice: &mut Dice, most: usize, inside: bool) -> String {
    let mut text = String::new();
    for _ in 0..=dice.below(most) {
        let line = if inside && dice.one_in(4) { access(dice) } else { plain(dice) };
        let _ = writeln!(text, "{line}");
    }
    text
}

fn conditions(dice: &mut Dice, depth: usize) -> String {
    let condition = |dice: &mut Dice| {
        dice.of(&[
            "true",
            "false",
            "%{REQUEST_URI} =~ m#txt#",
            "%{REQUEST_METHOD} == 'HEAD'",
            "! -z %{HTTP_HOST} && %{REQUEST_URI} != '/'",
            "%{REQUEST_URI} in { '/', '/d/' }",
        ])
    };
    let mut text = format!("<If \"{}\">\n{}", condition(dice), lines(dice, 2, true));
    if depth < 2 && dice.one_in(3) {
        text.push_str(&conditions(dice, depth + 1));
    }
    text.push_str("</If>\n");
    if dice.one_in(3) {
        let _ = write!(text, "<ElseIf \"{}\">\n{}</ElseIf>\n", condition(dice), lines(dice, 2, true));
    }
    if dice.one_in(3) {
        let _ = write!(text, "<Else>\n{}</Else>\n", lines(dice, 2, true));
    }
    text
}

fn files(dice: &mut Dice) -> String {
    let (open, close) = [
        ("<Files a.txt>", "</Files>"),
        ("<Files \"*.txt\">", "</Files>"),
        ("<FilesMatch \"^\\.ht|html$\">", "</FilesMatch>"),
        ("<Files ~ \"^[abc]\\.\">", "</Files>"),
        ("<Files \"\">", "</Files>"),
        ("<Files index.html>", "</Files>"),
        ("<FilesMatch ^>", "</FilesMatch>"),
    ][dice.below(7)];
    let inner = if dice.one_in(5) { conditions(dice, 1) } else { String::new() };
    format!("{open}\n{}{inner}{close}\n", lines(dice, 2, true))
}

fn within(dice: &mut Dice) -> String {
    match dice.below(6) {
        0 => files(dice),
        1 => conditions(dice, 0),
        _ => String::new(),
    }
}

fn directory(dice: &mut Dice, root: &str) -> String {
    let path = DIRECTORIES[dice.below(4)];
    let (open, close) = match dice.below(8) {
        0 => (format!("<DirectoryMatch \"^{root}.*{}\">", path.trim_start_matches('/')), "</DirectoryMatch>"),
        1 => (format!("<Directory \"{root}/*\">"), "</Directory>"),
        2 => (format!("<Directory ~ \"{root}/(d|x)\">"), "</Directory>"),
        3 => (format!("<Directory {root}{path}/>"), "</Directory>"),
        4 => (format!("<Directory {root}{}>", FILES[dice.below(6)]), "</Directory>"),
        _ => (format!("<Directory {root}{path}>"), "</Directory>"),
    };
    let mut override_ = String::new();
    if dice.one_in(3) && !open.contains("Match") && !open.contains('~') {
        let _ = writeln!(
            override_,
            "AllowOverride {}",
            dice.of(&[
                "All",
                "All",
                "None",
                "FileInfo Limit",
                "Options=Indexes FileInfo",
                "AuthConfig Indexes FileInfo Options",
                "FileInfo Nonfatal=Override"
            ])
        );
        if dice.one_in(6) {
            override_.push_str("AllowOverrideList Header Require\n");
        }
    }
    format!("{open}\n{override_}{}{}{close}\n", lines(dice, 3, true), within(dice))
}

fn location(dice: &mut Dice) -> String {
    let (open, close) = [
        ("<Location />", "</Location>"),
        ("<Location /d>", "</Location>"),
        ("<Location /d/>", "</Location>"),
        ("<Location /d/e/c.txt>", "</Location>"),
        ("<Location \"/*/a.txt\">", "</Location>"),
        ("<LocationMatch \"/\\.(?!well)|html$\">", "</LocationMatch>"),
        ("<Location ~ \"e/|none\">", "</Location>"),
    ][dice.below(7)];
    let inner = if dice.one_in(5) { conditions(dice, 0) } else { String::new() };
    let extra = if dice.one_in(12) { dice.of(&["Redirect 404\n", "Redirect http://h.test/w\n"]) } else { "" };
    format!("{open}\n{}{extra}{inner}{close}\n", lines(dice, 3, true))
}

fn server_lines(dice: &mut Dice) -> String {
    let mut text = if dice.one_in(2) { lines(dice, 2, false) } else { String::new() };
    if dice.one_in(4) {
        let _ = writeln!(text, "TraceEnable {}", dice.of(&["on", "off"]));
    }
    if dice.one_in(4) {
        let _ = writeln!(text, "RewriteEngine {}", dice.of(&["On", "On", "Off"]));
        let rules = [
            "RewriteRule ^/d/e - [F]",
            "RewriteRule html$ - [G,L]",
            "RewriteRule ^/none /a.txt [R=301]",
            "RewriteOptions Inherit",
            "RewriteRule !txt - [E=a:1]",
        ];
        for _ in 0..dice.below(3) {
            let _ = writeln!(text, "{}", dice.of(&rules));
        }
    }
    text
}

/// The sections of a server in any order.
fn sections(dice: &mut Dice, root: &str, most: usize) -> String {
    let mut text = server_lines(dice);
    for _ in 0..dice.below(most + 1) {
        let section = match dice.below(7) {
            0..=2 => directory(dice, root),
            3 | 4 => location(dice),
            5 => files(dice),
            _ => conditions(dice, 0),
        };
        text.push_str(&section);
    }
    text
}

fn htaccess(dice: &mut Dice) -> String {
    let inner = if dice.one_in(4) { files(dice) } else { String::new() };
    let conditions = if dice.one_in(5) { conditions(dice, 0) } else { String::new() };
    format!("{}{inner}{conditions}", lines(dice, 2, true))
}

/// One server with a main part of its own and many virtual hosts; the answers that the engine gave and left open.
fn batch(seed: u64, hosts: usize) -> (usize, usize, Vec<String>) {
    let mut dice = Dice(seed);
    let site = Site::new();
    let shared = format!("{}/shared", site.root().display());
    let main = sections(&mut dice, &shared, 3);
    let mut text = format!(
        "<Directory />\nAllowOverride None\nRequire all granted\n</Directory>\n\
         <Location />\nAuthType Basic\nAuthName x\nAuthUserFile passwords\n</Location>\n{main}"
    );
    let mut own = Vec::new();
    for number in 0..hosts {
        let root = format!("{}/w{number}", site.root().display());
        for file in FILES {
            site.write(&format!("w{number}{file}"), &format!("text of {file}"));
        }
        for path in DIRECTORIES {
            if dice.one_in(5) {
                site.write(&format!("w{number}{path}/.htaccess"), &htaccess(&mut dice));
            }
        }
        let alias = if dice.one_in(3) { format!("Alias /al {root}/d\n") } else { String::new() };
        let body = sections(&mut dice, &root, 6);
        own.push(body.clone());
        let _ = write!(
            text,
            "<VirtualHost 127.0.0.1:PORT>\nServerName h{number}.test\nDocumentRoot {root}\n{alias}{body}</VirtualHost>\n"
        );
    }
    site.configure(&text);
    let evaluation = site.evaluation();
    assert_eq!(evaluation.problems, []);
    let sites = Sites::of(&evaluation);
    let running = site.start();
    let mut client = running.client();
    let (mut told, mut open, mut wrong) = (0, 0, Vec::new());
    for (number, body) in own.iter().enumerate() {
        let host = format!("h{number}.test");
        let told_of = sites.answering("127.0.0.1".parse().unwrap(), site.port, &host);
        for path in ASKED {
            let method = dice.of(&["GET", "GET", "GET", "GET", "HEAD", "POST", "TRACE"]);
            let seen = client.ask(&host, method, path);
            let answer = predicted(&told_of, &host, method, path);
            if matches!(answer.outcome, Outcome::Unknown(_)) {
                open += 1;
                continue;
            }
            told += 1;
            if let Some(text) = difference(&seen, &answer, &host, method, site.port) {
                wrong
                    .push(format!("seed {seed}, {method} {path} of {host}: {text}\n--- main\n{main}\n--- own\n{body}"));
            }
        }
    }
    (told, open, wrong)
}

fn batches(first: u64, count: u64, hosts: usize) {
    let (mut told, mut open) = (0, 0);
    // Two at a time: one puts its files together while the other asks.
    let next = AtomicU64::new(first);
    let work = || {
        let mut found = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count {
                return found;
            }
            found.push(batch(seed, hosts));
        }
    };
    let found = std::thread::scope(|scope| {
        let (one, other) = (scope.spawn(work), scope.spawn(work));
        let mut found = one.join().unwrap();
        found.extend(other.join().unwrap());
        found
    });
    for (own_told, own_open, wrong) in found {
        (told, open) = (told + own_told, open + own_open);
        let shown: Vec<&str> = wrong.iter().take(4).map(String::as_str).collect();
        assert!(wrong.is_empty(), "{} differences, of which\n{}", wrong.len(), shown.join("\n\n"));
    }
    println!("{told} answers agree, {open} were left open");
    assert!(open * 20 < told, "{open} of {} answers were left open", told + open);
}

#[test]
fn two_thousand_configurations_answer_as_told() {
    batches(1, 20, 100);
}

/// `SEEDS=1000` configurations in hundreds; also `FROM`.
#[test]
#[ignore = "takes as long as it is told to"]
fn more_configurations_answer_as_told() {
    let number = |name: &str, other| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(other);
    batches(number("FROM", 1000), number("SEEDS", 100), 100);
}
