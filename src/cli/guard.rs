//! `peelhouse guard`: the service, and what it says while it works.

use std::io;

use crate::cli::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::cli::words;
use crate::guard::said::Said;
use crate::guard::{self, Options};
use crate::model::Action;
use crate::respond::Mode;
use crate::respond::proof::Hold;

#[derive(clap::Args)]
pub struct Args {
    /// Decide everything, enforce nothing; whatever the configuration says
    #[arg(long, conflicts_with = "enforce")]
    observe: bool,
    /// Enforce; whatever the configuration says
    #[arg(long)]
    enforce: bool,
    /// Run the reader even where it cannot be confined; not advised
    #[arg(long)]
    allow_unconfined: bool,
}

pub fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    let mode = match (args.observe, args.enforce) {
        (true, _) => Some(Mode::Observe),
        (_, true) => Some(Mode::Enforce),
        _ => None,
    };
    let options = Options {
        state: global.state.clone(),
        config: global.config.clone(),
        mode,
        allow_unconfined: args.allow_unconfined,
    };
    // A terminal that went away is no reason to stop guarding.
    guard::run(&options, &mut |said| drop(say(said, out)))?;
    Ok(Exit::Done)
}

fn say(said: &Said<'_>, out: &mut Output) -> io::Result<()> {
    if out.is_json() {
        out.object(said)?;
    } else if !matches!(said, Said::Alert { .. }) {
        // For people a decision says its alert's sentence; alerts that change nothing would only repeat it.
        let (tone, line) = line(said);
        out.toned(tone, &line)?;
    }
    out.flush()
}

fn line(said: &Said<'_>) -> (Tone, String) {
    match said {
        Said::Server { kind, version, config, running, sites } => {
            let state = if *running { "running" } else { "not running" };
            (Tone::Strong, format!("{kind:?} {version}, {state}: {}, {sites} sites", config.display()))
        }
        Said::Log { path, site, format, problem: None } => {
            (Tone::Plain, format!("  follows {path} ({format}){}", of(site)))
        }
        Said::Log { path, site, problem: Some(cause), .. } => {
            (Tone::Warn, format!("  cannot follow {path}{}: {cause}", of(site)))
        }
        Said::Policy { enforcing: true, state } => (Tone::Strong, format!("enforcing; state in {}", state.display())),
        Said::Policy { enforcing: false, state } => {
            (Tone::Strong, format!("observing: decides everything, enforces nothing; state in {}", state.display()))
        }
        Said::Reader { pid, confined: true } => (Tone::Dim, format!("reader {pid} reads, confined")),
        Said::Reader { pid, confined: false } => (Tone::Bad, format!("reader {pid} reads, NOT confined")),
        Said::Alert { alert } => (Tone::Plain, format!("{}  alert  {}", words::stamp(alert.last), alert.sentence)),
        Said::Decision { enforced, decision, .. } => {
            let would = if *enforced || decision.action == Action::Tell { "" } else { "would " };
            let (action, who) = (words::action(decision.action), &decision.subject);
            let tone = if decision.action == Action::Ban { Tone::Bad } else { Tone::Warn };
            (tone, format!("{}  {would}{action} {who}: {}", words::stamp(decision.at), decision.why))
        }
        Said::Ineffective { decision, cause } => (Tone::Bad, format!("{decision} does not hold: {cause}")),
        Said::Proof { decision, hold } => {
            let words = match hold {
                Hold::Holds => "holds: it came again and was stopped",
                Hold::Untried => "was not tried since",
                Hold::Ineffective => "does not hold",
            };
            (Tone::Dim, format!("{decision} {words}"))
        }
        Said::Problem { text } => (Tone::Warn, format!("problem: {text}")),
        Said::Status { status, in_force } => (
            Tone::Dim,
            format!(
                "{} lines read, {} not understood, {} logs, {in_force} decisions in force",
                status.lines, status.unparsed, status.files
            ),
        ),
        Said::Stopped => (Tone::Strong, "stopped; what was banned stays banned in the kernel".to_owned()),
    }
}

fn of(site: &str) -> String {
    if matches!(site, "" | "_") { String::new() } else { format!(" of {site}") }
}
