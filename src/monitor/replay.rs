//! Finished logs once more: any mix of files, merged by their log clocks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::ahead::Readers;
use super::follower::source_ix;
use super::line::RawLine;
use super::problem::Problem;
use super::reader::{Aside, Later, LogReader};
use super::rotated::LineReader;
use super::source::Source;
use crate::host::logs;
use crate::model::{Alert, Event, Millis};

/// What a replay came to.
#[derive(Debug, Default)]
pub struct Replayed {
    pub lines: u64,
    pub unparsed: u64,
    pub alarms: Vec<Alert>,
    /// Files left out, or not read to their end.
    pub problems: Vec<Problem>,
}

/// Lines between two looks at the progress.
const STEP: u64 = 10_000;

/// `sources`: one file each, in any order; an event's source is its index there. With more than one of `threads` the
/// others unpack ahead; what comes of it is the same. `progress` gets bytes read and bytes there are, of the
/// files as they stand.
pub fn replay(
    sources: &[Source],
    cap: usize,
    threads: NonZeroUsize,
    each: &mut dyn FnMut(&Event<'_>),
    progress: &mut dyn FnMut(u64, u64),
) -> Replayed {
    let mut aside = Aside::default();
    let mut feeds: Vec<Feed> =
        sources.iter().enumerate().filter_map(|(index, source)| Feed::open(source, index, cap, &mut aside)).collect();
    let mut heap: BinaryHeap<Reverse<(Millis, usize)>> = BinaryHeap::new();
    for (index, feed) in feeds.iter_mut().enumerate() {
        // Runs to the first line with a time, and stops before it.
        let first = feed.run(Millis(i64::MIN), each, &mut aside, &mut |_| {});
        heap.extend(first.map(|Later(at)| Reverse((at, index))));
    }
    let readers = Readers::start(threads, feeds.len());
    let mut feeds: Vec<Feed> = feeds.into_iter().map(|feed| feed.read_ahead(&readers)).collect();
    let total = feeds.iter().map(|feed| feed.lines.progress().1).sum();
    let mut done = 0;
    while let Some(Reverse((_, index))) = heap.pop() {
        let limit = heap.peek().map_or(Millis(i64::MAX), |Reverse((at, _))| *at);
        let Some(feed) = feeds.get_mut(index) else { continue };
        let mut tell = |more| {
            done += more;
            progress(done, total);
        };
        let next = feed.run(limit, each, &mut aside, &mut tell);
        heap.extend(next.map(|Later(at)| Reverse((at, index))));
    }
    progress(total, total);
    Replayed {
        lines: feeds.iter().map(|feed| feed.log.health.lines).sum(),
        unparsed: feeds.iter().map(|feed| feed.log.health.unparsed).sum(),
        alarms: aside.alarms,
        problems: aside.problems,
    }
}

/// One file on its way.
struct Feed {
    path: PathBuf,
    lines: LineReader,
    log: LogReader,
    /// The line that was too late for the last run.
    held: Option<(Vec<u8>, u64, u64, bool)>,
    told: u64,
}

impl Feed {
    fn open(source: &Source, index: usize, cap: usize, aside: &mut Aside) -> Option<Self> {
        let path = source.path.clone();
        let near = logs::look(&path).map_or(Millis(0), |look| look.modified);
        match LineReader::open(&path, cap) {
            Ok(lines) => {
                let log = LogReader::new(source, &path, source_ix(index), Millis(0), near, aside);
                Some(Self { path, lines, log, held: None, told: 0 })
            }
            Err(cause) => {
                aside.problems.push(Problem::CannotRead { path, cause: cause.to_string() });
                None
            }
        }
    }

    fn read_ahead(self, readers: &Readers) -> Self {
        Self { lines: self.lines.read_ahead(readers), ..self }
    }

    /// Gives events up to `limit`; the time of the next one, none at the end. `tell` gets bytes newly read.
    fn run(
        &mut self,
        limit: Millis,
        each: &mut dyn FnMut(&Event<'_>),
        aside: &mut Aside,
        tell: &mut dyn FnMut(u64),
    ) -> Option<Later> {
        if let Some((bytes, offset, number, cut)) = self.held.take() {
            let line = RawLine { offset, number, bytes: &bytes, cut };
            if let Err(later) = self.log.read(line, limit, each, aside) {
                self.held = Some((bytes, offset, number, cut));
                return Some(later);
            }
        }
        loop {
            let (read, _) = self.lines.progress();
            let line = match self.lines.next_line() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(cause) => {
                    let (path, cause) = (self.path.clone(), cause.to_string());
                    aside.problems.push(Problem::CannotRead { path, cause });
                    break;
                }
            };
            if line.number.is_multiple_of(STEP) {
                tell(read.saturating_sub(self.told));
                self.told = read;
            }
            if let Err(later) = self.log.read(line, limit, each, aside) {
                self.held = Some((line.bytes.to_vec(), line.offset, line.number, line.cut));
                return Some(later);
            }
        }
        None
    }
}
