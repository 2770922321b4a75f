//! Follows files by name through rotation, truncation, links and absence; every line once, in order.

mod glob;
mod lineage;
mod link;
mod siblings;
mod tail;
mod track;
mod watch;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use self::track::{Round, Track, nowhere};
use self::watch::{Change, Watch};
use super::line::{After, MAX_LINE, RawLine};
use super::problem::Problem;
use crate::host::clock;
use crate::host::logs::{self, NoLog};
use crate::model::Position;

/// Where a log begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// After its last whole line.
    End,
    /// With its first line.
    Start,
    /// Where its positions say; with nothing read if they say nothing.
    Known,
}

#[derive(Clone, Debug)]
pub struct Options {
    /// Of a log without a position: read it from its first line instead of its end.
    pub from_start: bool,
    /// Longest line kept whole, in bytes.
    pub cap: usize,
    /// How long a file that was rotated away is read on after its last line.
    pub drain: Duration,
    /// How often everything is looked at, whatever inotify says.
    pub look: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { from_start: false, cap: MAX_LINE, drain: Duration::from_secs(60), look: Duration::from_secs(1) }
    }
}

/// Bytes given in one call: a checkpoint is never far.
const BUDGET: usize = 4 << 20;
/// Problems kept for a caller who does not ask.
const MAX_NOTES: usize = 1000;
/// Bytes of one log before the next has its turn.
const TURN: usize = 1 << 20;

/// One followed log.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    pub index: usize,
    /// Index of the pattern it is of.
    pub pattern: usize,
    pub path: &'a Path,
}

/// Takes a line of a log.
pub type Each<'e> = dyn FnMut(Log<'_>, RawLine<'_>) -> After + 'e;

/// All followed files.
#[derive(Debug)]
pub struct Tailer {
    patterns: Vec<PathBuf>,
    options: Options,
    tracks: Vec<(usize, Track)>,
    /// Declared and resolved paths, to the index of a track.
    by_path: HashMap<PathBuf, usize>,
    watch: Watch,
    ready: VecDeque<usize>,
    queued: HashSet<usize>,
    looked: Option<Instant>,
    /// Last message about each path, so that it is said once.
    standing: BTreeMap<PathBuf, String>,
    notes: Vec<Problem>,
    block: Vec<u8>,
}

impl Tailer {
    /// `patterns`: absolute paths, `*` and `?` in any component. `positions`: from an earlier [`Tailer::positions`].
    pub fn new(patterns: Vec<PathBuf>, positions: Vec<Position>, options: Options) -> Self {
        let mut tailer = Self {
            patterns,
            options,
            tracks: Vec::new(),
            by_path: HashMap::new(),
            watch: Watch::new(),
            ready: VecDeque::new(),
            queued: HashSet::new(),
            looked: None,
            standing: BTreeMap::new(),
            notes: Vec::new(),
            block: Vec::new(),
        };
        tailer.begin(positions);
        tailer
    }

    /// Gives what there is, waiting up to `timeout` for the first of it. True where more is there
    /// already.
    pub fn poll(&mut self, timeout: Duration, each: &mut Each<'_>) -> bool {
        self.poll_with(timeout, None, each)
    }

    /// The same; input on `other` ends the waiting too.
    pub fn poll_with(&mut self, timeout: Duration, other: Option<BorrowedFd<'_>>, each: &mut Each<'_>) -> bool {
        self.look_out(timeout, other);
        self.read_on(each)
    }

    /// Waits up to `timeout` for lines, and finds the logs that are new; reads nothing yet.
    pub fn look_out(&mut self, timeout: Duration, other: Option<BorrowedFd<'_>>) {
        if self.ready.is_empty() {
            self.wait(timeout, other);
        }
        self.gather();
    }

    /// Gives what there is. True where more is there already.
    pub fn read_on(&mut self, each: &mut Each<'_>) -> bool {
        let mut left = BUDGET;
        while left > 0
            && let Some(index) = self.ready.pop_front()
        {
            self.queued.remove(&index);
            self.read(index, &mut left, each);
        }
        !self.ready.is_empty()
    }

    /// The next unread byte of every file, exact between calls of [`Tailer::poll`].
    pub fn positions(&self) -> Vec<Position> {
        let mut all: Vec<Position> = self.tracks.iter().flat_map(|(_, track)| track.positions()).collect();
        let globs = self.patterns.iter().filter(|pattern| glob::is_glob(pattern));
        all.extend(globs.map(|pattern| nowhere(pattern)));
        all
    }

    /// The logs by index; grows, never shrinks.
    pub fn log(&self, index: usize) -> Option<&Path> {
        self.tracks.get(index).map(|(_, track)| track.path.as_path())
    }

    /// What went wrong since the last call.
    pub fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.notes)
    }

    fn begin(&mut self, positions: Vec<Position>) {
        let first = if self.options.from_start { Begin::Start } else { Begin::End };
        let mut known: BTreeMap<PathBuf, Vec<Position>> = BTreeMap::new();
        for position in positions {
            known.entry(position.path.clone()).or_default().push(position);
        }
        for (index, pattern) in self.patterns.clone().into_iter().enumerate() {
            if !glob::is_glob(&pattern) {
                let positions = known.remove(&pattern).unwrap_or_default();
                self.add(index, pattern, positions, first);
                continue;
            }
            // A file that is new under a pattern followed before is new altogether.
            let followed = known.remove(&pattern).is_some();
            let begin = if followed { Begin::Known } else { first };
            let mut paths = live_names(&pattern);
            paths.extend(known.keys().filter(|path| glob::matches(&pattern, path)).cloned());
            paths.sort_unstable();
            paths.dedup();
            for path in paths {
                let positions = known.remove(&path).unwrap_or_default();
                self.add(index, path, positions, begin);
            }
        }
        self.look_at_all();
    }

    fn add(&mut self, pattern: usize, path: PathBuf, positions: Vec<Position>, begin: Begin) {
        let same = logs::resolve(&path).ok().is_some_and(|real| self.by_path.contains_key(&real));
        if same || self.by_path.contains_key(&path) {
            return;
        }
        self.by_path.insert(path.clone(), self.tracks.len());
        self.tracks.push((pattern, Track::new(path, positions, begin)));
    }

    fn wait(&mut self, timeout: Duration, other: Option<BorrowedFd<'_>>) {
        let until_look = self.looked.map_or(Duration::ZERO, |at| self.pause().saturating_sub(at.elapsed()));
        let Ok(timeout) = Timespec::try_from(timeout.min(until_look)) else { return };
        let fds = self.watch.fd().into_iter().chain(other);
        let mut fds: Vec<PollFd<'_>> = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        // A signal ends it early; the caller comes again.
        let _ = poll(&mut fds, Some(&timeout));
    }

    /// Thousands of logs are looked at less often.
    fn pause(&self) -> Duration {
        let each = u32::try_from(self.tracks.len()).unwrap_or(u32::MAX);
        self.options.look.max(Duration::from_millis(1).saturating_mul(each))
    }

    fn gather(&mut self) {
        let changes = self.watch.changes();
        for (path, change) in changes.paths {
            match (self.by_path.get(&path).copied(), change) {
                (Some(index), Change::Written) => self.queue(index),
                (Some(index), Change::Named) => self.look(index, true),
                (None, Change::Named) => match self.rotated_from(&path) {
                    Some(index) => self.look(index, true),
                    None => self.adopt(&path),
                },
                (None, Change::Written) => {}
            }
        }
        if changes.all || self.looked.is_none_or(|at| at.elapsed() >= self.pause()) {
            self.look_at_all();
        }
    }

    fn look_at_all(&mut self) {
        for (index, pattern) in self.patterns.clone().into_iter().enumerate() {
            if glob::is_glob(&pattern) {
                for path in live_names(&pattern) {
                    self.add(index, path, Vec::new(), Begin::Known);
                }
                let dirs = pattern.parent().map(glob::expand).unwrap_or_default();
                dirs.iter().for_each(|dir| self.watch_dir(dir));
            }
        }
        for index in 0..self.tracks.len() {
            self.watch_track(index);
            self.look(index, false);
        }
        self.looked = Some(clock::monotonic());
    }

    /// The followed log that this name is a rotation of.
    fn rotated_from(&self, path: &Path) -> Option<usize> {
        self.by_path.get(&path.with_file_name(siblings::stem(path.file_name()?)?)).copied()
    }

    /// A name that appeared and may be a new log.
    fn adopt(&mut self, path: &Path) {
        let fits =
            |pattern: &&PathBuf| glob::is_glob(pattern) && glob::matches(pattern, path) && is_live_name(pattern, path);
        let Some(pattern) = self.patterns.iter().position(|pattern| fits(&pattern)) else { return };
        let index = self.tracks.len();
        self.add(pattern, path.to_path_buf(), Vec::new(), Begin::Known);
        if self.tracks.len() > index {
            self.watch_track(index);
            self.look(index, false);
        }
    }

    /// Its directory, and that of what it links to.
    fn watch_track(&mut self, index: usize) {
        let Some(path) = self.tracks.get(index).map(|(_, track)| track.path.clone()) else { return };
        let mut paths = vec![path];
        if let Some(real) = paths.first().and_then(|path| logs::resolve(path).ok()) {
            self.by_path.insert(real.clone(), index);
            paths.push(real);
        }
        for dir in paths.iter().filter_map(|path| path.parent()) {
            self.watch_dir(dir);
        }
    }

    fn watch_dir(&mut self, dir: &Path) {
        match self.watch.add(dir) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                let cause = cause.to_string();
                self.say(dir, &cause, |dir, cause| Problem::NotWatched { dir, cause });
            }
            _ => {
                self.standing.remove(dir);
            }
        }
    }

    fn look(&mut self, index: usize, renamed: bool) {
        let Some((_, track)) = self.tracks.get_mut(index) else { return };
        let path = track.path.clone();
        match track.look(renamed, &self.options, &mut self.notes) {
            Ok(ready) => {
                self.standing.remove(&path);
                if ready {
                    self.queue(index);
                }
            }
            Err(cause) => self.failed(&path, &cause),
        }
    }

    fn read(&mut self, index: usize, left: &mut usize, each: &mut Each<'_>) {
        let Some((pattern, track)) = self.tracks.get_mut(index) else { return };
        let pattern = *pattern;
        let (path, cap) = (track.path.clone(), self.options.cap);
        let mut turn = TURN.min(*left);
        let before = turn;
        let mut long = None;
        let mut take = |line: RawLine<'_>| {
            // One a turn: whoever writes such lines shall not fill the memory with them.
            if line.cut && long.is_none() {
                long = Some(Problem::LongLine { path: path.clone(), line: line.number, cap });
            }
            each(Log { index, pattern, path: &path }, line)
        };
        let round = track.read(&mut turn, &self.options, &mut self.block, &mut take, &mut self.notes);
        *left = left.saturating_sub(before - turn);
        self.note(long);
        match round {
            Ok(Round::Idle) => {}
            Ok(Round::More) => self.queue(index),
            Err(cause) => self.failed(&path, &cause),
        }
    }

    fn queue(&mut self, index: usize) {
        if self.queued.insert(index) {
            self.ready.push_back(index);
        }
    }

    fn failed(&mut self, path: &Path, cause: &NoLog) {
        if matches!(cause, NoLog::TooManyOpen) && self.tracks.iter_mut().any(|(_, track)| track.let_go()) {
            // Room was made: the next look tries again.
            return;
        }
        if !matches!(cause, NoLog::Absent) {
            self.say(path, &cause.to_string(), |path, cause| Problem::CannotFollow { path, cause });
        }
    }

    fn say(&mut self, path: &Path, cause: &str, problem: impl FnOnce(PathBuf, String) -> Problem) {
        if self.standing.get(path).is_none_or(|said| said != cause) {
            self.standing.insert(path.to_path_buf(), cause.to_owned());
            self.note(Some(problem(path.to_path_buf(), cause.to_owned())));
        }
    }

    fn note(&mut self, problem: Option<Problem>) {
        if self.notes.len() < MAX_NOTES {
            self.notes.extend(problem);
        }
    }
}

fn live_names(pattern: &Path) -> Vec<PathBuf> {
    glob::expand(pattern).into_iter().filter(|path| is_live_name(pattern, path)).collect()
}

/// Not a rotation of another log of the same pattern.
fn is_live_name(pattern: &Path, path: &Path) -> bool {
    let Some(name) = path.file_name() else { return false };
    let rotated = siblings::stem(name).is_some_and(|stem| glob::matches(pattern, &path.with_file_name(stem)));
    !rotated && !siblings::is_packed(name)
}
