//! How fast bans land, and what the guard takes: measured on this host with the real guard, in private networks.

mod figure;
mod filling;
mod guarded;
mod head_room;
mod idle;
mod latency;
mod machine;

use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use crate::act::namespace::{NamespaceError, private};
use crate::act::packet_filter::FilterError;
use crate::demo::DemoError;
use crate::guard::GuardError;

pub use figure::Figure;
pub use machine::Machine;

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error(transparent)]
    Guard(#[from] GuardError),
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error("cannot make a private network: {0}")]
    Namespace(#[from] NamespaceError),
    #[error("cannot prepare the measurement: {0}")]
    Prepare(#[from] io::Error),
    #[error("cannot read {}: {cause}", path.display())]
    CannotLook { path: PathBuf, cause: String },
    #[error("the guard does not tell its reader; it said: {0}")]
    NoReader(String),
    #[error("{client} attacked and was not banned within {seconds} s; `peelhouse demo` shows what the guard says")]
    Late { client: Ipv4Addr, seconds: u64 },
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Line written → address in the kernel.
    Latency,
    /// The guard while nothing happens.
    Idle,
    /// One ban in a full set, and filling an empty one.
    PacketFilter,
    /// Lines a second.
    Replay,
}

/// What to measure, and how much of it.
pub struct Scope {
    pub parts: Vec<Part>,
    /// Lines whose way into the kernel is timed.
    pub bans: u32,
    pub quick: bool,
}

/// What the measuring tells while it works.
pub enum Told {
    /// The next step, which takes more than a second.
    Step(&'static str),
    Figure(Figure),
}

/// Measures; `guard` is the program to run as the guard. Takes less than a minute, and leaves nothing behind.
pub fn measure(scope: &Scope, guard: &str, tell: &mut (dyn FnMut(Told) + Send)) -> Result<(), MeasureError> {
    let wants = |part| scope.parts.contains(&part);
    if wants(Part::Latency) || wants(Part::Idle) {
        private(|| with_guard(scope, guard, tell))??;
    }
    if wants(Part::PacketFilter) {
        tell(Told::Step("filling the packet filter"));
        filling::filling(100_000, 300.0)?.into_iter().for_each(|figure| tell(Told::Figure(figure)));
        if !scope.quick {
            filling::filling(1_000_000, 3000.0)?.into_iter().for_each(|figure| tell(Told::Figure(figure)));
        }
    }
    if wants(Part::Replay) {
        tell(Told::Step("replaying a generated log"));
        let lines = if scope.quick { 50_000 } else { 200_000 };
        private(|| head_room::head_room(lines))??.into_iter().for_each(|figure| tell(Told::Figure(figure)));
    }
    Ok(())
}

fn with_guard(scope: &Scope, guard: &str, tell: &mut (dyn FnMut(Told) + Send)) -> Result<(), MeasureError> {
    let mut guarded = guarded::Guarded::begin(guard)?;
    if scope.parts.contains(&Part::Latency) {
        tell(Told::Step("attacking, and waiting for the bans"));
        let figures = latency::latency(&mut guarded, scope.bans)?;
        figures.into_iter().for_each(|figure| tell(Told::Figure(figure)));
    }
    if scope.parts.contains(&Part::Idle) {
        tell(Told::Step("watching the guard do nothing"));
        let span = Duration::from_secs(if scope.quick { 3 } else { 10 });
        idle::idle(&guarded, span)?.into_iter().for_each(|figure| tell(Told::Figure(figure)));
    }
    Ok(())
}
