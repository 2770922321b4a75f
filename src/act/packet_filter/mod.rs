//! Bans and limits in nf_tables: our own table, made by `nft -f` once, its elements over netlink with kernel timeouts.
//!
//! The table stands beside those of firewalld, ufw or docker and survives us: a restart leaves no gap.

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

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::Instant;

use ipnet::IpNet;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};

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

    /// Nets that are never dropped nor limited, whatever else is added.
    pub fn allow(&mut self, nets: &[IpNet]) -> Result<Done, FilterError> {
        self.allow = IpNet::aggregate(&nets.to_vec());
        self.write_allowed()?;
        let table = &self.settings.table;
        Ok(Done { what: format!("allowed {} nets in table inet {table}", self.allow.len()), undo: undo_all(table) })
    }

    /// Adds elements; those already there get the new timeout.
    pub fn add(&mut self, elements: &[Element]) -> Result<Done, FilterError> {
        let now = Instant::now();
        let touched = self.split(elements, |prefixes, element| prefixes.put(element.net, element.ttl, now));
        for chunk in elements.chunks(self.talk.per_transaction) {
            let hashed = by_set(chunk.iter());
            match self.transact(&hashed, &[Step::Create]) {
                // Older kernels keep the timeout of an element that is there: take it out and in again, at once.
                Err(Refusal { errno: libc::EEXIST, .. }) => {
                    let single = by_set(unique(chunk).values().copied());
                    self.transact(&single, &[Step::Add, Step::Delete, Step::Add]).map_err(|r| self.refused(r))?;
                }
                other => other.map_err(|refusal| self.refused(refusal))?,
            }
        }
        self.rewrite(&touched)?;
        Ok(self.done("added", "delete", elements))
    }

    /// Removes elements; those not there are none.
    pub fn remove(&mut self, elements: &[Element]) -> Result<Done, FilterError> {
        let touched = self.split(elements, |prefixes, element| prefixes.remove(element.net));
        for chunk in elements.chunks(self.talk.per_transaction) {
            let single = by_set(unique(chunk).values().copied());
            // To add first makes a deletion of what has lapsed succeed.
            self.transact(&single, &[Step::Add, Step::Delete]).map_err(|refusal| self.refused(refusal))?;
        }
        self.rewrite(&touched)?;
        Ok(self.done("removed", "add", elements))
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
        let held = answers.iter().flatten().flat_map(|answer| wire::held(set, answer)).next();
        Ok(held.map(|held| Held { net: element.net, ..held }))
    }

    /// All single addresses and /64 that stand in the kernel: once at start, to find what was ended while we were away.
    pub fn list(&mut self, effect: Effect) -> Result<Vec<Held>, FilterError> {
        let sets: &[Set] = match effect {
            Effect::Drop => &[Set::Drop4, Set::Drop6, Set::Drop6Net64],
            Effect::Limit => &[Set::Limit4, Set::Limit6Net64],
        };
        let mut all = Vec::new();
        for set in sets {
            let question = wire::get(&self.settings.table, *set, None);
            let taken = self.talk.dump(question, |answer| all.extend(wire::held(*set, &answer)));
            taken.map_err(|cause| self.talked(cause))?;
        }
        let sentinels = Set::ALL.map(Set::sentinel);
        all.retain(|held| !sentinels.contains(&held.net.network()));
        Ok(all)
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
        let interval_sets: Vec<Set> = self.prefixes.keys().copied().collect();
        self.rewrite(&interval_sets)?;
        let table = self.settings.table.clone();
        let look = |talk: &mut Talk| Ok((presence::generation(talk)?, presence::rules_hash(talk, &table)?));
        let (generation, rules) = look(&mut self.talk).map_err(|cause| self.talked(cause))?;
        self.seen = rules.map(|rules| Seen { generation, rules });
        Ok(Ensured::Mended { emptied })
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

    /// Notes the prefixes among the elements; returns the interval sets to write anew.
    fn split(&mut self, elements: &[Element], note: impl Fn(&mut Prefixes, &Element)) -> Vec<Set> {
        let mut touched = Vec::new();
        for element in elements.iter().filter(|element| element.place().holds_intervals()) {
            let set = element.place();
            note(self.prefixes.entry(set).or_default(), element);
            if !touched.contains(&set) {
                touched.push(set);
            }
        }
        touched
    }

    fn uncover(&mut self) -> Result<(), FilterError> {
        let now = Instant::now();
        let stale: Vec<Set> =
            self.prefixes.iter().filter(|(_, prefixes)| prefixes.stale(now)).map(|(set, _)| *set).collect();
        self.rewrite(&stale)
    }

    fn rewrite(&mut self, sets: &[Set]) -> Result<(), FilterError> {
        for set in sets {
            let nets = self.prefixes.entry(*set).or_default().disjoint(Instant::now());
            let entries = nets.into_iter().flat_map(|(net, ttl)| wire::interval(net, ttl)).collect();
            self.replace(*set, entries)?;
        }
        Ok(())
    }

    fn write_allowed(&mut self) -> Result<(), FilterError> {
        for set in [Set::Allow4, Set::Allow6] {
            let nets = self.allow.iter().filter(|net| matches!(net, IpNet::V4(_)) == set.is_v4());
            let entries = nets.flat_map(|net| wire::interval(*net, None)).collect();
            self.replace(set, entries)?;
        }
        Ok(())
    }

    /// Empties an interval set and fills it again, in one transaction.
    fn replace(&mut self, set: Set, mut entries: Vec<wire::Entry>) -> Result<(), FilterError> {
        entries.extend(wire::interval(IpNet::from(set.sentinel()), None));
        let mut transaction = self.talk.begin();
        transaction.change(wire::flush(&self.settings.table, set), 0);
        for chunk in entries.chunks(wire::PER_MESSAGE) {
            transaction.change(wire::add(&self.settings.table, set, chunk.to_vec()), NLM_F_CREATE);
        }
        let committed = self.commit(transaction);
        committed.map_err(|cause| self.refused(Refusal { set, errno: cause.raw_os_error().unwrap_or(0), cause }))
    }

    fn transact(&mut self, hashed: &BTreeMap<Set, Vec<&Element>>, steps: &[Step]) -> Result<(), Refusal> {
        let Some(first) = hashed.keys().next().copied() else { return Ok(()) };
        let table = &self.settings.table;
        let mut transaction = self.talk.begin();
        for (set, elements) in hashed {
            for chunk in elements.chunks(wire::PER_MESSAGE) {
                for step in steps {
                    let entries = |ttl: bool| {
                        chunk.iter().map(|e| wire::key(e.net.network(), e.ttl.filter(|_| ttl))).collect::<Vec<_>>()
                    };
                    match step {
                        Step::Create => {
                            transaction.change(wire::add(table, *set, entries(true)), NLM_F_CREATE | NLM_F_EXCL)
                        }
                        Step::Add => transaction.change(wire::add(table, *set, entries(true)), NLM_F_CREATE),
                        Step::Delete => transaction.change(wire::delete(table, *set, entries(false)), 0),
                    }
                }
            }
        }
        let committed = self.commit(transaction);
        committed.map_err(|cause| Refusal { set: first, errno: cause.raw_os_error().unwrap_or(0), cause })
    }

    /// Keeps our view of the generation, unless somebody else changed something in between: then the next `ensure` looks.
    fn commit(&mut self, transaction: talk::Transaction) -> io::Result<()> {
        self.talk.commit(transaction)?;
        if let Some(seen) = &mut self.seen {
            seen.generation = seen.generation.wrapping_add(1);
        }
        Ok(())
    }

    fn refused(&self, refusal: Refusal) -> FilterError {
        let set = refusal.set.name();
        match refusal.errno {
            libc::EPERM | libc::EACCES => FilterError::NotPermitted,
            libc::ENOENT => FilterError::Gone(self.settings.table.clone()),
            libc::ENFILE | libc::ENOSPC => FilterError::Full { set },
            _ => FilterError::Elements { set, cause: refusal.cause },
        }
    }

    fn talked(&self, cause: io::Error) -> FilterError {
        match cause.kind() {
            io::ErrorKind::PermissionDenied => FilterError::NotPermitted,
            io::ErrorKind::NotFound => FilterError::Gone(self.settings.table.clone()),
            _ => FilterError::Talk(cause),
        }
    }

    fn done(&self, verb: &str, opposite: &str, elements: &[Element]) -> Done {
        let table = &self.settings.table;
        match elements {
            [one] => {
                let set = one.place().name();
                Done {
                    what: format!("{verb} {one} in set {set} of table inet {table}"),
                    undo: format!("nft {opposite} element inet {table} {set} '{{ {one} }}'"),
                }
            }
            many => {
                Done { what: format!("{verb} {} elements in table inet {table}", many.len()), undo: undo_all(table) }
            }
        }
    }
}

enum Step {
    /// Refused where an element is there already.
    Create,
    Add,
    Delete,
}

struct Refusal {
    set: Set,
    errno: i32,
    cause: io::Error,
}

fn undo_all(table: &str) -> String {
    format!("nft delete table inet {table}")
}

fn by_set<'a>(elements: impl Iterator<Item = &'a Element>) -> BTreeMap<Set, Vec<&'a Element>> {
    let mut sets: BTreeMap<Set, Vec<&Element>> = BTreeMap::new();
    for element in elements.filter(|element| !element.place().holds_intervals()) {
        sets.entry(element.place()).or_default().push(element);
    }
    sets
}

/// The last word on each address.
fn unique(elements: &[Element]) -> HashMap<(Effect, IpNet), &Element> {
    elements.iter().map(|element| ((element.effect, element.net), element)).collect()
}
