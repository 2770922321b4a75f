//! `peelhouse bans`: every decision in force.

use serde::Serialize;

use crate::cli::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::cli::words;
use crate::guard::state;
use crate::host::clock;
use crate::model::{Action, Decision, DecisionId};
use crate::store::Reading;

#[derive(clap::Args)]
pub struct Args {
    /// Also what was only told
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    id: DecisionId,
    #[serde(flatten)]
    decision: &'a Decision,
}

pub fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    let now = clock::now();
    let mut active = Reading::open(state::store(&global.state))?.active(now)?;
    active.retain(|(_, decision)| args.all || decision.action != Action::Tell);
    if out.is_json() {
        active.iter().try_for_each(|(id, decision)| out.object(&Row { id: *id, decision }))?;
        return Ok(Exit::Done);
    }
    let rows: Vec<Vec<String>> = active
        .iter()
        .map(|(id, decision)| {
            let left = decision.until.map_or_else(|| "until undone".to_owned(), |until| words::span(until.since(now)));
            vec![
                id.to_string(),
                decision.subject.to_string(),
                words::action(decision.action).to_owned(),
                words::point(decision.point).to_owned(),
                left,
                decision.why.clone(),
            ]
        })
        .collect();
    out.table(&["id", "who", "action", "where", "for another", "why"], &rows, "nobody is banned or limited")?;
    Ok(Exit::Done)
}
