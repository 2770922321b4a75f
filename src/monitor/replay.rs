//! Finished logs once more: any mix of files, merged by their log clocks.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use super::ahead::Readers;
use super::batch::{Batch, Found, Look, Ready, Take};
use super::follower::source_ix;
use super::problem::Problem;
use super::reader::{Aside, Later, LogReader};
use super::rotated::{LineReader, ReadError};
use super::source::Source;
use super::workers::{Ordered, Workers};
use crate::host::logs;
use crate::model::{Alert, At, Event, Millis, SourceIx};

/// What a replay came to.
#[derive(Debug, Default)]
pub struct Replayed {
    pub lines: u64,
    pub unparsed: u64,
    pub alarms: Vec<Alert>,
    /// Files left out, or not read to their end.
    pub problems: Vec<Problem>,
}

/// Lines between the first word of an event and its turn, and between the second and its turn: about as long as
/// memory takes to answer.
const SOON: usize = 12;
const SOONER: usize = 6;

/// `sources`: one file each, in any order; an event's source is its index there. With more than one of `threads` the
/// others unpack and read ahead; what comes of it is the same. `progress` gets bytes read and bytes there are, of the
/// files as they stand.
pub fn replay(
    sources: &[Source],
    cap: usize,
    threads: NonZeroUsize,
    each: &mut dyn FnMut(&Event<'_>),
    progress: &mut dyn FnMut(u64, u64),
) -> Replayed {
    replay_into(sources, cap, threads, &mut Each(each), progress)
}

/// The same for somebody who can look at events ahead of their turn.
pub fn replay_into<T: Take>(
    sources: &[Source],
    cap: usize,
    threads: NonZeroUsize,
    to: &mut T,
    progress: &mut dyn FnMut(u64, u64),
) -> Replayed {
    thread::scope(|scope| {
        let workers = Workers::start(scope, threads, cap, &mut || to.eyes());
        Replay { cap, threads, to, workers, aside: Aside::default() }.run(sources, progress)
    })
}

/// One run.
struct Replay<'t, T: Take> {
    cap: usize,
    threads: NonZeroUsize,
    to: &'t mut T,
    workers: Workers<T::Look>,
    aside: Aside,
}

impl<T: Take> Replay<'_, T> {
    fn run(mut self, sources: &[Source], progress: &mut dyn FnMut(u64, u64)) -> Replayed {
        let mut feeds: Vec<Feed<Found<T>>> =
            sources.iter().enumerate().filter_map(|(index, source)| self.open(source, index)).collect();
        let mut heap: BinaryHeap<Reverse<(Millis, usize)>> = BinaryHeap::new();
        for (index, feed) in feeds.iter_mut().enumerate() {
            // Runs to the first line with a time, and stops before it.
            let first = self.feed(feed, Millis(i64::MIN), &mut |_| {});
            heap.extend(first.map(|Later(at)| Reverse((at, index))));
        }
        let packed = feeds.iter().filter(|feed| feed.lines.is_packed()).count();
        let readers = Readers::start(self.threads, packed);
        let ahead = self.workers.ahead(feeds.len());
        let mut feeds: Vec<Feed<Found<T>>> = feeds.into_iter().map(|feed| feed.read_ahead(&readers, ahead)).collect();
        let total = feeds.iter().map(|feed| feed.lines.progress().1).sum();
        let mut done = 0;
        while let Some(Reverse((_, index))) = heap.pop() {
            let limit = heap.peek().map_or(Millis(i64::MAX), |Reverse((at, _))| *at);
            let Some(feed) = feeds.get_mut(index) else { continue };
            let mut tell = |more| {
                done += more;
                progress(done, total);
            };
            let next = self.feed(feed, limit, &mut tell);
            heap.extend(next.map(|Later(at)| Reverse((at, index))));
        }
        progress(total, total);
        Replayed {
            lines: feeds.iter().map(|feed| feed.log.health.lines).sum(),
            unparsed: feeds.iter().map(|feed| feed.log.health.unparsed).sum(),
            alarms: self.aside.alarms,
            problems: self.aside.problems,
        }
    }

    fn open(&mut self, source: &Source, index: usize) -> Option<Feed<Found<T>>> {
        let path = source.path.clone();
        let near = logs::look(&path).map_or(Millis(0), |look| look.modified);
        match LineReader::open(&path, self.cap) {
            Ok(lines) => {
                let ix = source_ix(index);
                let log = LogReader::new(source, &path, ix, Millis(0), near, &mut self.aside);
                Some(Feed {
                    path,
                    lines,
                    log,
                    ix,
                    ahead: 0,
                    number: 0,
                    told: 0,
                    ready: Ordered::default(),
                    batch: None,
                })
            }
            Err(cause) => {
                self.aside.problems.push(Problem::CannotRead { path, cause: cause.to_string() });
                None
            }
        }
    }

    /// Gives events up to `limit`; the time of the next one, none at the end. `tell` gets bytes newly read.
    fn feed(&mut self, feed: &mut Feed<Found<T>>, limit: Millis, tell: &mut dyn FnMut(u64)) -> Option<Later> {
        loop {
            if let Some(mut batch) = feed.batch.take() {
                let later = self.batch(feed, &mut batch, limit);
                if later.is_some() {
                    feed.batch = Some(batch);
                    return later;
                }
                tell(batch.read.saturating_sub(feed.told));
                feed.told = feed.told.max(batch.read);
                feed.ready.give_back(batch);
            }
            match feed.next(&mut self.workers) {
                Ok(Some(batch)) => feed.batch = Some(batch),
                Ok(None) => return None,
                Err(cause) => {
                    let (path, cause) = (feed.path.clone(), cause.to_string());
                    self.aside.problems.push(Problem::CannotRead { path, cause });
                    return None;
                }
            }
        }
    }

    fn batch(&mut self, feed: &mut Feed<Found<T>>, batch: &mut Batch<Found<T>>, limit: Millis) -> Option<Later> {
        let mut sure = false;
        loop {
            // The log can only have learnt what it looks like from a line that was read in its turn.
            if !sure && !batch.follows(feed.log.plan()) {
                self.workers.prepare(batch, feed.log.plan());
            }
            batch.ready(SOON).into_iter().for_each(|ready| self.to.announce(&ready.found));
            batch.ready(SOONER).into_iter().for_each(|ready| self.to.fetch(&ready.found));
            let ready = batch.ready(0)?;
            sure = ready.parts.is_some();
            if let Err(later) = self.line(feed, batch, ready, limit) {
                return Some(later);
            }
            batch.next += 1;
            feed.number += 1;
        }
    }

    fn line(
        &mut self,
        feed: &mut Feed<Found<T>>,
        batch: &Batch<Found<T>>,
        ready: &Ready<Found<T>>,
        limit: Millis,
    ) -> Result<(), Later> {
        let raw = batch.raw(ready, feed.number + 1);
        let Some(parts) = &ready.parts else {
            return feed.log.read(raw, limit, &mut |event| self.to.take(event, None), &mut self.aside);
        };
        let now = feed.log.admit(parts.stamp, limit)?;
        let at = At { source: feed.ix, offset: raw.offset, line: raw.number };
        self.to.take(&batch.event(parts, raw, at, now), Some(&ready.found));
        Ok(())
    }
}

/// One file on its way.
struct Feed<F> {
    path: PathBuf,
    lines: LineReader,
    log: LogReader,
    ix: SourceIx,
    /// Lines given.
    number: u64,
    /// Bytes told to the progress.
    told: u64,
    /// Batches under way at once.
    ahead: usize,
    ready: Ordered<F>,
    /// Where a line was too late for the last run.
    batch: Option<Batch<F>>,
}

impl<F: Default + Send> Feed<F> {
    fn read_ahead(self, readers: &Readers, ahead: usize) -> Self {
        Self { lines: self.lines.read_ahead(readers), ahead, ..self }
    }

    /// The next stretch of lines; those behind it are on their way.
    fn next<L: Look<Found = F>>(&mut self, workers: &mut Workers<L>) -> Result<Option<Batch<F>>, ReadError> {
        while self.ready.under_way() <= self.ahead && !self.ready.ended {
            let mut batch = self.ready.spare();
            match self.lines.next_stretch(&mut batch.stretch) {
                Ok(true) => {
                    (batch.read, batch.next) = (self.lines.progress().0, 0);
                    self.ready.order(workers, batch, self.log.plan());
                }
                Ok(false) => self.ready.ended = true,
                Err(cause) => {
                    self.ready.ended = true;
                    self.ready.damage = Some(cause);
                }
            }
        }
        match self.ready.next(workers) {
            Some(batch) => Ok(Some(batch)),
            None => self.ready.damage.take().map_or(Ok(None), Err),
        }
    }
}

/// Whoever takes events and looks at none of them ahead.
struct Each<'e>(&'e mut dyn FnMut(&Event<'_>));

struct NoEyes;

impl Look for NoEyes {
    type Found = ();
    fn look(&mut self, _: &Event<'_>, (): &mut ()) {}
}

impl Take for Each<'_> {
    type Look = NoEyes;
    fn eyes(&self) -> NoEyes {
        NoEyes
    }
    fn announce(&self, (): &()) {}
    fn fetch(&self, (): &()) {}
    fn take(&mut self, event: &Event<'_>, _: Option<&()>) {
        (self.0)(event);
    }
}
