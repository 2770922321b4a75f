//! What is added to the sets and removed from them: transactions of bounded size.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};

use super::element::Set;
use super::prefixes::Prefixes;
use super::{Effect, Element, FilterError, PacketFilter, talk, wire};
use crate::act::Done;

impl PacketFilter {
    /// Nets that are never dropped nor limited, whatever else is added. Said before the first `ensure`, there is no moment
    /// without them.
    pub fn allow(&mut self, nets: &[IpNet]) -> Result<Done, FilterError> {
        self.allow = IpNet::aggregate(&nets.to_vec());
        if self.seen.is_some() {
            self.write_allowed()?;
        }
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

    pub(super) fn uncover(&mut self) -> Result<(), FilterError> {
        let now = Instant::now();
        let stale: Vec<Set> =
            self.prefixes.iter().filter(|(_, prefixes)| prefixes.stale(now)).map(|(set, _)| *set).collect();
        self.rewrite(&stale)
    }

    pub(super) fn rewrite(&mut self, sets: &[Set]) -> Result<(), FilterError> {
        for set in sets {
            let nets = self.prefixes.entry(*set).or_default().disjoint(Instant::now());
            self.replace(*set, &nets)?;
        }
        Ok(())
    }

    pub(super) fn write_allowed(&mut self) -> Result<(), FilterError> {
        for set in [Set::Allow4, Set::Allow6] {
            let nets = self.allow.iter().filter(|net| matches!(net, IpNet::V4(_)) == set.is_v4());
            let nets: Vec<_> = nets.map(|net| (*net, None)).collect();
            self.replace(set, &nets)?;
        }
        Ok(())
    }

    /// Empties an interval set and fills it again, in one transaction.
    fn replace(&mut self, set: Set, nets: &[(IpNet, Option<Duration>)]) -> Result<(), FilterError> {
        let mut entries: Vec<wire::Entry> = nets.iter().flat_map(|(net, ttl)| wire::interval(*net, *ttl)).collect();
        if !nets.iter().any(|(net, _)| net.contains(&set.sentinel())) {
            entries.extend(wire::interval(IpNet::from(set.sentinel()), None));
        }
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
