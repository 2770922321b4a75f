//! How fast lines are read: `cargo test --release --test logs_speed -- --ignored --nocapture`.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "measures with the real clock")]

use std::net::Ipv4Addr;
use std::time::Instant;

use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::model::{DeclaredFormat, FormatSyntax};

const LINES: u32 = 1_000_000;

fn lines() -> Vec<Vec<u8>> {
    let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
    let line = |nth: u32| {
        let (ip, second) = (Ipv4Addr::from(0x0b00_0000 + nth % 50_000), nth / 40 % 60);
        format!(
            r#"{ip} - - [22/Nov/2026:18:00:{second:02} +0000] "GET /articles/{nth}/page.html?ref=a&n={nth} HTTP/1.1" 200 {nth} "https://www.example.org/articles/" "{agent}""#
        )
    };
    (0..LINES).map(|nth| line(nth).into_bytes()).collect()
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    let lines = lines();
    let pattern = |syntax, pattern: &str| {
        LineFormat::compile(&DeclaredFormat { syntax, name: String::new(), pattern: pattern.into() }).unwrap()
    };
    let quick = r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#;
    let compiled = r#"%h - %{X}e %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#;
    for (name, format) in
        [("combined", pattern(FormatSyntax::Apache, quick)), ("compiled", pattern(FormatSyntax::Apache, compiled))]
    {
        let mut parser = Parser::new(format);
        for _ in 0..3 {
            let start = Instant::now();
            let records = lines.iter().filter(|line| matches!(parser.parse(line), Ok(Line::Record(_)))).count();
            let each = start.elapsed() / LINES;
            assert_eq!(records, lines.len());
            println!("{name}: {each:?} a line of {} bytes", lines[0].len());
        }
    }
}
