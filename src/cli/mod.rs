//! One verb, one file: they show and ask, and hold no knowledge.

mod assess;
mod bans;
mod bench;
mod board;
mod completions;
mod demo;
mod config;
mod error;
mod exit;
mod explain;
mod guard;
mod import;
mod log_format;
mod man;
mod order;
mod output;
mod probe;
mod replay;
mod rules;
mod sites;
mod why;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};

/// Secures the web servers of this host.
///
/// Finds Apache, nginx and Tomcat by itself, reads their logs in the formats their own configuration declares, recognises
/// attack and abuse, decides, enforces in the kernel, proves that it holds, and explains itself.
#[derive(Parser)]
#[command(name = "peelhouse", version, after_long_help = exit::table())]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb takes.
#[derive(Args)]
pub struct Global {
    /// Print one JSON object a line, for programs
    #[arg(long, global = true)]
    pub json: bool,
    /// Where history and what was learnt are kept
    #[arg(long, global = true, value_name = "DIR", default_value = "/var/lib/peelhouse")]
    pub state: PathBuf,
    /// The configuration; the built-in one where the default file is absent
    #[arg(long, global = true, value_name = "FILE", default_value = crate::guard::config::DEFAULT_FILE)]
    pub config: PathBuf,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand)]
enum Verb {
    /// Watch this host: ban, limit, tell; every decision with its evidence and undo
    Guard(guard::Args),
    /// The catalogue, live, for this host: what is in place and what is not
    Board(board::Args),
    /// Run the checks and tell what they found, site by site
    Assess(assess::Args),
    /// What a measure, a detector or a rule is about
    Explain(explain::Args),
    /// Yesterday's logs through today's rules: who would have been banned, why, and who looks legitimate
    Replay(replay::Args),
    /// The rules: what they are, whether they are sound, what they say of a log, which of them your own traffic meets
    #[command(subcommand)]
    Rules(rules::Verb),
    /// Why an address is banned: the raw lines, the rule, what it would have taken, the undo
    Why(why::Args),
    /// Everybody who is banned or limited
    Bans(bans::Args),
    /// The loop, shown on a real nginx in a private network: bans land live, nothing is left behind
    Demo(demo::Args),
    /// How fast bans land and how much head room there is, measured on this host in a private network
    Bench(bench::Args),
    /// Ban an address or prefix by hand
    Ban(order::Ban),
    /// End whatever is in force on an address or prefix
    Unban(order::Unban),
    /// Who is never limited or banned
    Allow(order::Allow),
    /// The web servers of this host: sites, listeners, logs, proxies, and what is unclear
    Sites(sites::Args),
    /// A web server as it looks from outside, any server, no agent: TLS, weaknesses, certificate, headers, a grade
    Probe(probe::Args),
    /// A server's configuration file as a tree with file:line
    Config(config::Args),
    /// What other programs of this host already know, for this one: fail2ban's jails and filters
    Import(import::Args),
    /// Shell completions, to standard output
    Completions(completions::Args),
    /// The manual page, to standard output
    Man,
    /// The confined half of the guard; started by it and by nothing else
    #[command(hide = true)]
    GuardReader,
}

/// Parses the command line, runs its verb, tells what went wrong.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(wrong) => {
            let told = wrong.print();
            let usage = wrong.use_stderr() || told.is_err();
            return if usage { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    let mut out = Output::stdout(cli.global.json, cli.global.color.into());
    let done = dispatch(&cli, &mut out).and_then(|exit| Ok(out.flush().map(|()| exit)?));
    match done {
        Ok(exit) => exit.into(),
        Err(error) if error.is_broken_pipe() => Exit::Done.into(),
        Err(error) => tell(&error, cli.global.color.into()).into(),
    }
}

fn dispatch(cli: &Cli, out: &mut Output) -> Result<Exit, CliError> {
    let global = &cli.global;
    match &cli.verb {
        Verb::Guard(args) => guard::run(args, global, out),
        Verb::Board(args) => board::run(args, out),
        Verb::Assess(args) => assess::run(args, out),
        Verb::Explain(args) => explain::run(args, out),
        Verb::Replay(args) => replay::run(args, global, out),
        Verb::Rules(verb) => rules::run(verb, global, out),
        Verb::Why(args) => why::run(args, global, out),
        Verb::Bans(args) => bans::run(args, global, out),
        Verb::Demo(args) => demo::run(args, out),
        Verb::Bench(args) => bench::run(args, out),
        Verb::Ban(args) => order::ban(args, global, out),
        Verb::Unban(args) => order::unban(args, global, out),
        Verb::Allow(args) => order::allow(args, global, out),
        Verb::Sites(args) => sites::run(args, out),
        Verb::Config(args) => config::run(args, out),
        Verb::Probe(args) => probe::run(args, out),
        Verb::Import(args) => import::run(args, global, out),
        Verb::Completions(args) => completions::run(args, Cli::command(), out),
        Verb::Man => man::run(Cli::command(), out),
        Verb::GuardReader => Ok(crate::guard::read().map(|()| Exit::Done)?),
    }
}

fn tell(error: &CliError, choice: anstream::ColorChoice) -> Exit {
    let mut err = Output::stderr(choice);
    let _ = err.toned(Tone::Bad, &format!("peelhouse: {error}"));
    let _ = err.flush();
    error.exit()
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
