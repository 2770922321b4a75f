//! `peelhouse bench`: how fast bans land and how much head room there is, on this host.

use std::io;

use clap::ValueEnum;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::demo::measure::{Figure, Machine, Part, Scope, Told, measure};

/// This program; proc(5).
const OURSELVES: &str = "/proc/self/exe";
/// Lines whose way into the kernel is timed where nobody says, quickly and not.
const BANS: [u32; 2] = [50, 300];

#[derive(clap::Args)]
pub struct Args {
    /// How many attacks to time on their way into the kernel
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    bans: Option<u32>,
    /// Smaller samples
    #[arg(long)]
    quick: bool,
    /// Measure this alone; may stand more than once
    #[arg(long, value_name = "PART")]
    only: Vec<Only>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Only {
    /// Line written → address in the kernel
    Latency,
    /// The guard while nothing happens
    Idle,
    /// One ban in a full set, and filling an empty one
    PacketFilter,
    /// Lines a second
    Replay,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, CliError> {
    let only: &[Only] = if args.only.is_empty() { Only::value_variants() } else { &args.only };
    let [few, many] = BANS;
    let scope = Scope {
        parts: only.iter().map(|only| Part::from(*only)).collect(),
        bans: args.bans.unwrap_or(if args.quick { few } else { many }),
        quick: args.quick,
    };
    let machine = Machine::this();
    if out.is_json() {
        out.object(&serde_json::json!({ "machine": machine }))?;
    } else {
        out.toned(Tone::Strong, &format!("machine: {machine}"))?;
    }
    out.flush()?;
    let mut figures = Vec::new();
    measure(&scope, OURSELVES, &mut |told| drop(hear(told, &mut figures, out)))?;
    if !out.is_json() {
        out.table(
            &["figure", "seen", "below", ""],
            &figures.iter().map(row).collect::<Vec<_>>(),
            "nothing was measured",
        )?;
    }
    Ok(if figures.iter().all(Figure::is_met) { Exit::Done } else { Exit::Remark })
}

fn hear(told: Told, figures: &mut Vec<Figure>, out: &mut Output) -> io::Result<()> {
    match told {
        Told::Step(_) if out.is_json() => {}
        Told::Step(step) => out.toned(Tone::Dim, &format!("  {step} …"))?,
        Told::Figure(figure) => {
            if out.is_json() {
                out.object(&figure)?;
            }
            figures.push(figure);
        }
    }
    out.flush()
}

fn row(figure: &Figure) -> Vec<String> {
    let Figure { what, value, unit, below, .. } = figure;
    let number = |value: f64| if value >= 1000.0 { format!("{value:.0} {unit}") } else { format!("{value:.3} {unit}") };
    let missed = if figure.is_met() { "" } else { "missed" };
    let target = below.map_or_else(String::new, |target| format!("{target} {unit}"));
    vec![what.clone(), number(*value), target, missed.to_owned()]
}

impl From<Only> for Part {
    fn from(only: Only) -> Self {
        match only {
            Only::Latency => Self::Latency,
            Only::Idle => Self::Idle,
            Only::PacketFilter => Self::PacketFilter,
            Only::Replay => Self::Replay,
        }
    }
}
