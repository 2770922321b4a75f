//! The catalogue: one measure, one file, nothing else in here. The folder carries the layer.

pub mod daemon;

use crate::measure::Measure;

/// Every measure, by layer.
pub fn catalogue() -> impl Iterator<Item = &'static Measure> {
    daemon::MEASURES.iter().copied()
}
