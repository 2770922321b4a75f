//! Rules and behaviour: (Event, now) → Alert. Pure: no clock, no I/O, so a log reproduces every verdict.

pub mod behaviour;
pub mod crs;
pub mod detector;
pub mod engine;
pub mod fail2ban;
pub mod judge;
pub mod look;
pub mod memory;
pub mod raise;
pub mod rules;
pub mod samples;
pub mod seen;
pub mod settings;
pub mod traffic;

pub use detector::Detector;
pub use engine::Engine;
pub use judge::{Judge, Verdict};
pub use look::{Look, Looked};
pub use memory::{MemoryUse, SnapshotError};
pub use settings::Settings;
