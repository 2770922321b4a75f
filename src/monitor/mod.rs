//! Follows sources, exactly once → Event.

mod ahead;
mod batch;
mod client;
mod clock;
mod follow;
mod follower;
mod health;
mod journal;
mod line;
mod packing;
mod position;
mod problem;
mod reader;
mod replay;
mod rotated;
mod source;
mod workers;

pub use batch::{Look, Take};
pub use client::{Origin, client};
pub use clock::LogClock;
pub use follow::{Log, Options, Tailer};
pub use follower::{Follower, LogState};
pub use health::{Health, Limits};
pub use journal::{JOURNAL, journal_cursor};
pub use line::{After, MAX_LINE, RawLine};
pub use packing::Packing;
pub use problem::Problem;
pub use replay::{Replayed, replay, replay_into};
pub use rotated::{LineReader, ReadError};
pub use source::Source;
