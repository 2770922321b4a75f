//! Starts the reader, listens to it, starts it again when it dies.

use std::io::{BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::Duration;

use crossbeam_channel::Sender;

use crate::act::process;
use crate::guard::error::GuardError;
use crate::guard::message::ToKeeper;
use crate::guard::throttle::Throttle;
use crate::guard::wire::{self, Frame, WireError};

/// Bytes of a dying reader's last words that are kept.
const LAST_WORDS: u64 = 4096;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A running reader.
pub struct Reader {
    child: Child,
    pub to: UnixStream,
}

/// What comes from a reader; `run` tells one reader from the one before.
pub struct Heard {
    pub run: u64,
    pub what: What,
}

pub enum What {
    Message(Box<ToKeeper>),
    Chunk(Vec<u8>),
    /// It can no longer be listened to: it ended, or broke the protocol.
    Gone(Option<WireError>),
    /// What it wrote to standard error, a panic for one.
    LastWords(String),
}

impl Reader {
    /// Starts this program again as the reader: its standard input a socket to here, its standard output (which it never
    /// writes to) the journal to read, where there is one.
    pub fn start(run: u64, journal: Option<OwnedFd>, heard: &Sender<Heard>) -> Result<Self, GuardError> {
        let (ours, theirs) = UnixStream::pair().map_err(GuardError::Start)?;
        let mut child = process::start_self("guard-reader", theirs.into(), journal).map_err(GuardError::Start)?;
        if let Some(stderr) = child.stderr.take() {
            let heard = heard.clone();
            thread::spawn(move || last_words(run, stderr, &heard));
        }
        let from = ours.try_clone().map_err(GuardError::Start)?;
        let heard = heard.clone();
        thread::spawn(move || listen(run, from, &heard));
        Ok(Self { child, to: ours })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it now, and says how it ended.
    pub fn end(mut self) -> String {
        let _ = self.to.shutdown(std::net::Shutdown::Both);
        let _ = self.child.kill();
        self.child.wait().map_or_else(|cause| cause.to_string(), |status| ending(&status))
    }
}

/// Words for how a process ended.
fn ending(status: &ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (_, Some(libc::SIGSYS)) => "it was killed for a system call outside its list".to_owned(),
        (_, Some(signal)) => format!("it was killed by signal {signal}"),
        (Some(code), None) => format!("it ended with code {code}"),
        (None, None) => "it ended".to_owned(),
    }
}

/// A flood is not dropped but slowed: the reader waits in its socket, and no line is lost.
fn listen(run: u64, from: UnixStream, heard: &Sender<Heard>) {
    let mut from = BufReader::new(from);
    let mut throttle = Throttle::new(crate::host::clock::monotonic());
    loop {
        let what = match next(&mut from) {
            Ok(Some(what)) => what,
            Ok(None) => What::Gone(None),
            Err(broken) => What::Gone(Some(broken)),
        };
        let last = matches!(what, What::Gone(_));
        if heard.send(Heard { run, what }).is_err() || last {
            return;
        }
        if let Some(pause) = throttle.message(crate::host::clock::monotonic()) {
            thread::sleep(pause);
        }
    }
}

fn next(from: &mut impl Read) -> Result<Option<What>, WireError> {
    Ok(match wire::read_frame(from, wire::MAX_MESSAGE)? {
        None => None,
        Some(Frame::Message(payload)) => Some(What::Message(Box::new(wire::parse(&payload)?))),
        Some(Frame::Chunk(chunk)) => Some(What::Chunk(chunk)),
    })
}

fn last_words(run: u64, stderr: impl Read, heard: &Sender<Heard>) {
    let mut words = Vec::new();
    let mut stderr = stderr.take(LAST_WORDS);
    if stderr.read_to_end(&mut words).is_ok() && !words.is_empty() {
        let words = String::from_utf8_lossy(&words).trim().to_owned();
        let _ = heard.send(Heard { run, what: What::LastWords(words) });
    }
}

/// How long to wait before the next start: doubling, and short again after a reader that lived.
#[derive(Default)]
pub struct Backoff(Option<Duration>);

impl Backoff {
    pub fn pause(&mut self, lived: Duration) -> Duration {
        let pause = match self.0 {
            Some(last) if lived < LONGEST_PAUSE => (last * 2).min(LONGEST_PAUSE),
            _ => FIRST_PAUSE,
        };
        self.0 = Some(pause);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_a_life_makes_them_short_again() {
        let mut backoff = Backoff::default();
        let moment = Duration::from_millis(1);
        let pauses: Vec<Duration> = (0..12).map(|_| backoff.pause(moment)).collect();
        assert_eq!(pauses[0], FIRST_PAUSE);
        assert_eq!(pauses[1], FIRST_PAUSE * 2);
        assert_eq!(pauses[11], LONGEST_PAUSE);
        assert_eq!(backoff.pause(Duration::from_secs(60)), FIRST_PAUSE);
    }
}
