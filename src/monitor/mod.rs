//! Follows sources, exactly once → Event.

mod line;
mod packing;
mod rotated;

pub use line::{MAX_LINE, RawLine};
pub use packing::Packing;
pub use rotated::{LineReader, ReadError};
