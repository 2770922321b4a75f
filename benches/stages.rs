//! Where the time of a replayed line goes: `cargo bench --bench stages`. Each stage is measured with all before it, on one
//! thread, the best of five, in processor time; the table shows what it adds.
#![allow(clippy::disallowed_methods, reason = "a benchmark measures with the machine's clock, and writes its own logs")]
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures and may stop on a surprise"
)]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use peelhouse::demo::traffic::{self, Mix};
use peelhouse::detect::{Look, Looked, Settings};
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::guard::engine::engine;
use peelhouse::guard::replay;
use peelhouse::guard::trial::Trial;
use peelhouse::model::{At, Client, Event, LogKind, Millis, RealIp, Via};
use peelhouse::monitor::{LineReader, MAX_LINE, Source};
use peelhouse::respond::{Ground, Policy};

const LINES: u64 = 200_000;

fn main() {
    let dir = tempfile::tempdir().unwrap();
    let start = Instant::now();
    drop(engine(Settings::default(), 1).unwrap());
    println!("the pack loads in {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
    println!("{:24} {:>10} {:>10} {:>10}", "ns a line", "ordinary", "unique", "attack");
    let mixes = [Mix::Ordinary, Mix::Unique, Mix::Attack].map(|mix| stages(&log(dir.path(), mix)));
    for (at, (stage, _)) in mixes[0].iter().enumerate() {
        let adds = |all: &[(&str, f64)]| all[at].1 - at.checked_sub(1).map_or(0.0, |before| all[before].1);
        println!("{stage:24} {:10.0} {:10.0} {:10.0}", adds(&mixes[0]), adds(&mixes[1]), adds(&mixes[2]));
    }
    let whole = mixes.map(|all| all.last().unwrap().1);
    println!("{:24} {:10.0} {:10.0} {:10.0}", "together", whole[0], whole[1], whole[2]);
    println!("{:24} {:10.2} {:10.2} {:10.2}", "M lines/s", 1e3 / whole[0], 1e3 / whole[1], 1e3 / whole[2]);
}

fn log(dir: &Path, mix: Mix) -> PathBuf {
    let path = dir.join(format!("{mix:?}.log"));
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    traffic::write_mix(&mut out, LINES, mix).unwrap();
    path
}

/// Nanoseconds a line up to and with each stage.
fn stages(path: &Path) -> Vec<(&'static str, f64)> {
    vec![
        ("read and split", best(|| (), |()| split(path))),
        ("parse", best(|| (), |()| parse(path, &mut |event| _ = black_box(event)))),
        ("hashes, kind of path", best(eyes, |eyes| name(path, eyes))),
        ("scan by the rules", best(eyes, |eyes| scan(path, eyes))),
        ("state, alerts, policy", best(trial, |trial| whole(path, trial))),
    ]
}

/// What a run needs is made before the clock starts.
fn best<T>(prepare: impl Fn() -> T, run: impl Fn(T)) -> f64 {
    let once = || {
        let prepared = prepare();
        let start = processor_time();
        run(prepared);
        (processor_time() - start) / LINES as f64
    };
    (0..5).map(|_| once()).fold(f64::INFINITY, f64::min)
}

/// Nanoseconds that this process had a processor: other work on the machine does not count.
fn processor_time() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

fn split(path: &Path) {
    let mut lines = LineReader::open(path, MAX_LINE).unwrap();
    while let Some(line) = lines.next_line().unwrap() {
        black_box(line);
    }
}

fn parse(path: &Path, each: &mut dyn FnMut(&Event<'_>)) {
    let mut lines = LineReader::open(path, MAX_LINE).unwrap();
    let mut parser = Parser::new(LineFormat::for_kind(LogKind::Access));
    while let Some(line) = lines.next_line().unwrap() {
        let Ok(Line::Record(record)) = parser.parse(line.bytes) else { continue };
        let client = record.client.map(|ip| Client { ip, via: Via::Direct });
        let now = record.stamp.unwrap_or(Millis(0));
        let raw = line.bytes;
        each(&Event { now, stamp: record.stamp, at: At::default(), client, site: b"", raw, what: record.what });
    }
}

fn eyes() -> Look {
    engine(Settings::default(), 1).unwrap().eyes()
}

fn name(path: &Path, eyes: Look) {
    let mut looked = Looked::default();
    parse(path, &mut |event| {
        eyes.name(event, &mut looked);
        black_box(&looked);
    });
}

fn scan(path: &Path, mut eyes: Look) {
    let mut looked = Looked::default();
    parse(path, &mut |event| {
        eyes.look(event, &mut looked);
        black_box(&looked);
    });
}

fn trial() -> Trial {
    Trial::new(engine(Settings::default(), 1).unwrap(), Policy::default(), Ground::default())
}

fn whole(path: &Path, mut trial: Trial) {
    let kind = LogKind::Access;
    let source = Source { path: path.into(), kind, format: None, site: String::new(), real_ip: RealIp::default() };
    replay::replay(&[source], NonZeroUsize::MIN, &mut trial, &mut |_, _| {});
    black_box(trial.end());
}
