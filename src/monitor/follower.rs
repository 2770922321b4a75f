//! The live reader: all sources followed, their lines given as events.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::follow::{Options, Tailer};
use super::journal::{JOURNAL, Journal};
use super::line::{After, MAX_LINE, RawLine};
use super::problem::Problem;
use super::reader::{Aside, LogReader};
use super::rotated::LineReader;
use super::source::{Source, merge};
use crate::host::clock;
use crate::host::journal::JournalStream;
use crate::model::{Alert, Event, Millis, Position, SourceIx};

/// Lines at the beginning of a log that show its format.
const FIRST_LINES: usize = 20;

const NOTHING: After = After { now: Millis(0), settled: true };

/// How well one log is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogState {
    pub path: PathBuf,
    /// Since this follower began.
    pub lines: u64,
    pub unparsed: u64,
    pub now: Millis,
}

pub struct Follower {
    sources: Vec<Source>,
    tailer: Tailer,
    /// By index of the log; made with its first line.
    readers: Vec<Option<LogReader>>,
    clocks: HashMap<PathBuf, Millis>,
    journal: Option<Journal>,
    aside: Aside,
}

impl Follower {
    /// Goes on at `positions`, which are of an earlier [`Follower::positions`].
    pub fn new(sources: Vec<Source>, positions: Vec<Position>, options: Options) -> Self {
        let sources = merge(sources);
        let mut clocks: HashMap<PathBuf, Millis> = HashMap::new();
        for position in &positions {
            let clock = clocks.entry(position.path.clone()).or_default();
            *clock = position.now.max(*clock);
        }
        let patterns = sources.iter().map(|source| source.path.clone()).collect();
        let tailer = Tailer::new(patterns, positions, options);
        Self { sources, tailer, readers: Vec::new(), clocks, journal: None, aside: Aside::default() }
    }

    /// Reads logins from the journal besides; `stream` was begun at the [`journal_cursor`] of these positions.
    ///
    /// [`journal_cursor`]: super::journal_cursor
    pub fn with_journal(mut self, stream: JournalStream, positions: &[Position]) -> Self {
        self.journal = Some(Journal::new(stream, positions));
        self
    }

    /// Gives what there is, waiting up to `timeout` for the first of it. True where more is there already.
    pub fn poll(&mut self, timeout: Duration, each: &mut dyn FnMut(&Event<'_>)) -> bool {
        self.look_out(timeout);
        self.read_on(&mut |_, _| true, each)
    }

    /// Waits up to `timeout` for lines, and finds the logs that are new: their names are known before a line of them.
    pub fn look_out(&mut self, timeout: Duration) {
        let other = self.journal.as_ref().and_then(Journal::fd);
        self.tailer.look_out(timeout, other);
    }

    /// Gives what there is; lines that `wanted` refuses are not even parsed. True where more is there already.
    pub fn read_on(
        &mut self,
        wanted: &mut dyn FnMut(&Path, RawLine<'_>) -> bool,
        each: &mut dyn FnMut(&Event<'_>),
    ) -> bool {
        let Self { sources, tailer, readers, clocks, journal, aside } = self;
        let more = tailer.read_on(&mut |log, line| {
            if readers.len() <= log.index {
                readers.resize_with(log.index + 1, || None);
            }
            let Some(slot) = readers.get_mut(log.index) else { return NOTHING };
            if slot.is_none() {
                let begin = clocks.get(log.path).copied().unwrap_or_default();
                let ix = source_ix(log.index);
                *slot = sources.get(log.pattern).map(|source| {
                    let mut reader = LogReader::new(source, log.path, ix, begin, clock::now(), aside);
                    if line.offset > 0 {
                        reader.prime(&first_lines(log.path));
                    }
                    reader
                });
            }
            let Some(reader) = slot else { return NOTHING };
            if !wanted(log.path, line) {
                return After { now: reader.clock.now(), settled: reader.settled };
            }
            // No line is later than the end of time.
            let _ = reader.read(line, Millis(i64::MAX), each, aside);
            After { now: reader.clock.now(), settled: reader.settled }
        });
        if let Some(Err(cause)) = journal.as_mut().map(|journal| journal.read(each)) {
            aside.problems.push(cause);
        }
        more
    }

    /// Exact between calls of [`Follower::poll`]: reading on from here gives the following events, each once.
    pub fn positions(&self) -> Vec<Position> {
        let mut positions = self.tailer.positions();
        positions.extend(self.journal.as_ref().and_then(Journal::position));
        positions
    }

    /// Logs that stopped parsing, since the last call.
    pub fn alarms(&mut self) -> Vec<Alert> {
        std::mem::take(&mut self.aside.alarms)
    }

    /// What went wrong since the last call.
    pub fn problems(&mut self) -> Vec<Problem> {
        let mut problems = self.tailer.problems();
        problems.append(&mut self.aside.problems);
        problems
    }

    /// The file an event came from. Numbers hold for this follower only; names for good.
    pub fn path(&self, source: SourceIx) -> Option<&Path> {
        if source == JOURNAL {
            return Some(Path::new("journal"));
        }
        self.tailer.log(usize::try_from(source.0).ok()?)
    }

    /// Every log of which a line was read.
    pub fn states(&self) -> Vec<LogState> {
        let state = |reader: &LogReader| LogState {
            path: reader.path.clone(),
            lines: reader.health.lines,
            unparsed: reader.health.unparsed,
            now: reader.clock.now(),
        };
        self.readers.iter().flatten().map(state).collect()
    }
}

/// How the log begins: there some formats say what their lines hold. Empty where that cannot be read.
fn first_lines(path: &Path) -> Vec<Vec<u8>> {
    let Ok(mut lines) = LineReader::open(path, MAX_LINE) else { return Vec::new() };
    let mut first = Vec::new();
    while first.len() < FIRST_LINES
        && let Ok(Some(line)) = lines.next_line()
    {
        first.push(line.bytes.to_vec());
    }
    first
}

pub(super) fn source_ix(index: usize) -> SourceIx {
    SourceIx(u32::try_from(index).unwrap_or(u32::MAX))
}
