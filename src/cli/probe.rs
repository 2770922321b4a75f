//! `peelhouse probe TARGET…`: a web server as it looks from outside, any server, no agent.
//!
//! With `--json` one object a target, as they are done: target, address, verdict (`seen`; `could-not-look` with cause),
//! protocols, suites, order, groups, signatures, features, primes, vulnerabilities, certificate, other_certificates, what
//! HTTP shows (status, headers, header_score, identity, methods, trace, redirects, redirects_to_https, exposed), grade,
//! problems, connections, seconds.

mod show;

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::host::{Host, clock};
use crate::probe::many;
use crate::probe::report::{Look, Report};
use crate::probe::target::Target;
use crate::probe::tls::trust::Judge;
use crate::probe::weak::Verdict;
use crate::probe::wire::Limits;

#[derive(clap::Args)]
pub struct Args {
    /// www.example.org, www.example.org:8443, [2001:db8::1]:443 or a URL; the port is 443 where none is said
    #[arg(required_unless_present = "file", value_name = "TARGET")]
    targets: Vec<Target>,
    /// Targets from a file, one a line; # begins a comment
    #[arg(long, value_name = "LIST")]
    file: Option<PathBuf>,
    /// Targets that are looked at at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    targets_at_once: u16,
    /// Connections to one target at the same time
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=64))]
    connections: u16,
    /// Seconds that one answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=60))]
    timeout: u16,
    /// Every suite by name
    #[arg(long)]
    suites: bool,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, CliError> {
    let host = Host::live();
    let mut targets = args.targets.clone();
    if let Some(file) = &args.file {
        targets.extend(listed(&host, file)?);
    }
    let limits = Limits {
        at_once: usize::from(args.connections),
        answer: Duration::from_secs(u64::from(args.timeout)),
        ..Limits::default()
    };
    let trust = Judge::of(&host, clock::now());
    let bar = bar(out.is_terminal() && !out.is_json() && targets.len() > 1, targets.len());
    let (mut exit, mut written) = (Exit::Done, Ok(()));
    many::each(&targets, usize::from(args.targets_at_once), &limits, &trust, &mut |report| {
        exit = worse(exit, &report);
        written = bar.suspend(|| tell(args, targets.len(), &report, out));
        bar.inc(1);
        written.is_ok()
    });
    bar.finish_and_clear();
    written.map(|()| exit)
}

fn tell(args: &Args, count: usize, report: &Report, out: &mut Output) -> Result<(), CliError> {
    match (out.is_json(), count) {
        (true, _) => out.object(report)?,
        (false, 1) => show::whole(report, args.suites, out)?,
        (false, _) => show::line(report, out)?,
    }
    Ok(out.flush()?)
}

/// The targets of a file; what is none is told with its line.
fn listed(host: &Host, file: &Path) -> Result<Vec<Target>, CliError> {
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let text = String::from_utf8_lossy(&host.read_file(&path)?).into_owned();
    let mut targets = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if !line.is_empty() {
            let place = || format!("{}:{}", file.display(), at + 1);
            targets.push(line.parse().map_err(|why| CliError::Target { place: place(), why })?);
        }
    }
    Ok(targets)
}

/// Could not look outweighs something to do, which outweighs done.
fn worse(exit: Exit, report: &Report) -> Exit {
    let found =
        report.vulnerabilities.iter().any(|weak| weak.verdict == Verdict::Found) || !report.exposed().is_empty();
    let distrusted =
        report.certificate.as_ref().is_some_and(|chain| !chain.trusted || chain.name_matches == Some(false));
    match (&report.look, exit) {
        (Look::CouldNotLook { .. }, _) | (_, Exit::CouldNotRead) => Exit::CouldNotRead,
        _ if found || distrusted => Exit::Remark,
        _ => exit,
    }
}

fn bar(shown: bool, count: usize) -> ProgressBar {
    let length = u64::try_from(count).unwrap_or(u64::MAX);
    let bar = if shown { ProgressBar::new(length) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} targets, {eta} left");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
