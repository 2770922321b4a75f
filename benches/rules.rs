//! How long a line takes in the rule engine: ordinary traffic, and traffic that is all attack.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures with the machine's clock")]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures and may stop on a surprise"
)]

use std::sync::Arc;
use std::time::Instant;

use peelhouse::detect::crs::Crs;
use peelhouse::detect::rules::{RuleSet, Scanner};
use peelhouse::formats::seclang;
use peelhouse::host::Host;
use peelhouse::model::{At, Event, Millis, Request, What};

const LINES: usize = 1_000_000;
const SITES: [&str; 4] = ["/", "/shop/", "/blog/2024/", "/wp-content/uploads/2024/05/"];
const NAMES: [&str; 6] =
    ["index.html", "style.css?ver=6.4.2", "photo-1200x800.jpg", "item?id=", "search?q=red+shoes", "app.min.js"];

fn main() {
    let start = Instant::now();
    let set = Arc::new(RuleSet::embedded().unwrap());
    println!("{} rules loaded in {:.1?}", set.rules().len(), start.elapsed());
    let agents: Vec<&str> = include_str!("../tests/rules/benign-agents.txt").lines().collect();
    let corpus: Vec<&str> = include_str!("../tests/rules/benign-targets.txt").lines().collect();
    let plain: Vec<String> = (0..20_000).map(plain_target).collect();
    let attacks: Vec<&str> = set.rules().iter().flat_map(|rule| &rule.samples.must_match).map(String::as_str).collect();
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    let attacks: Vec<&str> = attacks.into_iter().filter(|line| line.starts_with('/')).collect();
    let all = |set: &Arc<RuleSet>| {
        measure(set, "ordinary", &plain, &agents);
        measure(set, "odd but benign", &corpus, &agents);
        measure(set, "all attack", &attacks, &agents);
    };
    all(&set);
    if let Some(set) = with_crs() {
        all(&set);
    }
}

/// The pack and Debian's CRS, where it is installed.
fn with_crs() -> Option<Arc<RuleSet>> {
    let before = resident();
    let start = Instant::now();
    let reading = seclang::read(&Host::live(), "/usr/share/modsecurity-crs/owasp-crs.load".as_ref());
    let (crs, report) = Crs::build(&reading.items, None);
    let rules = crs.rules().len();
    let mut set = RuleSet::embedded().unwrap();
    set.add_crs(crs).unwrap();
    let set = Arc::new(set);
    println!("pack and {rules} rules of the CRS loaded in {:.1?}, {} kB", start.elapsed(), resident() - before);
    (report.loaded() > 0).then_some(set)
}

/// kB in memory (proc(5)).
#[allow(clippy::disallowed_methods, reason = "a benchmark asks the kernel")]
fn resident() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

fn plain_target(number: usize) -> String {
    let folder = SITES[number % SITES.len()];
    let name = NAMES[number % NAMES.len()];
    let tail = if number.is_multiple_of(10) { "&from=%2Fa%20b" } else { "" };
    format!("{folder}section-{}/{name}{number}{tail}", number % 97)
}

fn measure(set: &Arc<RuleSet>, what: &str, targets: &[&str], agents: &[&str]) {
    let lines: Vec<String> = (0..20_000)
        .map(|at| {
            let referer = format!("https://www.example.org/section-{}/", at % 331);
            format!("{} {referer} {}", targets[at % targets.len()].replace(' ', "+"), agents[at % agents.len()])
        })
        .collect();
    let mut scanner = Scanner::new(Arc::clone(set), 1);
    let (mut hits, mut with_hits) = (Vec::new(), 0);
    let start = Instant::now();
    for at in 0..LINES {
        hits.clear();
        scanner.scan(&event(&lines[at % lines.len()]), &mut hits);
        with_hits += usize::from(!hits.is_empty());
    }
    let nanos = start.elapsed().as_nanos() as f64 / LINES as f64;
    println!(
        "{what}: {nanos:.0} ns a line, {:.2} M lines/s, {:.1} % with hits",
        1e3 / nanos,
        with_hits as f64 * 100.0 / LINES as f64
    );
}

fn event(line: &str) -> Event<'_> {
    let mut parts = line.splitn(3, ' ');
    let mut next = || parts.next().unwrap_or_default().as_bytes();
    let request = Request {
        method: b"GET",
        target: next(),
        protocol: b"HTTP/1.1",
        status: 200,
        referer: next(),
        user_agent: next(),
        escaped: true,
        ..Request::default()
    };
    let what = What::Request(request);
    Event { now: Millis(0), stamp: None, at: At::default(), client: None, site: b"", raw: line.as_bytes(), what }
}
