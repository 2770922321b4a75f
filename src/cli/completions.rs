//! `peelhouse completions SHELL`

use clap::Command;
use clap_complete::Shell;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

#[derive(clap::Args)]
pub struct Args {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

pub fn run(args: &Args, mut command: Command, out: &mut Output) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "peelhouse", &mut script);
    out.page(&script)?;
    Ok(Exit::Done)
}
