//! `peelhouse rules …`: one verb, one file.

mod check;
mod list;
mod matching;
mod tune;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;

use crate::cli::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::detect::rules::RuleSet;
use crate::guard::engine::rules_with;
use crate::host::Host;

#[derive(Subcommand)]
pub enum Verb {
    /// Every rule: what it is about, what a hit weighs, where it stands
    List(list::Args),
    /// Whether the rules are sound: they load, judge their own samples as they say, and cost little
    Check(check::Args),
    /// What the rules say of each line of a log
    Match(matching::Args),
    /// Which rules your own good traffic meets, the exceptions that would spare it, and what those would hide
    Tune(tune::Args),
}

/// Which rules.
#[derive(clap::Args)]
pub struct Which {
    /// The Sigma rules of this folder, too; may be given more than once
    #[arg(long = "rules", value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Those alone, without the rules of this program
    #[arg(long, requires = "folders")]
    only: bool,
}

impl Which {
    /// The rules, and what of them could not be loaded.
    fn load(&self, host: &Host) -> (Arc<RuleSet>, Vec<String>) {
        let (set, told) = rules_with(host, &self.folders, self.only);
        (Arc::new(set), told)
    }
}

pub fn run(verb: &Verb, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    match verb {
        Verb::List(args) => list::run(args, out),
        Verb::Check(args) => check::run(args, out),
        Verb::Match(args) => matching::run(args, global, out),
        Verb::Tune(args) => tune::run(args, global, out),
    }
}
