//! Rules and behaviour: (Event, now) → Alert. Pure: no clock, no I/O, so a log reproduces every verdict.

pub mod behaviour;
pub mod memory;
pub mod rules;

/// One detector: declared once, listed by the measure it serves.
pub struct Detector {
    pub id: &'static str,
    /// The sentence its alerts say, with the numbers left open.
    pub says: &'static str,
}
