//! Known weaknesses: those that follow from what a server takes are data, the others take a trial, one file each. Trials
//! are harmless forms: they show the fault without reading memory or changing a session.

mod ccs;
mod found;
mod heartbleed;
mod robot;

pub use found::{Verdict, Vulnerability, date, judge};

use std::thread;

use crate::formats::tls::Version;
use crate::probe::tls::ask::Asker;
use crate::probe::tls::certificate::Chain;
use crate::probe::tls::suites::Offered;

/// What a trial showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Found(String),
    Absent(String),
    CouldNotLook(String),
}

/// All trials at the same time; they need a handshake of SSLv3 to TLS 1.2.
pub fn trials(asker: Asker<'_>, versions: &[Offered], chains: &[Chain]) -> Vec<(&'static str, Outcome)> {
    let old = versions.iter().rev().find(|offered| (Version::Ssl3..Version::Tls13).contains(&offered.version));
    let Some(old) = old else {
        let modern = || Outcome::Absent("only TLS 1.3 is taken, which does not have it".to_owned());
        return ["heartbleed", "ccs-injection", "robot"].map(|id| (id, modern())).into();
    };
    thread::scope(|scope| {
        let running = [
            ("heartbleed", scope.spawn(|| heartbleed::look(asker, old))),
            ("ccs-injection", scope.spawn(|| ccs::look(asker, old, chains))),
            ("robot", scope.spawn(|| robot::look(asker, old, chains))),
        ];
        let lost = || Outcome::CouldNotLook("the trial broke off".to_owned());
        running.map(|(id, thread)| (id, thread.join().unwrap_or_else(|_| lost()))).into()
    })
}
