//! The detectors of behaviour: one detector, one file.

pub mod paths;
pub mod probing;
