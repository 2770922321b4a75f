//! Connections to one server: how many at once, how long and how many bytes each is bounded, whatever the server does.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::host::clock;

/// What looking at one server may cost.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections to a target at the same time.
    pub at_once: usize,
    /// Connections to a target in all.
    pub connections: usize,
    /// For one connection, from opening it to its last byte.
    pub answer: Duration,
    /// For one target in all.
    pub target: Duration,
    /// Read from one connection.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            at_once: 6,
            connections: 1_000,
            answer: Duration::from_secs(5),
            target: Duration::from_secs(120),
            bytes: 512 << 10,
        }
    }
}

/// Why a connection gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("cannot connect to {to}: {why}")]
    Unreachable { to: SocketAddr, why: String },
    #[error("no whole answer within {0} s")]
    Slow(u64),
    #[error("the connection was closed without an answer")]
    Closed,
    #[error("more than {0} bytes on one connection")]
    Endless(usize),
    #[error("the {0} s for this target are over")]
    OutOfTime(u64),
    #[error("the {0} connections for this target are used up")]
    OutOfConnections(usize),
    #[error("it stopped answering while it was looked at, so what was not seen may be there; try fewer connections")]
    Stopped,
    #[error("{0}")]
    NotTls(String),
}

impl Failure {
    /// A server that simply hangs up says no, as one with an alert does.
    pub fn is_no(&self) -> bool {
        *self == Self::Closed
    }

    /// Nothing more can be had of this target.
    pub fn ends_all(&self) -> bool {
        matches!(self, Self::OutOfTime(_) | Self::OutOfConnections(_) | Self::Unreachable { .. })
    }
}

/// One server that is looked at.
#[derive(Debug)]
pub struct Peer {
    pub address: SocketAddr,
    pub limits: Limits,
    until: Instant,
    opened: AtomicUsize,
    open: Mutex<usize>,
    freed: Condvar,
}

impl Peer {
    pub fn new(address: SocketAddr, limits: Limits) -> Self {
        let until = clock::monotonic() + limits.target;
        Self { address, limits, until, opened: AtomicUsize::new(0), open: Mutex::new(0), freed: Condvar::new() }
    }

    /// Connections opened so far.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    /// Opens a connection once there is room for it.
    pub fn connect(&self) -> Result<Wire<'_>, Failure> {
        let place = self.place()?;
        if self.opened.fetch_add(1, Ordering::Relaxed) >= self.limits.connections {
            return Err(Failure::OutOfConnections(self.limits.connections));
        }
        let now = clock::monotonic();
        let until = self.until.min(now + self.limits.answer);
        let unreachable = |cause: io::Error| Failure::Unreachable { to: self.address, why: cause.to_string() };
        let left = until.saturating_duration_since(now).max(Duration::from_millis(1));
        let stream = TcpStream::connect_timeout(&self.address, left).map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        Ok(Wire {
            stream,
            until,
            last: until,
            most: self.limits.bytes,
            left: self.limits.bytes,
            secs: self.limits.answer.as_secs(),
            _place: place,
        })
    }

    fn place(&self) -> Result<Place<'_>, Failure> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = self.until.saturating_duration_since(clock::monotonic());
            if left.is_zero() {
                return Err(Failure::OutOfTime(self.limits.target.as_secs()));
            }
            if *open < self.limits.at_once.max(1) {
                *open += 1;
                return Ok(Place(self));
            }
            open = self.freed.wait_timeout(open, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Room for one connection, given back when dropped.
#[derive(Debug)]
struct Place<'a>(&'a Peer);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        *open = open.saturating_sub(1);
        self.0.freed.notify_one();
    }
}

/// One connection. Its deadline holds for all reads together, so dripping bytes win nothing.
#[derive(Debug)]
pub struct Wire<'a> {
    stream: TcpStream,
    until: Instant,
    /// What `until` is at most.
    last: Instant,
    most: usize,
    left: usize,
    secs: u64,
    _place: Place<'a>,
}

impl Wire<'_> {
    /// Waits no longer than `span` from now, nor beyond what one answer may take.
    pub fn wait_until(&mut self, span: Duration) {
        self.until = self.last.min(clock::monotonic() + span);
    }

    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.write_all(bytes).map_err(|cause| self.failure(&cause))
    }

    /// The next bytes, at least one; a closed connection is a failure.
    pub fn receive(&mut self) -> Result<Vec<u8>, Failure> {
        let mut buffer = vec![0; 8 << 10];
        if self.left == 0 {
            return Err(Failure::Endless(self.most));
        }
        match self.read(&mut buffer) {
            Ok(0) => Err(Failure::Closed),
            Ok(count) => {
                buffer.truncate(count);
                Ok(buffer)
            }
            Err(cause) => Err(self.failure(&cause)),
        }
    }

    fn wait(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(clock::monotonic());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }

    fn failure(&self, cause: &io::Error) -> Failure {
        match cause.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Failure::Slow(self.secs),
            io::ErrorKind::FileTooLarge => Failure::Endless(self.most),
            _ => Failure::Closed,
        }
    }
}

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.stream.set_read_timeout(Some(self.wait()?))?;
        let count = self.stream.read(buffer)?;
        self.left = self.left.saturating_sub(count);
        Ok(count)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.wait()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
