//! One log followed through everything that happens to its file: the chain of files that hold what is not read yet,
//! oldest first, the live one last.

use std::path::{Path, PathBuf};

use super::lineage::{self, Candidate, Unread};
use super::link::Link;
use super::tail::{Progress, Taker};
use super::{Begin, Options};
use crate::host::clock;
use crate::host::logs::{self, NoLog};
use crate::model::{Millis, Position};
use crate::monitor::line::BLOCK;
use crate::monitor::position::{ALL, head, tells};
use crate::monitor::problem::Problem;

#[derive(Debug)]
pub(super) struct Track {
    pub path: PathBuf,
    links: Vec<Link>,
    /// Where to begin, until that could be done.
    pending: Option<Begin>,
    absent: bool,
}

/// What a reading round came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// Everything there is was read.
    Idle,
    /// The budget is used up.
    More,
}

impl Track {
    /// Continues at `positions` (oldest first), or begins where told.
    pub fn new(path: PathBuf, positions: Vec<Position>, begin: Begin) -> Self {
        let known = !positions.is_empty();
        let links = positions.into_iter().filter(|position| position.inode != 0).map(Link::Known).collect();
        let pending = Some(if known { Begin::Known } else { begin });
        Self { path, links, pending, absent: true }
    }

    /// Everything that has to be found again; a log never seen gives a mark that says so.
    pub fn positions(&self) -> Vec<Position> {
        match self.pending {
            // It was never begun: next time is the first again.
            Some(Begin::End | Begin::Start) => Vec::new(),
            _ if self.links.is_empty() => vec![nowhere(&self.path)],
            _ => self.links.iter().map(|link| link.position(&self.path)).collect(),
        }
    }

    /// Compares the path with what is followed; `renamed` where its name is known to have changed hands. True where
    /// there is something to read.
    pub fn look(&mut self, renamed: bool, options: &Options, notes: &mut Vec<Problem>) -> Result<bool, NoLog> {
        if let Some(begin) = self.pending {
            self.begin(begin, options, notes)?;
            self.pending = None;
            return Ok(true);
        }
        let look = match logs::look(&self.path) {
            Err(NoLog::Absent) => {
                // It may have come and gone: then its text stands under a rotated name.
                if renamed || !self.absent {
                    self.retrace(options, notes)?;
                }
                return Ok(self.links.iter().any(|link| !matches!(link, Link::Done(_))));
            }
            other => other?,
        };
        match self.links.last_mut() {
            // Of a file never read, all may have been copied away and truncated: only its siblings tell.
            Some(Link::Open { tail, .. }) if tail.id == look.id && renamed && tail.offset == 0 => {}
            Some(Link::Open { tail, .. }) if tail.id == look.id && look.size >= tail.scanned => {
                let grown = look.size > tail.scanned;
                self.absent = false;
                return Ok(grown || self.links.len() > 1);
            }
            Some(last @ Link::Open { .. }) if last.file() == Some(look.id) => {
                *last = Link::Known(last.position(&self.path));
            }
            _ => {}
        }
        self.retrace(options, notes).map(|()| true)
    }

    /// Reads in order until all is read or `budget` bytes are.
    pub fn read(
        &mut self,
        budget: &mut usize,
        options: &Options,
        block: &mut Vec<u8>,
        each: &mut Taker<'_>,
        notes: &mut Vec<Problem>,
    ) -> Result<Round, NoLog> {
        let mut at = 0;
        while at < self.links.len() {
            let live = at + 1 == self.links.len() && !self.absent;
            let progress = self.read_link(at, live, options, block, each, notes)?;
            match progress {
                Progress::Read(count) => {
                    *budget = budget.saturating_sub(count);
                    if *budget == 0 {
                        return Ok(Round::More);
                    }
                }
                Progress::Idle => at += 1,
                Progress::Replaced => {
                    self.retrace(options, notes)?;
                    at = 0;
                }
            }
        }
        self.forget();
        Ok(Round::Idle)
    }

    /// Closes files that are rotated away and read, to make room for others. True where that helped.
    pub fn let_go(&mut self) -> bool {
        let last = self.links.len().saturating_sub(1);
        let mut helped = false;
        for link in self.links.iter_mut().take(last) {
            if let Link::Open { quiet: Some(_), .. } = link {
                *link = Link::Done(link.position(&self.path));
                helped = true;
            }
        }
        helped
    }

    fn begin(&mut self, begin: Begin, options: &Options, notes: &mut Vec<Problem>) -> Result<(), NoLog> {
        if begin == Begin::Known {
            return self.retrace(options, notes);
        }
        match logs::look(&self.path) {
            Ok(_) => {}
            Err(NoLog::Absent) => {
                self.mark();
                return Ok(());
            }
            Err(cause) => return Err(cause),
        }
        let live = lineage::live(&self.path)?;
        let (offset, line) = if begin == Begin::End { live.end()? } else { (0, 0) };
        let place = (offset, line, Millis(0));
        if offset == 0 {
            self.mark();
        }
        self.absent = false;
        self.add(live, place, options, notes);
        Ok(())
    }

    /// What was rotated before counts as read.
    fn mark(&mut self) {
        let newest = lineage::newest_sibling(&self.path);
        self.links = newest.map(|one| Link::all_of(&self.path, &one)).into_iter().collect();
    }

    /// Finds what holds unread text now.
    fn retrace(&mut self, options: &Options, notes: &mut Vec<Problem>) -> Result<(), NoLog> {
        let known: Vec<Position> = self.links.iter().map(|link| link.position(&self.path)).collect();
        let trace = lineage::trace(&self.path, &known)?;
        notes.extend(trace.closed.into_iter().map(|(path, cause)| {
            let cause = format!("cannot read the rotated log {}: {cause}", path.display());
            Problem::CannotRead { path, cause }
        }));
        self.absent = trace.unread.last().is_none_or(|last| !last.candidate.live);
        let found = trace.unread.iter().any(|unread| unread.known.is_some());
        let mut old: Vec<Option<Link>> = std::mem::take(&mut self.links).into_iter().map(Some).collect();
        let kept: Vec<Option<Link>> = trace.unread.iter().map(|unread| reuse(unread, &mut old)).collect();
        for link in old.into_iter().flatten() {
            match link {
                // Moved out of sight or deleted, yet still ours to read.
                Link::Open { .. } | Link::Packed(_) => self.links.push(link),
                Link::Known(position) if !found && tells(&position) => {
                    notes.push(Problem::Gone { path: self.path.clone(), offset: position.offset });
                }
                Link::Known(_) | Link::Done(_) => {}
            }
        }
        for (unread, kept) in trace.unread.into_iter().zip(kept) {
            match kept {
                Some(link) => self.links.push(link),
                None => {
                    let from = unread.known.and_then(|index| known.get(index));
                    let place = from.map_or((0, 0, self.now()), |from| (from.offset, from.line, from.now));
                    self.add(unread.candidate, place, options, notes);
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, candidate: Candidate, place: (u64, u64, Millis), options: &Options, notes: &mut Vec<Problem>) {
        let path = candidate.path.clone();
        match Link::new(&self.path, candidate, place, options.cap) {
            Ok(link) => self.links.push(link),
            Err(cause) => notes.push(Problem::CannotRead { path, cause: cause.to_string() }),
        }
    }

    fn read_link(
        &mut self,
        at: usize,
        live: bool,
        options: &Options,
        block: &mut Vec<u8>,
        each: &mut Taker<'_>,
        notes: &mut Vec<Problem>,
    ) -> Result<Progress, NoLog> {
        let Some(link) = self.links.get_mut(at) else { return Ok(Progress::Idle) };
        match link {
            Link::Done(_) | Link::Known(_) => Ok(Progress::Idle),
            Link::Packed(packed) => {
                let progress = packed.read(BLOCK, each).unwrap_or_else(|cause| {
                    notes.push(Problem::CannotRead { path: self.path.clone(), cause: cause.to_string() });
                    Progress::Idle
                });
                if progress == Progress::Idle {
                    *link = Link::Done(packed.position());
                }
                Ok(progress)
            }
            Link::Open { tail, quiet } => {
                let progress = tail.read(block, options.cap, each)?;
                match progress {
                    Progress::Read(_) => *quiet = None,
                    Progress::Idle if !live => {
                        let since = *quiet.get_or_insert(clock::monotonic());
                        if clock::monotonic().duration_since(since) >= options.drain {
                            tail.finish(block, options.cap, each)?;
                            *link = Link::Done(tail.position(&self.path));
                        }
                    }
                    Progress::Idle => {}
                    Progress::Replaced => *link = Link::Known(tail.position(&self.path)),
                }
                Ok(progress)
            }
        }
    }

    /// Of marks, only the newest is needed, and only until a later file tells itself.
    fn forget(&mut self) {
        let mut told = false;
        for at in (0..self.links.len()).rev() {
            let Some(link) = self.links.get(at) else { continue };
            if told && matches!(link, Link::Done(_)) {
                self.links.remove(at);
            } else {
                told |= link.tells();
            }
        }
    }

    fn now(&self) -> Millis {
        self.links.iter().map(|link| link.position(&self.path).now).max().unwrap_or_default()
    }
}

/// The link that reads, or has read, this text already.
fn reuse(unread: &Unread, old: &mut [Option<Link>]) -> Option<Link> {
    let slot = match unread.known {
        Some(index) => old.get_mut(index),
        None => old.iter_mut().find(|link| link.as_ref().is_some_and(|link| link.is_of(&unread.candidate))),
    };
    match slot?.take()? {
        Link::Known(position) if position.offset == ALL => Some(Link::Done(position)),
        Link::Known(_) => None,
        link => Some(link),
    }
}

/// Says of a log that it was followed and nothing of it read.
pub(super) fn nowhere(path: &Path) -> Position {
    let (head, head_len) = head(&[]);
    Position { path: path.to_path_buf(), device: 0, inode: 0, head, head_len, offset: 0, line: 0, now: Millis(0) }
}
