//! Logins from the journal: the same events as from a file, with the journal's cursor as position.

use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use super::clock::LogClock;
use super::problem::Problem;
use crate::formats::logs::Line;
use crate::formats::logs::journal::{Decoder, Entry};
use crate::host::journal::JournalStream;
use crate::model::{At, Client, Event, Millis, Position, SourceIx, Via};

/// The journal among the sources of a follower.
pub const JOURNAL: SourceIx = SourceIx(u32::MAX);
const PREFIX: &str = "journal:";
const BLOCK: usize = 64 << 10;

/// Where the journal was read to, among the positions of an earlier run.
pub fn journal_cursor(positions: &[Position]) -> Option<&str> {
    positions.iter().find_map(|position| position.path.to_str()?.strip_prefix(PREFIX))
}

pub(super) struct Journal {
    /// None once it ended.
    stream: Option<JournalStream>,
    decoder: Decoder,
    cursor: String,
    clock: LogClock,
    entries: u64,
}

impl Journal {
    pub fn new(stream: JournalStream, positions: &[Position]) -> Self {
        let before =
            positions.iter().find(|position| position.path.to_str().is_some_and(|path| path.starts_with(PREFIX)));
        Self {
            stream: Some(stream),
            decoder: Decoder::default(),
            cursor: journal_cursor(positions).unwrap_or_default().to_owned(),
            clock: LogClock::at(before.map_or(Millis(0), |position| position.now)),
            entries: before.map_or(0, |position| position.line),
        }
    }

    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.stream.as_ref().map(JournalStream::fd)
    }

    pub fn read(&mut self, each: &mut dyn FnMut(&Event<'_>)) -> Result<(), Problem> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        let mut block = vec![0; BLOCK];
        let ended = match stream.read(&mut block) {
            Ok(0) => Some("journalctl ended".to_owned()),
            Ok(count) => {
                self.decoder.push(block.get(..count).unwrap_or_default());
                None
            }
            Err(cause) if matches!(cause.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => None,
            Err(cause) => Some(cause.to_string()),
        };
        while let Some(entry) = self.decoder.entry() {
            self.give(&entry, each);
        }
        match ended {
            Some(cause) => {
                self.stream = None;
                Err(Problem::Journal(cause))
            }
            None => Ok(()),
        }
    }

    /// None before the first entry.
    pub fn position(&self) -> Option<Position> {
        (!self.cursor.is_empty()).then(|| Position {
            path: PathBuf::from(format!("{PREFIX}{}", self.cursor)),
            device: 0,
            inode: 0,
            head: [0; 32],
            head_len: 0,
            offset: 0,
            line: self.entries,
            now: self.clock.now(),
        })
    }

    fn give(&mut self, entry: &Entry, each: &mut dyn FnMut(&Event<'_>)) {
        self.entries += 1;
        self.cursor = String::from_utf8_lossy(&entry.cursor).into_owned();
        let now = self.clock.after(entry.stamp);
        let Line::Record(record) = entry.line() else { return };
        each(&Event {
            now,
            stamp: record.stamp,
            at: At { source: JOURNAL, offset: 0, line: self.entries },
            client: record.client.map(|ip| Client { ip: ip.to_canonical(), via: Via::Direct }),
            site: &[],
            raw: &entry.message,
            what: record.what,
        });
    }
}
