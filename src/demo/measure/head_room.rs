//! How many lines a second one thread can take with everything on: what a busy host leaves free.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::act::files::{forget, lay_out};
use crate::act::namespace::cover;
use crate::demo::measure::MeasureError;
use crate::demo::measure::figure::Figure;
use crate::demo::traffic;
use crate::detect::Settings;
use crate::guard::engine::engine;
use crate::guard::replay;
use crate::guard::trial::Trial;
use crate::host::clock;
use crate::respond::{Ground, Policy};

/// The best of them is the machine's; the others met somebody else's work.
const PASSES: u32 = 3;
const FOLDER: &str = "/srv";

/// Call from inside a private network.
pub(super) fn head_room(lines: u64) -> Result<Vec<Figure>, MeasureError> {
    cover(FOLDER.as_ref())?;
    let log = PathBuf::from(FOLDER).join("access.log");
    let mut text = Vec::new();
    traffic::write(&mut text, lines)?;
    lay_out(&log, &text)?;
    drop(text);
    let mut best: f64 = 0.0;
    for _ in 0..PASSES {
        best = best.max(pass(&log)?);
    }
    forget(&log);
    let what = format!("replay of {lines} lines with everything on, one thread, best of {PASSES}");
    Ok(vec![Figure::new("replay", what, best, "lines/s")])
}

fn pass(log: &PathBuf) -> Result<f64, MeasureError> {
    let mut trial = Trial::new(engine(Settings::default(), 1)?, Policy::default(), Ground::default());
    let sources = replay::sources(std::slice::from_ref(log), &[], None);
    let start = clock::monotonic();
    let read = replay::replay(&sources, NonZeroUsize::MIN, &mut trial, &mut |_, _| {});
    Ok(read.lines as f64 / clock::monotonic().saturating_duration_since(start).as_secs_f64())
}
