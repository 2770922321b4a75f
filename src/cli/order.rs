//! `peelhouse ban`, `unban` and `allow`: orders of a person, to the running guard or, where none runs, carried out here.

use std::time::Duration;

use ipnet::IpNet;
use serde::Serialize;

use crate::cli::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::words;
use crate::guard::control::Answer;
use crate::guard::orders::{self, Order};
use crate::guard::state;
use crate::host::clock;
use crate::store::Reading;

#[derive(clap::Args)]
pub struct Ban {
    /// An address or a prefix
    #[arg(value_parser = words::net)]
    address: IpNet,
    /// For how long (90s, 15m, 1h, 7d); until undone where absent
    #[arg(long = "for", value_name = "SPAN", value_parser = words::duration)]
    span: Option<Duration>,
    /// Why, for whoever asks later
    #[arg(long, default_value = "by hand")]
    reason: String,
}

#[derive(clap::Args)]
pub struct Unban {
    /// The address or prefix that was banned or limited
    #[arg(value_parser = words::net)]
    address: IpNet,
}

#[derive(clap::Args)]
pub struct Allow {
    #[command(subcommand)]
    what: AllowWhat,
}

#[derive(clap::Subcommand)]
enum AllowWhat {
    /// Never limit or ban it
    Add {
        /// An address or a prefix
        #[arg(value_parser = words::net)]
        address: IpNet,
        /// For how long; until removed where absent
        #[arg(long = "for", value_name = "SPAN", value_parser = words::duration)]
        span: Option<Duration>,
        /// Why, for whoever asks later
        #[arg(long, default_value = "by hand")]
        reason: String,
    },
    /// Take it off the list
    Remove {
        /// As it stands on the list
        #[arg(value_parser = words::net)]
        address: IpNet,
    },
    /// What is never limited or banned, besides what the configuration says
    List,
}

pub fn ban(args: &Ban, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    give(&Order::Ban { net: args.address, seconds: seconds(args.span), reason: args.reason.clone() }, global, out)
}

pub fn unban(args: &Unban, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    give(&Order::Unban { net: args.address }, global, out)
}

pub fn allow(args: &Allow, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    match &args.what {
        AllowWhat::Add { address, span, reason } => {
            give(&Order::Allow { net: *address, seconds: seconds(*span), reason: reason.clone() }, global, out)
        }
        AllowWhat::Remove { address } => give(&Order::Disallow { net: *address }, global, out),
        AllowWhat::List => list(global, out),
    }
}

fn seconds(span: Option<Duration>) -> Option<u64> {
    span.map(|span| span.as_secs())
}

fn give(order: &Order, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    let answer = orders::give(order, &global.state, &global.config)?;
    let (text, exit) = match &answer {
        Answer::Done(text) => (text, Exit::Done),
        Answer::Refused(text) => (text, Exit::Refused),
    };
    if out.is_json() {
        out.object(&answer)?
    } else {
        out.line(text)?
    }
    Ok(exit)
}

#[derive(Serialize)]
struct Entry<'a> {
    net: IpNet,
    reason: &'a str,
    owner: &'a str,
    at: crate::model::Millis,
    until: Option<crate::model::Millis>,
}

fn list(global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    let now = clock::now();
    let allowed = Reading::open(state::store(&global.state))?.allowed(now)?;
    if out.is_json() {
        for (_, entry) in &allowed {
            let (net, at, until) = (entry.net, entry.at, entry.until);
            out.object(&Entry { net, reason: &entry.reason, owner: &entry.owner, at, until })?;
        }
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = allowed
        .iter()
        .map(|(_, entry)| {
            let until = entry.until.map_or_else(|| "removed".to_owned(), words::stamp);
            vec![entry.net.to_string(), entry.reason.clone(), entry.owner.clone(), words::stamp(entry.at), until]
        })
        .collect();
    out.table(
        &["net", "why", "by", "since", "until"],
        &rows,
        "nothing is allowed besides what the configuration says",
    )?;
    Ok(Exit::Done)
}
