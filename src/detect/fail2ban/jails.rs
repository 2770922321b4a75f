//! All imported jails: each line goes to those that read its log.

use std::collections::BTreeMap;
use std::path::Path;

use ipnet::IpNet;
use jiff::tz::TimeZone;

use crate::detect::fail2ban::date::Calendar;
use crate::detect::fail2ban::filter::{Compiler, FilterError};
use crate::detect::fail2ban::jail::{Jail, JailLine, JailRules, Tallies};
use crate::model::{Alert, Event};

/// The last year of dates that are believed: a detector has no clock but the log's.
const LAST_YEAR: i16 = 2090;

/// Imported jails at work.
#[derive(Debug, Default)]
pub struct Jails {
    all: Vec<Jail>,
    /// By source: its name and the jails that read it.
    sources: Vec<(String, Vec<usize>)>,
}

impl Jails {
    /// Jails that cannot be compiled are left out; [`check`] tells of them before.
    pub fn new(rules: &[JailRules]) -> Self {
        let compiler = Compiler::new(LAST_YEAR);
        let enabled = rules.iter().filter(|rules| rules.enabled);
        let all = enabled.filter_map(|rules| Jail::new(rules.clone(), &compiler, calendar()).ok()).collect();
        Self { all, sources: Vec::new() }
    }

    /// Names a source.
    pub fn source(&mut self, ix: usize, name: &str) {
        if self.all.is_empty() {
            return;
        }
        if self.sources.len() <= ix {
            self.sources.resize(ix + 1, (String::new(), Vec::new()));
        }
        let readers = self.all.iter().enumerate().filter(|(_, jail)| jail.rules().reads(Path::new(name)));
        let readers = readers.map(|(at, _)| at).collect();
        self.sources[ix] = (name.to_owned(), readers);
    }

    /// Shows one line to the jails of its log.
    pub fn see(&mut self, event: &Event<'_>, alerts: &mut Vec<Alert>) {
        let Some((file, readers)) = self.sources.get(event.at.source.0 as usize) else { return };
        let line = JailLine { file, at: event.at, now: event.now, stamp: event.stamp, raw: event.raw };
        for reader in readers {
            alerts.extend(self.all.get_mut(*reader).and_then(|jail| jail.see(&line)));
        }
    }

    /// Forgets what counts against the clients of a net.
    pub fn forget(&mut self, net: IpNet) {
        self.all.iter_mut().for_each(|jail| jail.forget(net));
    }

    /// What counts against whom, by jail.
    pub fn snapshot(&self) -> Vec<u8> {
        let all: BTreeMap<&str, &Tallies> = self.all.iter().map(|jail| (&*jail.rules().name, jail.tallies())).collect();
        serde_json::to_vec(&all).unwrap_or_default()
    }

    /// Goes on from a snapshot; jails that are gone are left out. False where the bytes are none.
    pub fn restore(&mut self, bytes: &[u8]) -> bool {
        let Ok(mut all) = serde_json::from_slice::<BTreeMap<String, Tallies>>(bytes) else { return false };
        for jail in &mut self.all {
            let tallies = all.remove(&jail.rules().name).unwrap_or_default();
            jail.restore(tallies);
        }
        true
    }
}

/// Whether a jail's patterns can be used.
///
/// # Errors
/// Why not.
pub fn check(rules: &JailRules) -> Result<(), FilterError> {
    Jail::new(rules.clone(), &Compiler::new(LAST_YEAR), calendar()).map(|_| ())
}

fn calendar() -> Calendar {
    Calendar { now: jiff::Timestamp::UNIX_EPOCH, zone: TimeZone::system() }
}
