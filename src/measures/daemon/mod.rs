//! Measures of the server daemon.

use crate::measure::Measure;

pub static MEASURES: &[&Measure] = &[];
