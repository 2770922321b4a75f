//! Any finished log, from its beginning: plain, gzip or zstd, told apart by what is in it and not by its name.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ahead::{Readers, Text};
use super::line::{RawLine, chomp};
use super::packing::{Counted, Packing, unpack};
use crate::host::logs::{self, NoLog};

/// Why a log cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot read {path}: {cause}", path = .path.display())]
    NoLog { path: PathBuf, cause: NoLog },
    #[error("{path}: {packing} is not supported; decompress it first", path = .path.display())]
    Unsupported { path: PathBuf, packing: &'static str },
    /// The lines before it were given.
    #[error("{path}: damaged after {offset} bytes of text: {cause}", path = .path.display())]
    Damaged { path: PathBuf, offset: u64, cause: io::Error },
}

/// Lines of a finished log at memory speed.
pub struct LineReader {
    path: PathBuf,
    packing: Packing,
    text: Text,
    taken: Arc<AtomicU64>,
    size: u64,
    /// `block[from..to]` is read and not yet given.
    block: Vec<u8>,
    from: usize,
    to: usize,
    /// Of `block[from]` in the text.
    offset: u64,
    number: u64,
    cap: usize,
    /// The kept part of a line that was cut.
    long: Vec<u8>,
    ended: bool,
    damage: Option<io::Error>,
}

/// Bytes taken at once: with all that is made of them they stay in the second cache of a core.
const STRETCH: usize = 64 << 10;

/// Whole lines of a text, taken together.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    pub text: Vec<u8>,
    /// Where in `text` the lines begin and end.
    pub from: usize,
    pub to: usize,
    /// Of the first line in the whole text.
    pub offset: u64,
    /// One line alone, as [`LineReader::next_line`] gives it; true where it was cut.
    pub single: Option<bool>,
}

/// Where the next line is.
enum Found {
    Block { from: usize, to: usize },
    Long,
}

impl LineReader {
    /// `cap`: longest line kept whole, in bytes.
    pub fn open(path: &Path, cap: usize) -> Result<Self, ReadError> {
        let (file, look) = logs::open(path).map_err(|cause| ReadError::NoLog { path: path.to_path_buf(), cause })?;
        Self::from_file(path, file, look.size, cap)
    }

    pub(super) fn from_file(path: &Path, file: File, size: u64, cap: usize) -> Result<Self, ReadError> {
        let taken = Arc::new(AtomicU64::new(0));
        let (packing, text) = unpack(path, Counted { file, taken: Arc::clone(&taken) })?;
        Ok(Self {
            path: path.to_path_buf(),
            packing,
            text,
            taken,
            size,
            block: vec![0; STRETCH],
            from: 0,
            to: 0,
            offset: 0,
            number: 0,
            cap: cap.max(1),
            long: Vec::new(),
            ended: false,
            damage: None,
        })
    }

    /// From here on others unpack it, where there are any. The kernel reads plain text ahead by itself.
    pub(super) fn read_ahead(self, readers: &Readers) -> Self {
        if self.packing == Packing::Plain {
            return self;
        }
        Self { text: readers.ahead(self.text), ..self }
    }

    pub(super) fn is_packed(&self) -> bool {
        self.packing != Packing::Plain
    }

    /// The next line; none at the end. After an error there is nothing more. A last line without newline is a line.
    pub fn next_line(&mut self) -> Result<Option<RawLine<'_>>, ReadError> {
        let start = self.offset;
        let Some(found) = self.find() else { return self.end() };
        self.number += 1;
        let (bytes, cut) = match found {
            Found::Block { from, to } => (self.block.get(from..to).unwrap_or_default(), false),
            Found::Long => (self.long.as_slice(), true),
        };
        Ok(Some(RawLine { offset: start, number: self.number, bytes: chomp(bytes), cut }))
    }

    /// The next lines, as many as are at hand; false at the end. The room that `into` has is used again.
    pub(super) fn next_stretch(&mut self, into: &mut Stretch) -> Result<bool, ReadError> {
        loop {
            let here = self.block.get(self.from..self.to).unwrap_or_default();
            if let Some(last) = memchr::memrchr(b'\n', here) {
                self.hand_over(last + 1, into);
                return Ok(true);
            }
            if here.len() > self.cap || !self.fill() {
                return self.single(into);
            }
        }
    }

    /// The first `length` bytes at hand; the rest moves to the block that comes next.
    fn hand_over(&mut self, length: usize, into: &mut Stretch) {
        let end = self.from + length;
        let mut next = std::mem::take(&mut into.text);
        next.resize(self.block.len(), 0);
        let rest = self.block.get(end..self.to).unwrap_or_default();
        next.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
        let left = rest.len();
        let text = std::mem::replace(&mut self.block, next);
        *into = Stretch { text, from: self.from, to: end, offset: self.offset, single: None };
        (self.from, self.to) = (0, left);
        self.offset += length as u64;
    }

    /// A line that is longer than the cap, or ends the text without a newline.
    fn single(&mut self, into: &mut Stretch) -> Result<bool, ReadError> {
        let Some(line) = self.next_line()? else { return Ok(false) };
        into.text.clear();
        into.text.extend_from_slice(line.bytes);
        (into.from, into.to, into.offset) = (0, line.bytes.len(), line.offset);
        into.single = Some(line.cut);
        Ok(true)
    }

    /// Continues at `offset`, the start of line `line + 1`.
    pub fn skip_to(&mut self, offset: u64, line: u64) -> Result<(), ReadError> {
        while self.offset < offset {
            if self.from == self.to && !self.fill() {
                let cause = self.damage.take().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into());
                return Err(self.damaged(cause));
            }
            let wanted = usize::try_from(offset - self.offset).unwrap_or(usize::MAX);
            self.take((self.to - self.from).min(wanted));
        }
        self.number = line;
        Ok(())
    }

    /// Byte offset in the text of the next line, and lines given.
    pub fn place(&self) -> (u64, u64) {
        (self.offset, self.number)
    }

    /// Bytes of the file read so far, and its size.
    pub fn progress(&self) -> (u64, u64) {
        (self.taken.load(Ordering::Relaxed).min(self.size), self.size)
    }

    fn find(&mut self) -> Option<Found> {
        let mut seen = 0;
        loop {
            let unseen = self.block.get(self.from + seen..self.to).unwrap_or_default();
            if let Some(at) = memchr::memchr(b'\n', unseen) {
                let length = seen + at;
                return Some(if length > self.cap { self.cut(length) } else { self.whole(length, 1) });
            }
            seen = self.to - self.from;
            if seen > self.cap {
                return Some(self.cut(seen));
            }
            if !self.fill() {
                // The bytes right before damage are no line.
                return (seen > 0 && self.damage.is_none()).then(|| self.whole(seen, 0));
            }
        }
    }

    fn whole(&mut self, length: usize, newline: usize) -> Found {
        let from = self.from;
        self.take(length + newline);
        Found::Block { from, to: from + length }
    }

    /// Keeps the first `cap` bytes and drops the rest of the line, which may go on in later blocks.
    fn cut(&mut self, length: usize) -> Found {
        let kept = self.from..self.from + self.cap;
        self.long.clear();
        self.long.extend_from_slice(self.block.get(kept).unwrap_or_default());
        self.take(length);
        loop {
            let rest = self.block.get(self.from..self.to).unwrap_or_default();
            match memchr::memchr(b'\n', rest) {
                Some(at) => {
                    self.take(at + 1);
                    return Found::Long;
                }
                None => self.take(rest.len()),
            }
            if !self.fill() {
                return Found::Long;
            }
        }
    }

    fn take(&mut self, count: usize) {
        self.from += count;
        self.offset += count as u64;
    }

    /// False at the end of the text.
    fn fill(&mut self) -> bool {
        if self.from > 0 {
            self.block.copy_within(self.from..self.to, 0);
            self.to -= self.from;
            self.from = 0;
        }
        if self.to == self.block.len() {
            self.block.resize(self.to * 2, 0);
        }
        while !self.ended {
            match self.text.read(self.block.get_mut(self.to..).unwrap_or_default()) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.to += count;
                    return true;
                }
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => {
                    self.ended = true;
                    self.damage = Some(cause);
                }
            }
        }
        false
    }

    fn end(&mut self) -> Result<Option<RawLine<'_>>, ReadError> {
        match self.damage.take() {
            Some(cause) => Err(self.damaged(cause)),
            None => Ok(None),
        }
    }

    fn damaged(&self, cause: io::Error) -> ReadError {
        ReadError::Damaged { path: self.path.clone(), offset: self.offset + (self.to - self.from) as u64, cause }
    }
}

impl std::fmt::Debug for LineReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LineReader").field("path", &self.path).field("offset", &self.offset).finish_non_exhaustive()
    }
}
