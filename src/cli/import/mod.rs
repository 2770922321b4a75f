//! `peelhouse import`: what other programs of this host already know.

mod fail2ban;
mod show;

use crate::cli::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    from: From,
}

#[derive(clap::Subcommand)]
enum From {
    /// fail2ban's jails and filters: which of them work here, what they become, and whose filter lets a client choose
    /// the address that is banned
    Fail2ban(fail2ban::Args),
}

pub fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    match &args.from {
        From::Fail2ban(args) => fail2ban::run(args, global, out),
    }
}
