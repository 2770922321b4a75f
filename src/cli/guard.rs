//! `peelhouse guard`

use crate::cli::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

#[derive(clap::Args)]
pub struct Args {}
pub fn run(_args: &Args, _global: &Global, _out: &mut Output) -> Result<Exit, CliError> {
    Ok(Exit::Done)
}
