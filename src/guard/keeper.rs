//! The keeper: holds the hand, minds the reader, takes orders, keeps time.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, after, bounded, select};

use crate::act::service_manager::ServiceManager;
use crate::guard::assembly::Assembly;
use crate::guard::check::Check;
use crate::guard::control::Ask;
use crate::guard::engine::rules;
use crate::guard::error::GuardError;
use crate::guard::faults::Faults;
use crate::guard::hand::{Hand, Watched};
use crate::guard::message::{Place, Start, Status, ToKeeper, ToReader};
use crate::guard::said::Said;
use crate::guard::signals::Told;
use crate::guard::supervise::{Backoff, Heard, Reader, What};
use crate::guard::wire;
use crate::host::journal::{self, Journalctl};
use crate::host::{Host, clock};
use crate::model::Position;
use crate::monitor;
use crate::store::{Checkpoint, LoginSeen, StoreError};

/// Packet filter looked at, in case somebody changed it.
const LOOK: Duration = Duration::from_secs(1);
/// Administrators' sessions looked up.
const SESSIONS: Duration = Duration::from_secs(10);
/// Status told.
const STATUS: Duration = Duration::from_secs(60);
/// A reader that says nothing for so long hangs.
const SILENCE: Duration = Duration::from_secs(30);
/// How long the reader may take for its last checkpoint.
const LAST_WORD: Duration = Duration::from_secs(10);
/// Messages between the listening thread and here.
const HEARD: usize = 1024;

/// Found by PATH.
const JOURNALCTL: &str = "journalctl";
/// So long at least, where it works at all.
const JOURNAL_LIVES: Duration = Duration::from_secs(10);

/// What wakes the keeper, besides time.
pub struct Inputs {
    pub asks: Receiver<Ask>,
    pub told: Receiver<Told>,
}

/// How the keeper ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Stopped,
    /// The configuration is to be read again, and everything begun anew from the last checkpoint.
    Reload,
}

pub struct Keeper<'a> {
    hand: Hand,
    start: Start,
    check: Check,
    say: &'a mut dyn FnMut(&Said<'_>),
    reader: Option<Reader>,
    journal: Option<Journalctl>,
    run: u64,
    since: Instant,
    backoff: Backoff,
    assembly: Assembly,
    faults: Faults,
    heard_at: Instant,
    manager: ServiceManager,
    status: Status,
    heard: Receiver<Heard>,
    hears: Sender<Heard>,
    follows_journal: bool,
    /// Set while the reader takes its last checkpoint.
    ending: Option<(Ended, Instant)>,
    restart_at: Option<Instant>,
    /// Something waits for a store that could not be written.
    unwritten: bool,
    look_at: Instant,
    sessions_at: Instant,
    host: Host,
    status_at: Instant,
}

impl<'a> Keeper<'a> {
    /// `start`: what each reader is told first; its positions and snapshot come from the store anew each time.
    pub fn new(hand: Hand, start: Start, check: Check, say: &'a mut dyn FnMut(&Said<'_>)) -> Self {
        let (hears, heard) = bounded(HEARD);
        let now = clock::monotonic();
        Self {
            hand,
            follows_journal: start.journal,
            start,
            check,
            say,
            reader: None,
            journal: None,
            run: 0,
            since: now,
            backoff: Backoff::default(),
            assembly: Assembly::default(),
            faults: Faults::default(),
            heard_at: now,
            manager: ServiceManager::of_environment(),
            status: Status::default(),
            heard,
            hears,
            ending: None,
            restart_at: Some(now),
            unwritten: false,
            look_at: now,
            sessions_at: now,
            host: Host::live(),
            status_at: now + STATUS,
        }
    }

    /// Works until told to stop or reload.
    pub fn work(mut self, inputs: &Inputs) -> Result<Ended, GuardError> {
        loop {
            self.keep_time()?;
            if let Some(ended) = self.over() {
                self.finish()?;
                return Ok(ended);
            }
            let wait = self.next().saturating_duration_since(clock::monotonic());
            // While the disk is full nothing more is heard: it waits in the socket.
            let heard = if self.hand.is_stuck() { crossbeam_channel::never() } else { self.heard.clone() };
            select! {
                recv(heard) -> heard => if let Ok(heard) = heard { self.hear(heard)? },
                recv(inputs.asks) -> ask => if let Ok(ask) = ask { self.order(ask)? },
                recv(inputs.told) -> told => if let Ok(told) = told { self.told(told) },
                recv(after(wait)) -> _ => {}
            }
        }
    }

    fn next(&self) -> Instant {
        let ends = self.ending.map(|(_, by)| by);
        let times = [self.hand.commit_due(), self.restart_at, ends, Some(self.look_at), Some(self.status_at)];
        times.into_iter().flatten().min().unwrap_or(self.look_at)
    }

    fn keep_time(&mut self) -> Result<(), GuardError> {
        let now = clock::monotonic();
        if self.hand.commit_due().is_some_and(|due| due <= now) || self.hand.is_full() {
            self.commit(now)?;
        }
        if self.restart_at.is_some_and(|at| at <= now) && self.ending.is_none() {
            self.restart(now)?;
        }
        if self.look_at <= now {
            self.look_at = now + LOOK;
            self.look();
        }
        if self.status_at <= now {
            self.status_at = now + STATUS;
            let in_force = self.hand.in_force();
            (self.say)(&Said::Status { status: &self.status, in_force });
            self.hand.tidy(clock::now());
        }
        Ok(())
    }

    /// Every second: the table stands, leases run, administrators are known.
    fn look(&mut self) {
        self.manager.tell("WATCHDOG=1");
        self.mind_journal();
        self.mind_reader();
        if self.sessions_at <= clock::monotonic() {
            self.sessions_at = clock::monotonic() + SESSIONS;
            for problem in self.hand.refresh_sessions(&self.host) {
                self.problem(&problem);
            }
        }
        match self.hand.reconcile(clock::now()) {
            Ok(report) if report.emptied => {
                let text = format!("the packet filter had been emptied; {} bans and limits are back", report.added);
                self.problem(&text);
            }
            Ok(_) => {}
            Err(cause) => self.problem(&format!("cannot enforce: {cause}")),
        }
        self.hand.prove(clock::now(), self.say);
        if let Err(cause) = self.hand.keep_map(clock::now(), clock::monotonic()) {
            self.problem(&cause.to_string());
        }
    }

    fn restart(&mut self, now: Instant) -> Result<(), GuardError> {
        self.restart_at = None;
        self.run += 1;
        self.since = now;
        self.heard_at = now;
        self.assembly = Assembly::default();
        let saved = self.hand.reading().load_checkpoint()?.unwrap_or_default();
        let journal = self.follow_journal(&saved.positions);
        self.start.journal = journal.is_some();
        let mut reader = Reader::start(self.run, journal, &self.hears)?;
        self.start.care = self.faults.begins(saved.positions.clone());
        self.start.positions = saved.positions;
        self.start.snapshot = saved.snapshot.len() as u64;
        self.start.watch = self.hand.watch(clock::now())?;
        let start = ToReader::Start(Box::new(self.start.clone()));
        let sent = wire::write_message(&mut reader.to, &start)
            .and_then(|()| wire::write_chunks(&mut reader.to, &saved.snapshot));
        self.reader = Some(reader);
        if let Err(cause) = sent {
            self.lost(&format!("cannot be told what to read: {cause}"));
        }
        Ok(())
    }

    /// journalctl is started anew with each reader, where the last checkpoint left off.
    fn follow_journal(&mut self, positions: &[Position]) -> Option<OwnedFd> {
        self.journal = None;
        if !self.follows_journal {
            return None;
        }
        let rules = rules().unwrap_or_default();
        let programs: Vec<&str> = rules.programs().into_iter().collect();
        match journal::start(Path::new(JOURNALCTL), monitor::journal_cursor(positions), &programs) {
            Ok((program, out)) => {
                self.journal = Some(program);
                Some(out)
            }
            Err(cause) => {
                self.problem(&format!("cannot start {JOURNALCTL}, so logins are not seen: {cause}"));
                None
            }
        }
    }

    /// A journalctl that ended takes the reader with it: the next ones go on at the checkpoint. One that cannot even begin
    /// is not worth a reader each time.
    fn mind_journal(&mut self) {
        if self.journal.as_mut().is_none_or(Journalctl::is_running) {
            return;
        }
        self.journal = None;
        self.follows_journal = clock::monotonic().saturating_duration_since(self.since) > JOURNAL_LIVES;
        if self.follows_journal {
            self.lost("reads no journal any more, journalctl ended");
        } else {
            self.problem("journalctl ended at once, so logins are not seen; run `journalctl -n 1` to see why");
        }
    }

    /// A reader says how it fares every ten seconds, or it hangs.
    fn mind_reader(&mut self) {
        let silent = clock::monotonic().saturating_duration_since(self.heard_at);
        if silent > SILENCE && self.heard.is_empty() && !self.hand.is_stuck() {
            self.lost(&format!("said nothing for {} s", silent.as_secs()));
        }
    }

    fn hear(&mut self, heard: Heard) -> Result<(), GuardError> {
        if heard.run != self.run {
            return Ok(());
        }
        self.heard_at = clock::monotonic();
        match heard.what {
            What::LastWords(words) => self.problem(&format!("the reader said: {words}")),
            What::Gone(None) => self.lost("ended"),
            What::Gone(Some(cause)) => self.lost(&format!("sent {cause}")),
            What::Chunk(chunk) => match self.assembly.chunk(&chunk) {
                Ok(Some(point)) => self.checkpoint(point)?,
                Ok(None) => {}
                Err(cause) => self.lost(&format!("sent {cause}")),
            },
            What::Message(message) => self.message(*message)?,
        }
        Ok(())
    }

    fn message(&mut self, message: ToKeeper) -> Result<(), GuardError> {
        if let Err(cause) = self.assembly.outside() {
            self.lost(&format!("sent {cause}"));
            return Ok(());
        }
        if let Err(cause) = self.check.message(&message, clock::now()) {
            self.problem(&cause.to_string());
            return Ok(());
        }
        match message {
            ToKeeper::Hello { confined } => {
                let pid = self.reader.as_ref().map_or(0, Reader::pid);
                (self.say)(&Said::Reader { pid, confined });
                self.manager.tell("READY=1");
            }
            ToKeeper::Alert(alert) => self.hand.alert(*alert, clock::now(), clock::monotonic())?,
            ToKeeper::Sighting(sighting) => self.hand.sighting(&sighting, clock::monotonic(), self.say)?,
            ToKeeper::Login { user, client, service, at } => {
                let login = LoginSeen { address: client, user, service, at, admin: true };
                self.hand.login(login, clock::monotonic());
            }
            ToKeeper::Problem(text) => self.problem(&text),
            ToKeeper::Positions(positions) => {
                if let Err(cause) = self.assembly.positions(positions) {
                    self.lost(&format!("sent {cause}"));
                }
            }
            ToKeeper::Checkpoint { snapshot } => match self.assembly.begin(snapshot) {
                Ok(Some(point)) => self.checkpoint(point)?,
                Ok(None) => {}
                Err(cause) => self.lost(&format!("sent {cause}")),
            },
            ToKeeper::Status(status) => {
                self.hand.good_clients = u64::from(status.good_clients);
                self.status = status;
            }
            ToKeeper::Reads(place) => self.faults.reads(place),
            ToKeeper::Failed(cause) => return Err(GuardError::Refused(cause)),
        }
        Ok(())
    }

    fn order(&mut self, ask: Ask) -> Result<(), GuardError> {
        // Whoever was banned a moment ago can be freed.
        self.commit(clock::monotonic())?;
        let (answer, watched) = self.hand.order(&ask.order, &ask.by, clock::now());
        ask.answer(answer);
        self.tell_watched(watched);
        // Whoever was freed is not to wait for the next second.
        self.look_at = clock::monotonic();
        Ok(())
    }

    fn told(&mut self, told: Told) {
        let ended = if told == Told::Stop { Ended::Stopped } else { Ended::Reload };
        let by = clock::monotonic() + LAST_WORD;
        self.ending = Some((ended, by));
        self.tell(&ToReader::Stop);
    }

    /// The reader has had its last word, or its time is up.
    fn over(&self) -> Option<Ended> {
        let (ended, by) = self.ending?;
        (self.reader.is_none() || by <= clock::monotonic()).then_some(ended)
    }

    fn finish(&mut self) -> Result<(), GuardError> {
        if matches!(self.ending, Some((Ended::Stopped, _))) {
            self.manager.tell("STOPPING=1");
        }
        if let Some(reader) = self.reader.take() {
            reader.end();
        }
        self.commit(clock::monotonic())
    }

    fn commit(&mut self, now: Instant) -> Result<(), GuardError> {
        let outcome = self.hand.commit(now, self.say);
        self.written(outcome)
    }

    fn checkpoint(&mut self, point: Checkpoint) -> Result<(), GuardError> {
        let outcome = self.hand.checkpoint(point, clock::monotonic(), self.say);
        self.written(outcome)
    }

    /// A store that cannot be written is told of once, until it can; one that is damaged ends this keeper.
    fn written(&mut self, outcome: Result<Watched, StoreError>) -> Result<(), GuardError> {
        match outcome {
            Ok(watched) => {
                if std::mem::take(&mut self.unwritten) {
                    self.problem("the store can be written again, and what waited is in it");
                }
                self.tell_watched(watched);
            }
            Err(cause @ StoreError::Damaged { .. }) => return Err(cause.into()),
            Err(cause) if !self.unwritten => {
                self.unwritten = true;
                self.problem(&format!("{cause}; until then decisions are enforced, and written down later"));
            }
            Err(_) => {}
        }
        Ok(())
    }

    fn tell_watched(&mut self, watched: Watched) {
        if !watched.added.is_empty() {
            self.tell(&ToReader::Watch(watched.added));
        }
        if !watched.pardoned.is_empty() {
            self.tell(&ToReader::Forget(watched.pardoned));
        }
    }

    fn tell(&mut self, message: &ToReader) {
        if let Some(reader) = &mut self.reader {
            // A reader that is gone is heard of by its end of the socket.
            let _ = wire::write_message(&mut reader.to, message);
        }
    }

    /// The reader is gone, or cannot be listened to any more: another one takes over from the last checkpoint.
    fn lost(&mut self, why: &str) {
        let Some(reader) = self.reader.take() else { return };
        let ended = reader.end();
        if self.ending.is_some() {
            return;
        }
        let now = clock::monotonic();
        let pause = self.backoff.pause(now.saturating_duration_since(self.since));
        self.restart_at = Some(now + pause);
        self.problem(&format!("the reader {why} ({ended}); the next one starts in {} ms", pause.as_millis()));
        if let Some(Place { path, offset, line }) = self.faults.died() {
            let place = format!("{}:{line} (byte {offset})", path.display());
            self.problem(&format!(
                "the reader dies of {place}; that line is skipped from now on: keep it and report it"
            ));
        }
    }

    fn problem(&mut self, text: &str) {
        (self.say)(&Said::Problem { text });
    }
}
