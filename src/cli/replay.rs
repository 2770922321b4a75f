//! `peelhouse replay FILE…`: yesterday's logs through today's rules.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::cli::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::cli::{log_format, words};
use crate::guard::config::Config;
use crate::guard::engine::engine_with;
use crate::guard::replay;
use crate::guard::rules::{self, Texts};
use crate::guard::trial::{Trial, Would};
use crate::host::{Host, clock};
use crate::model::Action;
use crate::respond::Ground;

/// The same lines give the same alerts in every run.
const SEED: u64 = 0x7065_656c;

#[derive(clap::Args)]
pub struct Args {
    /// Logs in any mix, .gz and .zst too; directories mean the logs in them
    #[arg(required_unless_present = "host", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The logs that the servers of this host declare, with their rotations
    #[arg(long)]
    host: bool,
    /// Try the policy and thresholds of this configuration
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Compare with those of this configuration: who would be decided about differently
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// With the rules of the OWASP CRS, where it is installed
    #[arg(long)]
    crs: bool,
    /// combined, common, vhost_combined, apache-error, nginx-error, … or a pattern of the server's own language, instead of
    /// recognising it
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// One decides, the others unpack, read and scan ahead; the result is the same [default: one for each core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

#[derive(Serialize)]
struct Summary<'a> {
    lines: u64,
    unparsed: u64,
    /// Clients that would be banned or limited.
    clients: usize,
    decisions: usize,
    /// Of those clients, such as look legitimate.
    legitimate: usize,
    files: usize,
    seconds: f64,
    /// What could not be read, or not to its end.
    problems: &'a [String],
}

struct Done {
    all: Vec<Would>,
    lines: u64,
    unparsed: u64,
    problems: Vec<String>,
}

pub fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    let start = clock::monotonic();
    let host = Host::live();
    let config = Config::read(&host, args.policy.as_ref().unwrap_or(&global.config))?;
    let (mut files, bare) = files(&args.files, &host);
    if args.host {
        files.extend(replay::logs(&host, &host.servers()));
    }
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    let mut replayed = replay(args, &files, &host, &config, out.is_terminal())?;
    replayed.problems.extend(bare);
    let exit = if replayed.problems.is_empty() { Exit::Done } else { Exit::CouldNotRead };
    if let Some(other) = &args.compare {
        let other = replay(args, &files, &host, &Config::read(&host, other)?, out.is_terminal())?;
        compare(&replayed.all, &other.all, out)?;
        return Ok(exit);
    }
    let summary = summary(&replayed, files.len(), clock::monotonic().saturating_duration_since(start).as_secs_f64());
    if out.is_json() {
        replayed.all.iter().try_for_each(|would| out.object(would))?;
        out.object(&serde_json::json!({ "summary": summary }))?;
    } else {
        show(&replayed, &summary, out)?;
    }
    Ok(exit)
}

fn summary(replayed: &Done, files: usize, seconds: f64) -> Summary<'_> {
    let stopped = replayed.all.iter().filter(|would| would.action != Action::Tell);
    let clients: BTreeSet<&str> = stopped.clone().map(|would| would.client.as_str()).collect();
    let legitimate: BTreeSet<&str> =
        stopped.filter(|would| would.legitimate).map(|would| would.client.as_str()).collect();
    Summary {
        lines: replayed.lines,
        unparsed: replayed.unparsed,
        clients: clients.len(),
        decisions: replayed.all.len(),
        legitimate: legitimate.len(),
        files,
        seconds,
        problems: &replayed.problems,
    }
}

/// Directories become the logs in them, patterns what they match; besides, what is said of those that have none.
fn files(asked: &[PathBuf], host: &Host) -> (Vec<PathBuf>, Vec<String>) {
    let mut files = Vec::new();
    let mut bare = Vec::new();
    for path in asked {
        let before = files.len();
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        if path.is_dir() {
            let logs = host.glob(&path.join("*"));
            files.extend(logs.into_iter().filter(|file| file.is_file() && file.to_string_lossy().contains("log")));
        } else if path.to_string_lossy().contains(['*', '?']) && !path.exists() {
            files.extend(host.glob(&path));
        } else {
            files.push(path.clone());
        }
        if files.len() == before {
            bare.push(format!("no file with log in its name at {}; name the files", path.display()));
        }
    }
    (files, bare)
}

fn replay(args: &Args, files: &[PathBuf], host: &Host, config: &Config, terminal: bool) -> Result<Done, CliError> {
    let form = args.format.as_deref().map(log_format::form).transpose()?;
    let mut sources = replay::sources(files, &host.servers(), form.as_ref());
    replay::for_jails(&mut sources, &config.detection.jails);
    let rules = rules::Settings { crs: config.rules.crs || args.crs, ..config.rules.clone() };
    let (rules, mut problems) = Texts::read(host, &rules);
    let rules = rules.load(host);
    problems.extend(rules.broken);
    let engine = engine_with(rules.set, config.detection.clone(), SEED);
    let mut trial = Trial::new(engine, config.policy.clone(), Ground::default());
    let bar = bar(terminal);
    let threads = args.threads.or_else(|| available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let read = replay::replay(&sources, threads, &mut trial, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    problems.extend(read.problems.iter().map(ToString::to_string));
    Ok(Done { all: trial.end(), lines: read.lines, unparsed: read.unparsed, problems })
}

fn bar(terminal: bool) -> ProgressBar {
    let bar = if terminal { ProgressBar::new(1) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{wide_bar} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(replayed: &Done, summary: &Summary<'_>, out: &mut Output) -> Result<(), CliError> {
    let rows: Vec<Vec<String>> = replayed
        .all
        .iter()
        .map(|would| {
            let note = if would.legitimate { "looks legitimate: " } else { "" };
            vec![
                words::stamp(would.first),
                words::stamp(would.last),
                words::action(would.action).to_owned(),
                would.client.clone(),
                would.lines.to_string(),
                format!("{note}{}", would.why),
            ]
        })
        .collect();
    out.table(
        &["first", "last", "would", "client", "lines", "why"],
        &rows,
        "nobody would have been stopped or told of",
    )?;
    for problem in &replayed.problems {
        out.toned(Tone::Warn, problem)?;
    }
    let Summary { lines, unparsed, clients, legitimate, files, seconds, .. } = summary;
    out.toned(
        Tone::Strong,
        &format!(
            "{clients} clients would have been banned or limited, {legitimate} of them look legitimate; \
             {lines} lines of {files} files, {unparsed} not understood, {seconds:.1} s"
        ),
    )?;
    Ok(())
}

/// Who would be stopped by one and not by the other.
fn compare(before: &[Would], after: &[Would], out: &mut Output) -> Result<(), CliError> {
    let strictest = |all: &[Would]| {
        let mut by: BTreeMap<String, Action> = BTreeMap::new();
        for would in all {
            let action = by.entry(would.client.clone()).or_insert(would.action);
            *action = (*action).max(would.action);
        }
        by
    };
    let (before, after) = (strictest(before), strictest(after));
    let clients: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = clients.into_iter().filter(|client| before.get(*client) != after.get(*client));
    let word = |action: Option<&Action>| action.map_or("-", |action| words::action(*action)).to_owned();
    let rows: Vec<Vec<String>> =
        changed.map(|client| vec![client.clone(), word(before.get(client)), word(after.get(client))]).collect();
    if out.is_json() {
        for row in &rows {
            if let [client, before, after] = &row[..] {
                out.object(&serde_json::json!({ "client": client, "before": before, "after": after }))?;
            }
        }
        return Ok(());
    }
    out.table(&["client", "before", "after"], &rows, "both decide the same about everybody")?;
    Ok(())
}
