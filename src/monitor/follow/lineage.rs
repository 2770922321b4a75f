//! Which files hold what was not read yet of one log: the live file, and those it was rotated into, copied to or
//! compressed to since. One way for a start after downtime and for a rotation seen while following.

use std::ffi::OsString;
use std::fs::File;
use std::io::Seek;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::siblings::{self, Suffix};
use crate::host::logs::{self, Look, NoLog};
use crate::model::{Millis, Position};
use crate::monitor::line::BLOCK;
use crate::monitor::packing::{Packing, start_of_text};
use crate::monitor::position::{ALL, HEAD, is_of, tells};

/// One file that is, or was, the log.
#[derive(Debug)]
pub(super) struct Candidate {
    pub path: PathBuf,
    pub file: File,
    pub look: Look,
    pub packed: bool,
    /// The one that is written now, not rotated.
    pub live: bool,
    /// The first bytes of the text, at most [`HEAD`].
    pub start: Vec<u8>,
}

/// A file to read on from a known place, or whole.
#[derive(Debug)]
pub(super) struct Unread {
    pub candidate: Candidate,
    /// Index into what was known; none for a file never read.
    pub known: Option<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Trace {
    /// Oldest first; the live file last.
    pub unread: Vec<Unread>,
    /// Known texts that are nowhere any more.
    pub lost: Vec<usize>,
    /// Files that may belong here and cannot be read.
    pub closed: Vec<(PathBuf, String)>,
}

/// What is to be read, given how far each known text was (oldest first).
pub(super) fn trace(path: &Path, known: &[Position]) -> Result<Trace, NoLog> {
    let mut trace = Trace::default();
    let candidates = candidates(&real(path), &mut trace.closed)?;
    let mut owners: Vec<Option<usize>> = vec![None; candidates.len()];
    for (index, position) in known.iter().enumerate().filter(|(_, position)| tells(position)) {
        match find(position, &candidates, &owners) {
            Some(at) => set(&mut owners, at, index),
            None => trace.lost.push(index),
        }
    }
    let newest = owners.iter().rposition(Option::is_some);
    let told = known.iter().any(tells);
    let clock = known.last().map_or(Millis(0), |position| position.now);
    for (at, (candidate, owner)) in candidates.into_iter().zip(owners).enumerate() {
        let newer = match newest {
            Some(newest) => at > newest,
            // All known texts are gone: what was written after our last line is newer, and the live file is.
            None if told => candidate.live || (clock.0 > 0 && candidate.look.modified > clock),
            None => true,
        };
        if owner.is_some() || newer {
            trace.unread.push(Unread { candidate, known: owner });
        }
    }
    Ok(trace)
}

impl Candidate {
    /// Byte offset after the last whole line, and how many lines there are: reads all of it.
    pub fn end(&self) -> std::io::Result<(u64, u64)> {
        let mut block = vec![0; BLOCK];
        let (mut at, mut end, mut lines) = (0, 0, 0);
        loop {
            let count = self.file.read_at(&mut block, at)?;
            let read = block.get(..count).unwrap_or_default();
            if read.is_empty() {
                return Ok((end, lines));
            }
            lines += memchr::memchr_iter(b'\n', read).count() as u64;
            if let Some(last) = memchr::memrchr(b'\n', read) {
                end = at + last as u64 + 1;
            }
            at += count as u64;
        }
    }
}

/// The live file by itself.
pub(super) fn live(path: &Path) -> Result<Candidate, NoLog> {
    Ok(Candidate { live: true, ..open(path)? })
}

/// The newest file the log was rotated into, if any.
pub(super) fn newest_sibling(path: &Path) -> Option<Candidate> {
    let mut all = candidates(&real(path), &mut Vec::new()).ok()?;
    all.retain(|candidate| !candidate.live);
    all.pop()
}

fn set(owners: &mut [Option<usize>], at: usize, index: usize) {
    if let Some(owner) = owners.get_mut(at) {
        *owner = Some(index);
    }
}

/// The same inode first; then the same text under another.
fn find(position: &Position, candidates: &[Candidate], owners: &[Option<usize>]) -> Option<usize> {
    let fits = |(at, candidate): &(usize, &Candidate)| {
        owners.get(*at).is_some_and(Option::is_none)
            && is_of(position, &candidate.start)
            && reaches(position, candidate)
    };
    let same = |candidate: &Candidate| {
        (candidate.look.id.device, candidate.look.id.inode) == (position.device, position.inode)
    };
    let mut fitting = candidates.iter().enumerate().filter(fits);
    let newest = fitting.next_back()?;
    if same(newest.1) {
        return Some(newest.0);
    }
    Some(fitting.rev().find(|(_, candidate)| same(candidate)).map_or(newest.0, |(at, _)| at))
}

/// A plain file shorter than what was read of it is another.
fn reaches(position: &Position, candidate: &Candidate) -> bool {
    candidate.packed || position.offset == ALL || candidate.look.size >= position.offset
}

/// Rotations stand beside the file itself, not beside a link to it.
fn real(path: &Path) -> PathBuf {
    logs::resolve(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Rotated files oldest first, then the live one.
fn candidates(path: &Path, closed: &mut Vec<(PathBuf, String)>) -> Result<Vec<Candidate>, NoLog> {
    // Names move while they are listed: look again until two looks agree.
    for _ in 0..5 {
        closed.clear();
        let before = names(path)?;
        let found = open_all(path, &before, closed)?;
        if names(path)? == before
            && found.iter().all(|one| logs::look(&one.path).is_ok_and(|now| now.id == one.look.id))
        {
            return Ok(found);
        }
    }
    closed.clear();
    open_all(path, &names(path)?, closed)
}

fn names(path: &Path) -> Result<Vec<OsString>, NoLog> {
    let base = path.file_name().unwrap_or_default();
    let mut names = logs::names_from(dir(path), base).or_else(|cause| match NoLog::from(cause) {
        NoLog::Absent => Ok(Vec::new()),
        cause => Err(cause),
    })?;
    names.retain(|name| name == base || siblings::suffix(base, name).is_some());
    Ok(names)
}

fn dir(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn open_all(path: &Path, names: &[OsString], closed: &mut Vec<(PathBuf, String)>) -> Result<Vec<Candidate>, NoLog> {
    let base = path.file_name().unwrap_or_default();
    let suffixes: Vec<(&OsString, Suffix)> =
        names.iter().filter_map(|name| Some((name, siblings::suffix(base, name)?))).collect();
    // A packed file beside its unpacked one is being written: the unpacked one is whole.
    let doubled = |suffix: &Suffix| {
        suffix.packed && names.iter().any(|name| name.as_encoded_bytes() == suffix.unpacked.as_slice())
    };
    let mut rotated = Vec::new();
    for (name, suffix) in suffixes.iter().filter(|(_, suffix)| !doubled(suffix)) {
        let path = dir(path).join(name);
        match open(&path) {
            Ok(candidate) => rotated.push((suffix.age.clone(), candidate)),
            Err(NoLog::Absent) => {}
            Err(NoLog::TooManyOpen) => return Err(NoLog::TooManyOpen),
            Err(cause) => closed.push((path, cause.to_string())),
        }
    }
    let mixed = rotated.windows(2).any(|two| match two {
        [(a, _), (b, _)] => std::mem::discriminant(a) != std::mem::discriminant(b),
        _ => false,
    });
    // Numbers and dates mixed: the way of rotating changed, so only the times tell.
    if mixed {
        rotated.sort_by_key(|(_, candidate)| candidate.look.modified);
    } else {
        rotated.sort_by(|(a, _), (b, _)| a.cmp(b));
    }
    let mut found: Vec<Candidate> = rotated.into_iter().map(|(_, candidate)| candidate).collect();
    match open(path) {
        Ok(live) if live.packed => {
            return Err(NoLog::Other(std::io::Error::other("is written compressed; it can be replayed, not followed")));
        }
        Ok(live) => found.push(Candidate { live: true, ..live }),
        Err(NoLog::Absent) => {}
        Err(cause) => return Err(cause),
    }
    Ok(found)
}

fn open(path: &Path) -> Result<Candidate, NoLog> {
    let (file, look) = logs::open(path)?;
    let mut start = vec![0; HEAD];
    let length = file.read_at(&mut start, 0)?;
    start.truncate(length);
    let packed = match Packing::of(&start) {
        Packing::Plain => false,
        Packing::Gzip | Packing::Zstd => true,
        Packing::Foreign(packing) => {
            return Err(NoLog::Other(std::io::Error::other(format!(
                "{packing} is not supported; decompress it first"
            ))));
        }
    };
    if packed {
        let again = file.try_clone()?;
        start = start_of_text(path, again, HEAD).map_err(|cause| NoLog::Other(std::io::Error::other(cause)))?;
        // The clone shares its place in the file.
        (&file).rewind()?;
    }
    Ok(Candidate { path: path.to_path_buf(), file, look, packed, live: false, start })
}
