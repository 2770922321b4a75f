//! `peelhouse rules tune LOG…`: which rules good traffic meets, and filters that would spare it.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::cli::rules::Which;
use crate::cli::{Global, log_format};
use crate::detect::Engine;
use crate::detect::rules::RuleSet;
use crate::guard::config::Config;
use crate::guard::engine::detectors;
use crate::guard::replay;
use crate::guard::tune::{Exception, Tune};
use crate::host::Host;
use crate::model::SourceIx;
use crate::monitor::{self, MAX_LINE};

#[derive(clap::Args)]
pub struct Args {
    /// Logs of your own traffic, .gz and .zst too
    #[arg(value_name = "LOG", required = true)]
    files: Vec<PathBuf>,
    /// combined, common, vhost_combined, apache-error, nginx-error, … or a pattern of the server's own language, instead of
    /// recognising it
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct Proposal<'a> {
    rule: &'a str,
    path: &'a str,
    /// Lines and clients of good traffic that meet the rule there, and one of the lines.
    good_lines: u32,
    good_clients: u32,
    example: &'a str,
    /// What the filter would hide besides.
    hidden_lines: u32,
    hidden_clients: u32,
    hidden_example: &'a str,
    filter: String,
}

pub fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    let host = Host::live();
    let config = Config::read(&host, &global.config)?;
    let (set, mut told) = args.which.load(&host);
    let form = args.format.as_deref().map(log_format::form).transpose()?;
    let files = args.files.iter().map(std::path::absolute).collect::<Result<Vec<_>, _>>()?;
    let sources = replay::sources(&files, &host.servers(), form.as_ref());
    let mut tune = Tune::new(Engine::new(&detectors(), set.clone(), config.detection, 0));
    for (source, ix) in sources.iter().zip((0..).map(SourceIx)) {
        tune.source(ix, &source.path.to_string_lossy());
    }
    let read = monitor::replay(&sources, MAX_LINE, NonZeroUsize::MIN, &mut |event| tune.see(event), &mut |_, _| {});
    told.extend(read.problems.iter().map(ToString::to_string));
    if tune.left_out > 0 {
        told.push(format!("{} hits at too many different paths were left out", tune.left_out));
    }
    let exceptions = tune.end();
    if out.is_json() {
        exceptions.iter().try_for_each(|exception| out.object(&proposal(&set, exception)))?;
    } else {
        show(&set, &exceptions, out)?;
        told.iter().try_for_each(|problem| out.toned(Tone::Warn, problem))?;
    }
    Ok(if read.problems.is_empty() { Exit::Done } else { Exit::CouldNotRead })
}

fn proposal<'a>(set: &'a RuleSet, exception: &'a Exception) -> Proposal<'a> {
    let rule = id(set, exception);
    let Exception { path, good, hidden, .. } = exception;
    Proposal {
        rule,
        path,
        good_lines: good.lines,
        good_clients: good.clients,
        example: &good.example,
        hidden_lines: hidden.lines,
        hidden_clients: hidden.clients,
        hidden_example: &hidden.example,
        filter: exception.filter(rule),
    }
}

fn id<'a>(set: &'a RuleSet, exception: &Exception) -> &'a str {
    set.rule(exception.rule).map_or("", |rule| &rule.id)
}

fn show(set: &RuleSet, exceptions: &[Exception], out: &mut Output) -> Result<(), CliError> {
    if exceptions.is_empty() {
        return Ok(out.line("no rule is met by clients that look legitimate")?);
    }
    for exception in exceptions {
        let Exception { path, good, hidden, .. } = exception;
        let rule = id(set, exception);
        out.toned(Tone::Strong, &format!("{rule} at {path}: {} lines of {} good clients", good.lines, good.clients))?;
        out.toned(Tone::Dim, &format!("  for example {}", good.example))?;
        match hidden.lines {
            0 => out.line("  this filter would hide nothing else:")?,
            lines => {
                out.toned(
                    Tone::Warn,
                    &format!("  this filter would also hide {lines} lines of {} others:", hidden.clients),
                )?;
                out.toned(Tone::Dim, &format!("  for example {}", hidden.example))?;
            }
        }
        exception.filter(rule).lines().try_for_each(|line| out.line(&format!("    {line}")))?;
        out.line("")?;
    }
    Ok(())
}
