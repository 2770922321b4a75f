//! The reader's side of care: says which line it takes up before it touches it, and leaves out those it is told to.

use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::guard::message::{Care, Place, ToKeeper};
use crate::guard::wire::{self, WireError};
use crate::monitor::RawLine;

pub struct Careful {
    to: UnixStream,
    care: Care,
}

impl Careful {
    pub fn new(to: UnixStream, care: Care) -> Self {
        Self { to, care }
    }

    /// False for a line that is to be left out. Free while nothing is wrong.
    pub fn wants(&mut self, path: &Path, line: RawLine<'_>) -> bool {
        if !self.care.line_by_line && self.care.skip.is_empty() {
            return true;
        }
        let place = Place { path: path.to_path_buf(), offset: line.offset, line: line.number };
        if self.care.skip.contains(&place) {
            return false;
        }
        if self.care.line_by_line {
            // Whole frames alone leave the buffer of the other messages, so this one may come between. A keeper that is
            // gone is heard of by whoever writes next.
            let _ = wire::write_message(&mut self.to, &ToKeeper::Reads(Some(place)));
        }
        true
    }

    /// All that was there has been read, and the line that others died of with it.
    pub fn relax(&mut self) -> Result<(), WireError> {
        if !self.care.line_by_line {
            return Ok(());
        }
        self.care.line_by_line = false;
        wire::write_message(&mut self.to, &ToKeeper::Reads(None))
    }
}
