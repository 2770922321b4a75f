//! The reader: confined before it reads a byte that an attacker wrote. Logs → events → alerts, and no other way out.

use std::collections::BTreeSet;
use std::io::{BufWriter, Read, Write};
use std::iter;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use ipnet::IpNet;

use crate::detect::Engine;
use crate::guard::careful::Careful;
use crate::guard::confine;
use crate::guard::engine::engine_with;
use crate::guard::error::GuardError;
use crate::guard::message::{Start, Status, ToKeeper, ToReader};
use crate::guard::watch::Watch;
use crate::guard::wire::{self, Frame, WireError};
use crate::host::journal::JournalStream;
use crate::host::{Host, clock};
use crate::model::{Alert, Event, SourceIx, What};
use crate::monitor::{Follower, Options};

/// How long one look at the logs may wait for a line: bounds how late a message of the keeper is heard.
const WAIT: Duration = Duration::from_millis(500);
/// Checkpoints are at least this far apart, and take a tenth of the time at most.
const CHECKPOINT: Duration = Duration::from_secs(5);
const STATUS: Duration = Duration::from_secs(10);
/// Where evidence stands that is in no file.
const JOURNAL: &str = "journal";

/// Runs the reader on standard input, a socket to the keeper.
pub fn read() -> Result<(), GuardError> {
    let stdin = rustix::stdio::stdin().as_fd().try_clone_to_owned().map_err(GuardError::Start)?;
    let mut from = UnixStream::from(stdin);
    if rustix::net::getpeername(&from).is_err() {
        return Err(GuardError::NotAReader);
    }
    let mut to = from.try_clone().map_err(GuardError::Start)?;
    match Reading::begin(&mut from, &mut to) {
        Ok(mut reading) => {
            // Whatever cuts the connection, the keeper has gone or let us go.
            let _ = reading.work(from);
        }
        Err(cause) => drop(wire::write_message(&mut to, &ToKeeper::Failed(cause))),
    }
    Ok(())
}

struct Reading {
    to: BufWriter<UnixStream>,
    care: Careful,
    engine: Engine,
    follower: Follower,
    watch: Watch,
    alerts: Vec<Alert>,
    logins: Vec<ToKeeper>,
    status: Status,
    checkpoint_at: Instant,
    status_at: Instant,
    lines_at_checkpoint: u64,
    /// Logs whose names are known.
    named: u32,
    /// Said once it is on record where the logs stand.
    first_words: Vec<ToKeeper>,
}

impl Reading {
    /// Confinement comes between the keeper's word and the first look at a log.
    fn begin(from: &mut UnixStream, to: &mut UnixStream) -> Result<Self, String> {
        let start = first(from)?;
        // While their files can still be read.
        let rules = start.rules.load(&Host::live());
        let unused = rules.said();
        let confined = confined(&start)?;
        let snapshot = snapshot(from, start.snapshot)?;
        let mut engine = engine_with(rules.set, start.settings, start.seed);
        let problem = match engine.restore(&snapshot) {
            Err(cause) if !snapshot.is_empty() => {
                Some(format!("what was remembered cannot be read, counting begins anew: {cause}"))
            }
            _ => None,
        };
        let proxies: BTreeSet<IpNet> =
            start.sources.iter().flat_map(|source| source.real_ip.trusted.iter().copied()).collect();
        engine.proxies(proxies.into_iter().collect());
        let options = Options { from_start: start.from_start, ..Options::default() };
        let journal = if start.journal { Some(journal()?) } else { None };
        let mut follower = Follower::new(start.sources, start.positions.clone(), options);
        if let Some(journal) = journal {
            follower = follower.with_journal(journal, &start.positions);
        }
        let problems = unused.into_iter().chain(problem).map(ToKeeper::Problem);
        let first_words = iter::once(ToKeeper::Hello { confined }).chain(problems).collect();
        let now = clock::monotonic();
        let mut reading = Self {
            to: BufWriter::new(to.try_clone().map_err(|cause| cause.to_string())?),
            care: Careful::new(to.try_clone().map_err(|cause| cause.to_string())?, start.care),
            engine,
            follower,
            watch: Watch::new(start.watch),
            alerts: Vec::new(),
            logins: Vec::new(),
            status: Status::default(),
            checkpoint_at: now + CHECKPOINT,
            status_at: now,
            lines_at_checkpoint: 0,
            named: 0,
            first_words,
        };
        reading.name();
        Ok(reading)
    }

    fn work(&mut self, from: UnixStream) -> Result<(), WireError> {
        let orders = listen(from);
        // A reader that dies before its first checkpoint is followed by one that begins here, not at the end of the logs.
        self.checkpoint()?;
        for message in self.first_words.drain(..) {
            wire::write_message(&mut self.to, &message)?;
        }
        self.to.flush()?;
        loop {
            loop {
                match orders.try_recv() {
                    Ok(ToReader::Watch(nets)) => self.watch.add(nets),
                    Ok(ToReader::Forget(nets)) => self.forget(&nets)?,
                    Ok(ToReader::Stop) => return self.checkpoint(),
                    Ok(ToReader::Start(_)) => {}
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return Ok(()),
                }
            }
            self.look()?;
            self.keep_time()?;
            self.to.flush()?;
        }
    }

    /// On record at once, so that the next reader does not remember it either.
    fn forget(&mut self, nets: &[IpNet]) -> Result<(), WireError> {
        self.watch.remove(nets);
        nets.iter().for_each(|net| self.engine.forget(*net));
        self.checkpoint()
    }

    /// Reads what there is. An alert leaves at the line that raised it, not when the logs fall quiet.
    fn look(&mut self) -> Result<(), WireError> {
        self.follower.look_out(WAIT);
        self.name();
        let Self { to, care, engine, follower, watch, alerts, logins, status, .. } = self;
        let mut sent = Ok(());
        let more = follower.read_on(&mut |path, line| care.wants(path, line), &mut |event| {
            status.lines += 1;
            engine.see(event, alerts);
            watch.see(event);
            logins.extend(login(event));
            if (!alerts.is_empty() || !logins.is_empty()) && sent.is_ok() {
                sent = send(to, alerts, logins);
            }
        });
        if !more {
            care.relax()?;
        }
        sent
    }

    /// Names the logs that are new: evidence and sightings say where they stand.
    fn name(&mut self) {
        while let Some(path) = self.follower.path(SourceIx(self.named)) {
            let name = path.to_string_lossy().into_owned();
            self.engine.source(SourceIx(self.named), &name);
            self.watch.name(name);
            self.named += 1;
        }
    }

    fn keep_time(&mut self) -> Result<(), WireError> {
        let now = clock::monotonic();
        for sighting in self.watch.take(now) {
            wire::write_message(&mut self.to, &ToKeeper::Sighting(sighting))?;
        }
        for alarm in self.follower.alarms() {
            wire::write_message(&mut self.to, &ToKeeper::Alert(Box::new(alarm)))?;
        }
        for problem in self.follower.problems() {
            wire::write_message(&mut self.to, &ToKeeper::Problem(problem.to_string()))?;
        }
        if self.status_at <= now {
            self.status_at = now + STATUS;
            let states = self.follower.states();
            self.status.unparsed = states.iter().map(|state| state.unparsed).sum();
            self.status.files = u32::try_from(states.len()).unwrap_or(u32::MAX);
            self.status.good_clients = u32::try_from(self.engine.good_clients()).unwrap_or(u32::MAX);
            wire::write_message(&mut self.to, &ToKeeper::Status(self.status.clone()))?;
        }
        if self.checkpoint_at <= now && self.lines_at_checkpoint != self.status.lines {
            self.checkpoint()?;
            let took = clock::monotonic().saturating_duration_since(now);
            self.checkpoint_at = now + CHECKPOINT.max(took * 10);
        }
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), WireError> {
        self.lines_at_checkpoint = self.status.lines;
        for part in self.follower.positions().chunks(ToKeeper::MAX_POSITIONS) {
            wire::write_message(&mut self.to, &ToKeeper::Positions(part.to_vec()))?;
        }
        let snapshot = self.engine.snapshot();
        wire::write_message(&mut self.to, &ToKeeper::Checkpoint { snapshot: snapshot.len() as u64 })?;
        wire::write_chunks(&mut self.to, &snapshot)?;
        Ok(self.to.flush()?)
    }
}

fn send(to: &mut BufWriter<UnixStream>, alerts: &mut Vec<Alert>, logins: &mut Vec<ToKeeper>) -> Result<(), WireError> {
    for mut alert in alerts.drain(..) {
        alert
            .evidence
            .iter_mut()
            .filter(|line| line.file.is_empty())
            .for_each(|line| JOURNAL.clone_into(&mut line.file));
        wire::write_message(to, &ToKeeper::Alert(Box::new(alert)))?;
    }
    for login in logins.drain(..) {
        wire::write_message(to, &login)?;
    }
    Ok(to.flush()?)
}

/// Somebody who administers this host got in.
fn login(event: &Event<'_>) -> Option<ToKeeper> {
    let What::Login(login) = &event.what else { return None };
    let client = event.client.filter(|_| login.ok && login.admin)?.ip;
    let user: String = String::from_utf8_lossy(login.user).chars().take(64).collect();
    Some(ToKeeper::Login { user, client, service: login.service.to_owned(), at: event.now })
}

fn first(from: &mut impl Read) -> Result<Start, String> {
    match wire::read_frame(from, wire::MAX_START).map_err(|cause| cause.to_string())? {
        Some(Frame::Message(payload)) => match wire::parse(&payload) {
            Ok(ToReader::Start(start)) => Ok(*start),
            Ok(_) => Err("the keeper did not say where to start".to_owned()),
            Err(cause) => Err(cause.to_string()),
        },
        _ => Err("the keeper did not say where to start".to_owned()),
    }
}

fn confined(start: &Start) -> Result<bool, String> {
    let logs = start.sources.iter().map(|source| source.path.as_path());
    match confine::confine(start.account, &confine::readable(logs)) {
        Ok(()) => Ok(true),
        Err(_) if start.allow_unconfined => Ok(false),
        Err(cause) => Err(format!("{cause}; --allow-unconfined lets it work all the same, which is not advised")),
    }
}

/// The keeper gave it as standard output.
fn journal() -> Result<JournalStream, String> {
    let out = rustix::stdio::stdout().as_fd().try_clone_to_owned();
    out.and_then(JournalStream::of).map_err(|cause| format!("cannot read the journal: {cause}"))
}

fn snapshot(from: &mut impl Read, size: u64) -> Result<Vec<u8>, String> {
    let mut snapshot = Vec::new();
    while (snapshot.len() as u64) < size {
        match wire::read_frame(from, wire::MAX_START).map_err(|cause| cause.to_string())? {
            Some(Frame::Chunk(chunk)) => snapshot.extend_from_slice(&chunk),
            _ => return Err("the snapshot ended early".to_owned()),
        }
    }
    Ok(snapshot)
}

/// The channel is cut when the keeper is gone.
fn listen(mut from: UnixStream) -> Receiver<ToReader> {
    let (send, orders) = bounded(64);
    thread::spawn(move || {
        while let Ok(Some(Frame::Message(payload))) = wire::read_frame(&mut from, wire::MAX_START) {
            let Ok(order) = wire::parse(&payload) else { return };
            if send.send(order).is_err() {
                return;
            }
        }
    });
    orders
}
