//! Follows sources, exactly once → Event.

mod follow;
mod line;
mod packing;
mod position;
mod problem;
mod rotated;

pub use follow::{Options, Tailer};
pub use line::{MAX_LINE, RawLine};
pub use packing::Packing;
pub use problem::Problem;
pub use rotated::{LineReader, ReadError};
