//! Bans and limits in nf_tables: our own table, made by `nft -f` once, its elements over netlink with kernel timeouts.
//!
//! The table stands beside those of firewalld, ufw or docker and survives us: a restart leaves no gap.

mod change;
mod counters;
mod element;
mod error;
mod measure;
mod prefixes;
mod presence;
mod rules;
mod settings;
mod talk;
mod wire;

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use ipnet::IpNet;

pub use counters::Stopped;
pub use element::{Effect, Element};
pub use error::FilterError;
pub use measure::{Measured, measure};
pub use settings::{Ports, Settings, Trickle};
pub use wire::Held;

use super::Done;
use super::process;
use element::Set;
use prefixes::Prefixes;
use talk::Talk;

/// The table, and what we know of it.
pub struct PacketFilter {
    settings: Settings,
    talk: Talk,
    prefixes: BTreeMap<Set, Prefixes>,
    allow: Vec<IpNet>,
    /// As of our last look: while the generation stands, so does the table.
    seen: Option<Seen>,
}

struct Seen {
    generation: u32,
    rules: [u8; 32],
}

/// What `ensure` had to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// The table stood as we left it.
    Intact,
    /// It was made or mended; where `emptied`, elements are lost: add all of them again.
    Mended { emptied: bool },
}

impl PacketFilter {
    /// Opens the way to nf_tables in the network namespace of this thread; changes nothing yet.
    pub fn open(settings: Settings) -> Result<Self, FilterError> {
        let settings = settings.checked()?;
        Ok(Self { settings, talk: Talk::open()?, prefixes: BTreeMap::new(), allow: Vec::new(), seen: None })
    }

    /// Makes or mends the table. Cheap (8 µs) while nobody has changed anything: call it every second.
    pub fn ensure(&mut self) -> Result<Ensured, FilterError> {
        let generation = presence::generation(&mut self.talk).map_err(|cause| self.talked(cause))?;
        if self.seen.as_ref().is_some_and(|seen| seen.generation == generation) {
            self.uncover()?;
            return Ok(Ensured::Intact);
        }
        let rules = presence::rules_hash(&mut self.talk, &self.settings.table).map_err(|cause| self.talked(cause))?;
        let full = presence::sets_stand(&mut self.talk, &self.settings.table).map_err(|cause| self.talked(cause))?;
        match (&mut self.seen, rules) {
            (Some(seen), Some(rules)) if full && seen.rules == rules => {
                seen.generation = generation;
                self.uncover()?;
                Ok(Ensured::Intact)
            }
            _ => self.mend(!full),
        }
    }

    /// Whether one element stands in the kernel; never lists a set.
    pub fn get(&mut self, element: &Element) -> Result<Option<Held>, FilterError> {
        let set = element.place();
        if set.holds_intervals() {
            let ours = self.prefixes.get(&set).is_some_and(|prefixes| prefixes.holds(element.net, Instant::now()));
            if !ours {
                return Ok(None);
            }
        }
        let question = wire::get(&self.settings.table, set, Some(vec![wire::key(element.net.network(), None)]));
        let answers = presence::known(self.talk.ask(question)).map_err(|cause| self.talked(cause))?;
        let ends = answers.iter().flatten().flat_map(wire::ends).collect();
        Ok(wire::held(set, ends).first().map(|held| Held { net: element.net, ..*held }))
    }

    /// All that stands in the kernel, for looking at small sets: nf_tables walks a hash set from its start for every few
    /// hundred elements it tells, so 100 k take seconds and a million minutes.
    pub fn list(&mut self, effect: Effect) -> Result<Vec<Held>, FilterError> {
        let mut all = Vec::new();
        for set in Set::ALL.into_iter().filter(|set| set.counter().is_some()) {
            if set.limits() != (effect == Effect::Limit) {
                continue;
            }
            let mut ends = Vec::new();
            let question = wire::get(&self.settings.table, set, None);
            let taken = self.talk.dump(question, |answer| ends.extend(wire::ends(&answer)));
            taken.map_err(|cause| self.talked(cause))?;
            all.extend(wire::held(set, ends).into_iter().filter(|held| held.net.network() != set.sentinel()));
        }
        Ok(all)
    }

    /// How long ago a banned address, or one of a banned prefix, last came and was stopped; none where none did within a
    /// day. A prefix is looked for among all that came, at most 128 k.
    pub fn tried(&mut self, net: IpNet) -> Result<Option<Duration>, FilterError> {
        let set = if matches!(net, IpNet::V4(_)) { Set::Tried4 } else { Set::Tried6 };
        let mut ends = Vec::new();
        let table = &self.settings.table;
        let taken = if net.prefix_len() == net.max_prefix_len() {
            let question = wire::get(table, set, Some(vec![wire::key(net.network(), None)]));
            presence::known(self.talk.ask(question)).map(|answers| {
                ends.extend(answers.iter().flatten().flat_map(wire::ends));
            })
        } else {
            self.talk.dump(wire::get(table, set, None), |answer| ends.extend(wire::ends(&answer)))
        };
        taken.map_err(|cause| self.talked(cause))?;
        let inside = wire::held(set, ends).into_iter().filter(|held| net.contains(&held.net));
        Ok(inside.filter_map(|held| Some(rules::TRIED.saturating_sub(held.left?))).min())
    }

    /// Packets and bytes stopped so far, by counter name (`drop4`, `limit6`, …).
    pub fn counters(&mut self) -> Result<BTreeMap<&'static str, Stopped>, FilterError> {
        let names = Set::ALL.into_iter().filter_map(Set::counter);
        let mut counters = BTreeMap::new();
        for name in names {
            let read = counters::read(&mut self.talk, &self.settings.table, name);
            counters.insert(name, read.map_err(|cause| self.talked(cause))?);
        }
        Ok(counters)
    }

    /// Deletes the table with everything in it.
    pub fn delete_table(&mut self) -> Result<Done, FilterError> {
        self.seen = None;
        self.run(&rules::delete(&self.settings))?;
        let what = format!("deleted table inet {}", self.settings.table);
        Ok(Done { what, undo: "peelhouse guard makes it again from the active decisions".into() })
    }

    fn mend(&mut self, emptied: bool) -> Result<Ensured, FilterError> {
        let fresh = self.run(&rules::create(&self.settings));
        let emptied = match fresh {
            Err(FilterError::Refused { .. }) => {
                self.run(&rules::recreate(&self.settings))?;
                true
            }
            other => other.map(|()| emptied)?,
        };
        self.write_allowed()?;
        self.rewrite_intervals()?;
        let table = self.settings.table.clone();
        let look = |talk: &mut Talk| Ok((presence::generation(talk)?, presence::rules_hash(talk, &table)?));
        let (generation, rules) = look(&mut self.talk).map_err(|cause| self.talked(cause))?;
        self.seen = rules.map(|rules| Seen { generation, rules });
        Ok(Ensured::Mended { emptied })
    }

    /// Writes what we know of, and leaves alone what stands from an earlier run until it was listed.
    fn rewrite_intervals(&mut self) -> Result<(), FilterError> {
        for set in Set::ALL.into_iter().filter(|set| set.holds_intervals() && set.counter().is_some()) {
            let table = &self.settings.table;
            let stands = presence::set_stands(&mut self.talk, table, set).map_err(|cause| self.talked(cause))?;
            if !stands || self.prefixes.contains_key(&set) {
                self.rewrite(&[set])?;
            }
        }
        Ok(())
    }

    fn run(&self, script: &str) -> Result<(), FilterError> {
        let output = process::feed("nft", &["-f", "-"], script.as_bytes()).map_err(FilterError::Command)?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("Operation not permitted") {
            return Err(FilterError::NotPermitted);
        }
        let first = said.lines().next().unwrap_or("nothing").to_string();
        Err(FilterError::Refused { table: self.settings.table.clone(), said: first })
    }

    fn talked(&self, cause: io::Error) -> FilterError {
        match cause.kind() {
            io::ErrorKind::PermissionDenied => FilterError::NotPermitted,
            io::ErrorKind::NotFound => FilterError::Gone(self.settings.table.clone()),
            _ => FilterError::Talk(cause),
        }
    }
}
