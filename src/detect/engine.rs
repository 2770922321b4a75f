//! Runs the detectors it was handed over events, in their order; names none of them.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use ipnet::IpNet;

use crate::detect::behaviour::login;
use crate::detect::detector::Detector;
use crate::detect::fail2ban::Jails;
use crate::detect::look::{Look, Looked};
use crate::detect::memory::persist::{Persist, Reader};
use crate::detect::memory::{Memory, MemoryUse, SnapshotError};
use crate::detect::rules::{CorrelationHit, Correlator, Hit, RuleSet};
use crate::detect::seen::{RuleHit, Seen, Together, lately_hostile, sign, signs_of};
use crate::detect::settings::Settings;
use crate::detect::traffic;
use crate::model::{Alert, Client, Event, Severity, SourceIx, Standing, Subject, Via, What};

/// All that detection remembers, and what it does with the next event.
pub struct Engine {
    detectors: Vec<&'static Detector>,
    settings: Settings,
    memory: Memory,
    /// By [`SourceIx`]: the source's name and its index in the evidence ring.
    sources: Vec<(Box<str>, u32)>,
    rules: Arc<RuleSet>,
    /// Of scanners and correlations; that of the memory travels with a snapshot.
    seed: u64,
    look: Look,
    looked: Looked,
    correlator: Correlator,
    jails: Jails,
    correlated: Vec<CorrelationHit>,
    proxies: Vec<IpNet>,
}

const MAGIC: &[u8; 8] = b"peelmem\n";
const VERSION: u32 = 4;
const CHECKSUM: usize = 32;
/// Sources named by their place; beyond, evidence has no file name.
const MAX_SOURCES: usize = 65_536;

impl Engine {
    /// A detector listed by two measures runs once. `seed` is random in service, fixed in tests.
    pub fn new(detectors: &[&'static Detector], rules: Arc<RuleSet>, settings: Settings, seed: u64) -> Self {
        let mut once: Vec<&'static Detector> = Vec::new();
        for detector in detectors {
            if !once.iter().any(|known| known.id == detector.id) {
                once.push(detector);
            }
        }
        let memory = Memory::new(seed, &settings);
        Self {
            detectors: once,
            jails: Jails::new(&settings.jails),
            settings,
            sources: Vec::new(),
            seed,
            look: Look::new(Arc::clone(&rules), seed, memory.seed.clone()),
            looked: Looked::default(),
            memory,
            correlator: Correlator::new(Arc::clone(&rules), seed),
            rules,
            correlated: Vec::new(),
            proxies: Vec::new(),
        }
    }

    /// Names a source, for evidence.
    pub fn source(&mut self, ix: SourceIx, name: &str) {
        let at = ix.0 as usize;
        if at >= MAX_SOURCES {
            return;
        }
        if self.sources.len() <= at {
            self.sources.resize(at + 1, (Box::from(""), u32::MAX));
        }
        self.jails.source(at, name);
        self.sources[at] = (name.into(), self.memory.evidence.name(name));
    }

    /// Another pair of eyes on what events show by themselves. [`Engine::restore`] ends its use.
    pub fn eyes(&self) -> Look {
        Look::new(Arc::clone(&self.rules), self.seed, self.memory.seed.clone())
    }

    /// Looks at one event; adds what is wrong.
    pub fn see(&mut self, event: &Event<'_>, alerts: &mut Vec<Alert>) {
        let mut looked = std::mem::take(&mut self.looked);
        if event.client.is_some() {
            self.look.name(event, &mut looked);
            self.announce(&looked);
            self.look.scan(event, &mut looked);
        }
        self.take(event, &looked, alerts);
        self.looked = looked;
    }

    /// Asks for what will be needed of the memory for an event that comes soon; [`Engine::fetch`] follows.
    pub fn announce(&self, looked: &Looked) {
        self.memory.announce(looked.client, looked.path);
    }

    /// Asks for the client's record itself, some work after it was announced.
    pub fn fetch(&self, looked: &Looked) {
        self.memory.fetch(looked.client);
    }

    /// What [`Engine::see`] does once eyes of this engine have looked at the event.
    pub fn take(&mut self, event: &Event<'_>, looked: &Looked, alerts: &mut Vec<Alert>) {
        self.ask_jails(event, alerts);
        match event.client {
            Some(client) => self.take_line(event, client, looked, alerts),
            None => self.take_unaddressed(event, alerts),
        }
    }

    fn take_line(&mut self, event: &Event<'_>, client: Client, looked: &Looked, alerts: &mut Vec<Alert>) {
        let ip = client.ip.to_canonical();
        let now = u32::try_from(event.now.secs().max(0)).unwrap_or(u32::MAX);
        self.correlated.clear();
        if !looked.hits.is_empty() {
            self.correlator.see(event, &looked.hits, &mut self.correlated);
        }
        let slot = self.memory.client(ip, looked.client, now, &self.settings);
        let is_note = matches!(event.what, What::Note(_));
        let noted = if is_note { login::failure(event, &self.rules, &looked.hits) } else { None };
        let (hits, together) = named(&self.rules, &looked.hits, &self.correlated);
        let hostile = lately_hostile(&self.memory, slot, now, self.settings.success_window);
        let mut seen = Seen {
            event,
            slot,
            ip,
            via: client.via,
            now,
            signs: u16::from(!hits.is_empty()) * sign::HIT + u16::from(!together.is_empty()) * sign::CORRELATION,
            path: looked.path,
            noted,
            attempt: None,
            source: self.sources.get(event.at.source.0 as usize).map_or(u32::MAX, |(_, name)| *name),
            hits: &hits,
            together: &together,
        };
        if let What::Request(request) = &event.what {
            seen.signs |= signs_of(request, hostile);
            traffic::count(&mut seen, request, looked, &mut self.memory, &self.settings);
        }
        seen.attempt = login::attempt(&seen, &self.memory, &self.settings);
        login::learn(&seen, &mut self.memory, &self.settings);
        if let Some(attempt) = &seen.attempt {
            seen.signs |= sign::LOGIN | if hostile && attempt.ok { sign::AFTER_ATTACK } else { 0 };
        }
        run(&self.detectors, &seen, &mut self.memory, &self.settings, alerts);
    }

    /// Whom rules trust to be a proxy's address, never a client's; clients of applications may come through one.
    pub fn proxies(&mut self, nets: Vec<IpNet>) {
        self.proxies = nets;
    }

    /// A remark whose client stands in its message, where a rule knows to find it.
    fn take_unaddressed(&mut self, event: &Event<'_>, alerts: &mut Vec<Alert>) {
        if matches!(event.what, What::Request(_)) {
            return;
        }
        let mut looked = Looked::default();
        self.look.scan(event, &mut looked);
        match self.rules.client_of(event, looked.hits.iter().copied()) {
            Some(ip) if !self.proxies.iter().any(|net| net.contains(&ip)) => {
                let via = if self.proxies.is_empty() { Via::Direct } else { Via::PerhapsProxy };
                let client = Client { ip, via };
                let event = Event { client: Some(client), ..event.clone() };
                self.look.name(&event, &mut looked);
                self.take_line(&event, client, &looked, alerts);
            }
            _ => self.take_nameless(event, &looked, alerts),
        }
    }

    /// A failed login from nowhere counts for its user alone.
    fn take_nameless(&mut self, event: &Event<'_>, looked: &Looked, alerts: &mut Vec<Alert>) {
        let Some(failed) = login::failure(event, &self.rules, &looked.hits) else { return };
        let now = u32::try_from(event.now.secs().max(0)).unwrap_or(u32::MAX);
        let ip = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        let seen = Seen {
            event,
            slot: self.memory.client(ip, self.memory.seed.address(ip), now, &self.settings),
            ip,
            via: Via::Direct,
            now,
            signs: sign::NAMELESS,
            path: 0,
            noted: Some(failed),
            attempt: Some(login::Attempt { ok: false, weight: 1.0, service: failed.service, user: failed.user }),
            source: self.sources.get(event.at.source.0 as usize).map_or(u32::MAX, |(_, name)| *name),
            hits: &[],
            together: &[],
        };
        run(&self.detectors, &seen, &mut self.memory, &self.settings, alerts);
    }

    /// Imported jails see every line of their logs, also those that name no client to us.
    fn ask_jails(&mut self, event: &Event<'_>, alerts: &mut Vec<Alert>) {
        let from = alerts.len();
        self.jails.see(event, alerts);
        for alert in alerts.iter_mut().skip(from) {
            let Subject::Client(ip) = alert.subject else { continue };
            let now = u32::try_from(event.now.secs().max(0)).unwrap_or(u32::MAX);
            let slot = self.memory.client(ip, self.memory.seed.address(ip), now, &self.settings);
            self.memory.accuse(slot, now);
            alert.standing = self.memory.standing_of(ip);
        }
    }

    /// The rules that the last event with a client met.
    pub fn hits(&self) -> &[Hit] {
        &self.looked.hits
    }

    /// What is known of a client or prefix; of anything else nothing.
    pub fn standing(&self, who: &Subject) -> Standing {
        match who {
            Subject::Client(ip) => self.memory.standing_of(*ip),
            Subject::Prefix(net) => self.memory.standing_of_net(*net),
            _ => Standing::default(),
        }
    }

    /// Forgets what counts against the clients of a net, and the lines that showed it; the good they did stays.
    pub fn forget(&mut self, net: IpNet) {
        self.memory.pardon(net);
        self.jails.forget(net);
    }

    /// Clients with successful, unhostile traffic lately.
    pub fn good_clients(&self) -> u64 {
        self.memory.good_clients()
    }

    pub fn memory(&self) -> MemoryUse {
        self.memory.usage()
    }

    /// Everything remembered, with its version and checksum.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.memory.put(&mut body);
        let correlated: Box<[u8]> = self.correlator.snapshot().into();
        correlated.put(&mut body);
        let jails: Box<[u8]> = self.jails.snapshot().into();
        jails.put(&mut body);
        let mut out = MAGIC.to_vec();
        VERSION.put(&mut out);
        out.extend_from_slice(blake3::hash(&body).as_bytes());
        out.append(&mut body);
        out
    }

    /// Goes on where a snapshot was taken; on an error everything stays as it was.
    ///
    /// # Errors
    /// [`SnapshotError`] where the bytes are not a snapshot of this version, whole.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut from = Reader::new(bytes);
        if from.take(MAGIC.len()).map_err(|_| SnapshotError::Foreign)? != MAGIC {
            return Err(SnapshotError::Foreign);
        }
        match u32::get(&mut from)? {
            VERSION => {}
            other => return Err(SnapshotError::Version(other, VERSION)),
        }
        let checksum = from.take(CHECKSUM)?;
        if blake3::hash(from.rest()).as_bytes() != checksum {
            return Err(SnapshotError::Damaged);
        }
        let mut memory = Memory::get(&mut from, &self.settings)?;
        let correlated = Box::<[u8]>::get(&mut from)?;
        let jails = Box::<[u8]>::get(&mut from)?;
        if !from.rest().is_empty() {
            return Err(SnapshotError::Damaged);
        }
        self.correlator.restore(&correlated).map_err(|_| SnapshotError::Damaged)?;
        if !self.jails.restore(&jails) {
            return Err(SnapshotError::Damaged);
        }
        for (name, at) in self.sources.iter_mut().filter(|(_, at)| *at != u32::MAX) {
            *at = memory.evidence.name(name);
        }
        self.memory = memory;
        self.look = self.eyes();
        Ok(())
    }
}

fn run(
    detectors: &[&'static Detector],
    seen: &Seen<'_, '_>,
    memory: &mut Memory,
    settings: &Settings,
    alerts: &mut Vec<Alert>,
) {
    for detector in detectors.iter().filter(|detector| detector.wants & seen.signs != 0) {
        let Some(alert) = (detector.look)(seen, memory, settings) else { continue };
        let about_client = matches!(alert.subject, Subject::Client(_));
        if detector.accuses && about_client && alert.severity >= Severity::Medium {
            memory.accuse(seen.slot, seen.now);
        }
        alerts.push(alert);
    }
}

/// Hits with what their rules say of themselves; no allocation where there are none.
fn named<'r>(rules: &'r RuleSet, hits: &[Hit], correlated: &[CorrelationHit]) -> (Vec<RuleHit<'r>>, Vec<Together<'r>>) {
    let hits = hits.iter().filter_map(|hit| {
        let rule = rules.rule(hit.rule).filter(|rule| rule.alone)?;
        Some(RuleHit::of(rule, hit))
    });
    let together = correlated.iter().filter_map(|hit| {
        let correlation = rules.correlations().get(usize::from(hit.correlation.0)).filter(|known| known.alone)?;
        Some(Together {
            id: &correlation.id,
            title: &correlation.title,
            class: correlation.class,
            level: correlation.level,
            measured: hit.measured,
            unit: correlation.kind.unit(),
            window: correlation.timespan.as_secs(),
        })
    });
    (hits.collect(), together.collect())
}
