//! One growing file: its new lines, each once its newline is there.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::host::logs::FileId;
use crate::model::{Millis, Position};
use crate::monitor::line::{After, BLOCK, RawLine, chomp};
use crate::monitor::position::{HEAD, head};

/// Takes a line.
pub type Taker<'t> = dyn FnMut(RawLine<'_>) -> After + 't;

#[derive(Debug)]
pub(super) struct Tail {
    file: File,
    pub id: FileId,
    /// Its first bytes as they were: other bytes there mean other text.
    head: Vec<u8>,
    /// Start of the next line.
    pub offset: u64,
    pub line: u64,
    /// No newline stands between `offset` and here.
    pub scanned: u64,
    now: Millis,
    /// Offset and line up to which all records are complete.
    settled: (u64, u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// So many bytes; there may be more.
    Read(usize),
    /// At the end, or inside the last line.
    Idle,
    /// Truncated, or begun anew: the text is another.
    Replaced,
}

impl Tail {
    pub fn new(file: File, id: FileId, head: Vec<u8>, offset: u64, line: u64, now: Millis) -> Self {
        Self { file, id, head, offset, line, scanned: offset, now, settled: (offset, line) }
    }

    pub fn position(&self, path: &Path) -> Position {
        let (hash, length) = head(&self.head);
        Position {
            path: path.to_path_buf(),
            device: self.id.device,
            inode: self.id.inode,
            head: hash,
            head_len: length,
            offset: self.settled.0,
            line: self.settled.1,
            now: self.now,
        }
    }

    /// Gives the whole lines of at most one block; `block` is scratch.
    pub fn read(&mut self, block: &mut Vec<u8>, cap: usize, each: &mut Taker<'_>) -> io::Result<Progress> {
        block.resize(block.len().max(BLOCK), 0);
        let fresh = block.get_mut(..BLOCK).unwrap_or_default();
        let count = self.file.read_at(fresh, self.scanned)?;
        if self.head.is_empty() && self.scanned == 0 {
            self.head.extend_from_slice(fresh.get(..count.min(HEAD)).unwrap_or_default());
        }
        // After the read, not before it: a file replaced in between would pass.
        if !self.is_same(count)? {
            return Ok(Progress::Replaced);
        }
        if count == 0 {
            return Ok(Progress::Idle);
        }
        let fresh = fresh.get(..count).unwrap_or_default();
        match (memchr::memchr(b'\n', fresh), self.scanned == self.offset) {
            (None, _) => self.scanned += count as u64,
            (Some(_), true) => self.give(fresh, cap, each),
            (Some(at), false) => self.give_long(self.scanned - self.offset + at as u64, block, cap, each)?,
        }
        Ok(Progress::Read(count))
    }

    /// The rest without newline of a file nobody writes to any more.
    pub fn finish(&mut self, block: &mut Vec<u8>, cap: usize, each: &mut Taker<'_>) -> io::Result<()> {
        let end = self.scanned;
        if end > self.offset {
            self.give_long(end - self.offset, block, cap, each)?;
            (self.offset, self.scanned) = (end, end);
            self.settled.0 = self.settled.0.min(end);
        }
        Ok(())
    }

    /// Whether any record of it was given.
    pub fn begun(&self) -> bool {
        self.settled.0 > 0
    }

    /// Its first bytes as they are now.
    pub fn start(&self) -> io::Result<Vec<u8>> {
        let mut start = vec![0; HEAD];
        let length = self.file.read_at(&mut start, 0)?;
        start.truncate(length);
        Ok(start)
    }

    /// Whether the bytes read up to now, and `count` more, are of the text begun.
    fn is_same(&mut self, count: usize) -> io::Result<bool> {
        let start = self.start()?;
        let same = start.starts_with(&self.head) && self.file.metadata()?.len() >= self.scanned + count as u64;
        if same && start.len() > self.head.len() {
            self.head = start;
        }
        Ok(same)
    }

    /// Every line of `fresh`, which starts at `offset`.
    fn give(&mut self, fresh: &[u8], cap: usize, each: &mut Taker<'_>) {
        let mut from = 0;
        for at in memchr::memchr_iter(b'\n', fresh) {
            let line = fresh.get(from..at).unwrap_or_default();
            self.give_one(line.get(..cap).unwrap_or(line), line.len() as u64, each);
            from = at + 1;
        }
    }

    /// The line of `length` bytes at `offset`, whose start was read in an earlier block.
    fn give_long(&mut self, length: u64, block: &mut Vec<u8>, cap: usize, each: &mut Taker<'_>) -> io::Result<()> {
        let kept = usize::try_from(length).unwrap_or(usize::MAX).min(cap);
        block.resize(block.len().max(kept), 0);
        let line = block.get_mut(..kept).unwrap_or_default();
        self.file.read_exact_at(line, self.offset)?;
        self.give_one(line, length, each);
        Ok(())
    }

    fn give_one(&mut self, kept: &[u8], length: u64, each: &mut Taker<'_>) {
        let line = RawLine {
            offset: self.offset,
            number: self.line + 1,
            bytes: chomp(kept),
            cut: (kept.len() as u64) < length,
        };
        self.offset += length + 1;
        self.scanned = self.offset;
        self.line += 1;
        let after = each(line);
        self.now = after.now;
        if after.settled {
            self.settled = (self.offset, self.line);
        }
    }
}
