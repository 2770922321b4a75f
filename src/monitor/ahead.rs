//! Packed logs unpacked ahead on threads of their own; the text stays the same, byte by byte and error by error.

use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::line::BLOCK;

pub(super) type Text = Box<dyn Read + Send>;

/// Threads that fill blocks, for any number of files; they end when it and all its files are gone.
pub(super) struct Readers {
    jobs: Option<Sender<Job>>,
}

/// A block to fill, and where it is waited for.
struct Job {
    block: Block,
    reply: Sender<Block>,
}

/// A stretch of a text, together with what the next one is read from.
struct Block {
    text: Text,
    bytes: Vec<u8>,
    filled: usize,
    /// What came after the bytes.
    damage: Option<io::Error>,
}

impl Readers {
    /// `threads`: of all the work, the caller's own being one of them; `files`: more readers than that have no use.
    pub fn start(threads: NonZeroUsize, files: usize) -> Self {
        let (jobs, queue) = unbounded::<Job>();
        let started = (1..threads.get()).take(files).filter(|_| {
            let queue = queue.clone();
            thread::Builder::new().name("reads ahead".to_owned()).spawn(move || work(&queue)).is_ok()
        });
        // Without any, everything is read where it is used.
        let some = started.count() > 0;
        Self { jobs: some.then_some(jobs) }
    }

    pub fn ahead(&self, text: Text) -> Text {
        match &self.jobs {
            Some(jobs) => Box::new(Ahead::new(jobs.clone(), text)),
            None => text,
        }
    }
}

fn work(queue: &Receiver<Job>) {
    for Job { mut block, reply } in queue {
        block.fill();
        // Nobody waits where the file was given up.
        let _ = reply.send(block);
    }
}

impl Block {
    fn fill(&mut self) {
        self.filled = 0;
        while let Some(rest) = self.bytes.get_mut(self.filled..).filter(|rest| !rest.is_empty()) {
            match self.text.read(rest) {
                Ok(0) => break,
                Ok(count) => self.filled += count,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => {
                    self.damage = Some(cause);
                    break;
                }
            }
        }
    }
}

/// A text of which the next block is filled while one is used: never more than two.
struct Ahead {
    jobs: Sender<Job>,
    /// Until something is asked of it: of files that wait for their time nothing is read.
    fresh: Option<Text>,
    under_way: Option<Receiver<Block>>,
    bytes: Vec<u8>,
    from: usize,
    to: usize,
    damage: Option<io::Error>,
}

impl Ahead {
    fn new(jobs: Sender<Job>, text: Text) -> Self {
        Self { jobs, fresh: Some(text), under_way: None, bytes: Vec::new(), from: 0, to: 0, damage: None }
    }

    fn order(&mut self, text: Text, mut bytes: Vec<u8>) -> io::Result<()> {
        bytes.resize(BLOCK, 0);
        let (reply, under_way) = bounded(1);
        self.under_way = Some(under_way);
        let block = Block { text, bytes, filled: 0, damage: None };
        self.jobs.send(Job { block, reply }).map_err(|_| no_reader())
    }

    /// False at the end of the text.
    fn turn(&mut self) -> io::Result<bool> {
        if let Some(text) = self.fresh.take() {
            self.order(text, Vec::new())?;
        }
        if let Some(under_way) = self.under_way.take() {
            let block = under_way.recv().map_err(|_| no_reader())?;
            let used = std::mem::replace(&mut self.bytes, block.bytes);
            (self.from, self.to, self.damage) = (0, block.filled, block.damage);
            if self.to == self.bytes.len() && self.damage.is_none() {
                self.order(block.text, used)?;
            }
        }
        if self.from < self.to {
            return Ok(true);
        }
        self.bytes = Vec::new();
        self.damage.take().map_or(Ok(false), Err)
    }
}

impl Read for Ahead {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.from == self.to && !self.turn()? {
            return Ok(0);
        }
        let mut rest = self.bytes.get(self.from..self.to).unwrap_or_default();
        let count = rest.read(into)?;
        self.from += count;
        Ok(count)
    }
}

fn no_reader() -> io::Error {
    io::Error::other("the thread that read it ended; try --threads 1")
}
