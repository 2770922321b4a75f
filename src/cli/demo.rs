//! `peelhouse demo`: the loop on a real nginx in a private network, with real attackers.

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::demo::{self, Outcome};

/// This program; proc(5).
const OURSELVES: &str = "/proc/self/exe";

#[derive(clap::Args)]
pub struct Args {
    /// The nginx to run
    #[arg(long, value_name = "PROGRAM", default_value = "nginx")]
    nginx: String,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, CliError> {
    if !out.is_json() {
        out.toned(Tone::Strong, "a real nginx in a private network; nothing on this host is touched")?;
        out.flush()?;
    }
    let json = out.is_json();
    let outcomes = demo::show(&args.nginx, OURSELVES, &mut |line| {
        if !json {
            let _ = out.toned(Tone::Dim, &format!("  guard | {line}")).and_then(|()| out.flush());
        }
    })?;
    show(&outcomes, out)?;
    let right = outcomes.iter().all(|outcome| outcome.banned == outcome.attacker);
    Ok(if right { Exit::Done } else { Exit::Remark })
}

fn show(outcomes: &[Outcome], out: &mut Output) -> Result<(), CliError> {
    if out.is_json() {
        outcomes.iter().try_for_each(|outcome| out.object(outcome))?;
        return Ok(());
    }
    let row = |outcome: &Outcome| {
        let end = if outcome.banned { "banned: its next connection was not answered" } else { "served to the end" };
        let asked = format!("{} of {}", outcome.answered, outcome.sent);
        vec![outcome.who.to_owned(), outcome.from.to_string(), asked, end.to_owned()]
    };
    let rows: Vec<Vec<String>> = outcomes.iter().map(row).collect();
    out.line("")?;
    out.table(&["who came", "from", "requests answered", "what became of them"], &rows, "nobody came")?;
    out.line("the private network is gone, with its server, its guard and its bans")?;
    Ok(())
}
