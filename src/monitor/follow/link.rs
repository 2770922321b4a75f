//! One file of a log's lineage: being read, packed, known of, or done with.

use std::path::Path;
use std::time::Instant;

use super::lineage::Candidate;
use super::tail::{Progress, Tail, Taker};
use crate::host::logs::FileId;
use crate::model::{Millis, Position};
use crate::monitor::position::{ALL, head, tells};
use crate::monitor::rotated::{LineReader, ReadError};

#[derive(Debug)]
pub(super) enum Link {
    Open {
        tail: Tail,
        /// Since when nothing more came.
        quiet: Option<Instant>,
    },
    Packed(Box<Packed>),
    /// Known from a checkpoint, or replaced: its text has to be found.
    Known(Position),
    /// Read to its end; kept as the mark after which everything is new.
    Done(Position),
}

#[derive(Debug)]
pub(super) struct Packed {
    reader: LineReader,
    /// Up to which all records are complete.
    position: Position,
}

impl Link {
    /// Reads on at `offset`, after `line` lines.
    pub fn new(log: &Path, candidate: Candidate, place: (u64, u64, Millis), cap: usize) -> Result<Self, ReadError> {
        let (offset, line, now) = place;
        let Candidate { path, file, look, packed, start, .. } = candidate;
        if !packed {
            return Ok(Self::Open { tail: Tail::new(file, look.id, start, offset, line, now), quiet: None });
        }
        let mut reader = LineReader::from_file(&path, file, look.size, cap)?;
        reader.skip_to(offset, line)?;
        Ok(Self::Packed(Box::new(Packed { reader, position: position(log, look.id, &start, place) })))
    }

    /// A mark: all of this text counts as read.
    pub fn all_of(log: &Path, candidate: &Candidate) -> Self {
        Self::Done(position(log, candidate.look.id, &candidate.start, (ALL, 0, Millis(0))))
    }

    pub fn position(&self, log: &Path) -> Position {
        match self {
            Self::Open { tail, .. } => tail.position(log),
            Self::Packed(packed) => packed.position.clone(),
            Self::Known(position) | Self::Done(position) => position.clone(),
        }
    }

    /// Whether it can be found again by itself.
    pub fn tells(&self) -> bool {
        match self {
            Self::Open { tail, .. } => tail.begun(),
            Self::Packed(packed) => packed.position.offset > 0,
            Self::Known(position) | Self::Done(position) => tells(position),
        }
    }

    /// Whether it holds this file, or a text not begun that was packed into this file.
    pub fn is_of(&self, candidate: &Candidate) -> bool {
        let same = self.file() == Some(candidate.look.id);
        same || matches!(self, Self::Open { tail, .. } if tail.offset == 0 && !candidate.start.is_empty()
            && tail.start().is_ok_and(|start| start.starts_with(&candidate.start)))
    }

    /// The file it holds open.
    pub fn file(&self) -> Option<FileId> {
        match self {
            Self::Open { tail, .. } => Some(tail.id),
            Self::Packed(packed) => Some(FileId { device: packed.position.device, inode: packed.position.inode }),
            Self::Known(_) | Self::Done(_) => None,
        }
    }
}

impl Packed {
    /// Lines of about one block, or none at the end.
    pub fn read(&mut self, budget: usize, each: &mut Taker<'_>) -> Result<Progress, ReadError> {
        let mut count = 0;
        while count < budget {
            let Some(line) = self.reader.next_line()? else {
                return Ok(if count == 0 { Progress::Idle } else { Progress::Read(count) });
            };
            count += line.bytes.len() + 1;
            let after = each(line);
            self.position.now = after.now;
            if after.settled {
                (self.position.offset, self.position.line) = self.reader.place();
            }
        }
        Ok(Progress::Read(count))
    }

    pub fn position(&self) -> Position {
        self.position.clone()
    }
}

fn position(log: &Path, id: FileId, start: &[u8], (offset, line, now): (u64, u64, Millis)) -> Position {
    let (hash, length) = head(start);
    Position {
        path: log.to_path_buf(),
        device: id.device,
        inode: id.inode,
        head: hash,
        head_len: length,
        offset,
        line,
        now,
    }
}
