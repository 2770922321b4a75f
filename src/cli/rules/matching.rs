//! `peelhouse rules match FILE`: what the rules say of each line, by itself.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::cli::rules::Which;
use crate::cli::{Global, log_format, words};
use crate::detect::{Judge, Verdict};
use crate::guard::config::Config;
use crate::guard::replay;
use crate::host::Host;
use crate::model::{Class, Event};
use crate::monitor::{self, MAX_LINE};

#[derive(clap::Args)]
pub struct Args {
    /// A log, .gz and .zst too
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// combined, common, vhost_combined, apache-error, nginx-error, … or a pattern of the server's own language, instead of
    /// recognising it
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    #[command(flatten)]
    which: Which,
}

/// A line that a rule matches.
#[derive(Serialize)]
struct Matched<'a> {
    /// From 1.
    line: u64,
    client: Option<IpAddr>,
    rules: Vec<&'a str>,
    class: Class,
    score: f32,
    alert: bool,
}

/// Lines of a whole log.
#[derive(Default)]
struct Counts {
    matched: u64,
    alerts: u64,
}

pub fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    let host = Host::live();
    let config = Config::read(&host, &global.config)?;
    let (set, mut told) = args.which.load(&host);
    let form = args.format.as_deref().map(log_format::form).transpose()?;
    let file = std::path::absolute(&args.file)?;
    let form = form.or_else(|| replay::line_by_line(&file));
    let sources = replay::sources(&[file], &[], form.as_ref());
    let mut judge = Judge::new(set, config.detection, 0);
    let mut counts = Counts::default();
    let mut written = Ok(());
    let mut see = |event: &Event<'_>| {
        if written.is_ok()
            && let Some(verdict) = judge.judge(event)
        {
            counts.matched += 1;
            counts.alerts += u64::from(verdict.alert);
            written = tell(event, &verdict, out);
        }
    };
    let read = monitor::replay(&sources, MAX_LINE, NonZeroUsize::MIN, &mut see, &mut |_, _| {});
    written?;
    told.extend(read.problems.iter().map(ToString::to_string));
    if !out.is_json() {
        told.iter().try_for_each(|problem| out.toned(Tone::Warn, problem))?;
        let Counts { matched, alerts } = counts;
        let (lines, unparsed) = (read.lines, read.unparsed);
        let text = format!("{matched} of {lines} lines match, {alerts} of them are alerts; {unparsed} not understood");
        out.toned(Tone::Strong, &text)?;
    }
    Ok(if read.problems.is_empty() { Exit::Done } else { Exit::CouldNotRead })
}

fn tell(event: &Event<'_>, verdict: &Verdict<'_>, out: &mut Output) -> Result<(), CliError> {
    let rules = verdict.rules();
    let Verdict { class, score, alert, client, .. } = *verdict;
    if out.is_json() {
        return Ok(out.object(&Matched { line: event.at.line, client, rules, class, score, alert })?);
    }
    let who = client.map_or_else(|| "-".to_owned(), |ip| ip.to_string());
    let (mark, tone) = if alert { ("alert", Tone::Bad) } else { ("", Tone::Plain) };
    let text =
        format!("{:>8}  {who}  {mark:5}  {score:>4.1}  {}  {}", event.at.line, words::name(&class), rules.join(" "));
    Ok(out.toned(tone, &text)?)
}
