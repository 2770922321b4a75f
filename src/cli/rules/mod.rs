//! `peelhouse rules …`: one verb, one file.

mod by_filter;
mod check;
pub(in crate::cli) mod list;
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
use crate::guard::config::Config;
use crate::guard::rules::Texts;
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
    /// The rules, and every document that is not one of them, with the reason.
    fn load(&self, host: &Host, config: &Config) -> (Arc<RuleSet>, Vec<String>) {
        let mut settings = config.rules.clone();
        if self.only {
            settings.folders.clear();
        }
        settings.folders.extend(self.folders.iter().map(|folder| std::path::absolute(folder).unwrap_or_default()));
        let (texts, mut told) = Texts::read(host, &settings);
        let loaded = if self.only { texts.load_alone() } else { texts.load(host) };
        told.extend(loaded.not_crs);
        told.extend(loaded.errors.iter().map(ToString::to_string));
        (Arc::new(loaded.set), told)
    }
}

pub fn run(verb: &Verb, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    match verb {
        Verb::List(args) => list::run(args, global, out),
        Verb::Check(args) => check::run(args, global, out),
        Verb::Match(args) => matching::run(args, global, out),
        Verb::Tune(args) => tune::run(args, global, out),
    }
}
