//! Everything that handshakes show, made of hellos alone; no TLS library stands between, except for the certificates of
//! servers that speak TLS 1.3 only.

pub mod ask;
pub mod certificate;
pub mod chains;
pub mod features;
pub mod groups;
pub mod modern;
pub mod primes;
pub mod suites;
pub mod trust;

use std::thread::{self, ScopedJoinHandle};

use crate::formats::tls::Version;
use crate::probe::tls::ask::{Answer, Asker, Depth, Offer};
use crate::probe::tls::certificate::Chain;
use crate::probe::tls::features::Features;
use crate::probe::tls::primes::Prime;
use crate::probe::tls::suites::Offered;
use crate::probe::tls::trust::Judge;
use crate::probe::weak::{self, Outcome};
use crate::probe::wire::Failure;

/// What handshakes showed.
#[derive(Debug)]
pub struct Seen {
    /// Versions that the server takes, oldest first.
    pub versions: Vec<Offered>,
    /// Versions that nothing can be said of, and why.
    pub unclear: Vec<(Version, Failure)>,
    pub groups: Vec<(Version, Vec<u16>)>,
    pub signatures: Vec<u16>,
    pub features: Features,
    pub chains: Vec<Chain>,
    /// Why there is no chain, where there is none.
    pub no_chain: Option<String>,
    pub primes: Vec<Prime>,
    /// What only a trial shows, by the id of the weakness.
    pub trials: Vec<(&'static str, Outcome)>,
}

/// Looks at all versions at the same time, then at what depends on them; an error where there is no TLS to look at.
pub fn look(asker: Asker<'_>, judge: &Judge) -> Result<Seen, Failure> {
    first_contact(asker)?;
    let all: Vec<Offered> = thread::scope(|scope| {
        let looking: Vec<_> = Version::ALL.map(|version| scope.spawn(move || suites::look(asker, version))).into();
        looking.into_iter().filter_map(joined).collect()
    });
    let mut unclear: Vec<(Version, Failure)> =
        all.iter().filter_map(|offered| Some((offered.version, offered.problem.clone()?))).collect();
    let versions: Vec<Offered> = all.into_iter().filter(|offered| !offered.suites.is_empty()).collect();
    if stopped(asker, &versions) {
        unclear.extend(Version::ALL.map(|version| (version, Failure::Stopped)));
    }
    Ok(details(asker, judge, versions, unclear))
}

/// True where a server no longer takes what it took: then hanging up was no "no" but a limit.
fn stopped(asker: Asker<'_>, versions: &[Offered]) -> bool {
    versions.iter().rev().find(|offered| offered.version > Version::Ssl2).is_some_and(|offered| {
        let offer = Offer { bare: offered.bare, ..Offer::new(offered.version, groups::numbers(&offered.suites)) };
        suites::twice(asker, &offer).of(offered.version).is_none()
    })
}

/// A target that cannot be reached, or speaks something else, is told at once.
fn first_contact(asker: Asker<'_>) -> Result<(), Failure> {
    let common =
        [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xc013, 0xc014, 0x009c, 0x002f, 0x0035, 0x000a];
    match asker.ask(&Offer::new(Version::Tls12, common.to_vec()), Depth::Hello) {
        Answer::Failed(failure) if !failure.is_no() => Err(failure),
        _ => Ok(()),
    }
}

fn details(asker: Asker<'_>, judge: &Judge, versions: Vec<Offered>, unclear: Vec<(Version, Failure)>) -> Seen {
    let old = versions.iter().rev().find(|offered| (Version::Ssl3..Version::Tls13).contains(&offered.version));
    let modern = versions.iter().find(|offered| offered.version == Version::Tls13);
    let all = versions.as_slice();
    thread::scope(|scope| {
        let groups: Vec<_> = [modern, old]
            .into_iter()
            .flatten()
            .map(|offered| scope.spawn(move || (offered.version, groups::look(asker, offered))))
            .collect();
        let signatures = old.map(|offered| scope.spawn(move || groups::signatures(asker, offered)));
        let features = scope.spawn(move || features::look(asker, all));
        let primes = old.map(|offered| scope.spawn(move || primes::look(asker, offered)));
        let chains = chains::look(asker, all, judge);
        let trials = weak::trials(asker, all, chains.as_ref().map_or(&[], |chains| chains.as_slice()));
        let (chains, no_chain) = chains.map_or_else(|why| (Vec::new(), Some(why)), |chains| (chains, None));
        Seen {
            groups: groups.into_iter().filter_map(joined).filter(|(_, found)| !found.is_empty()).collect(),
            signatures: signatures.and_then(joined).unwrap_or_default(),
            features: joined(features).unwrap_or_default(),
            primes: primes.and_then(joined).unwrap_or_default(),
            chains,
            no_chain,
            trials,
            unclear,
            versions: Vec::new(),
        }
    })
    .having(versions)
}

impl Seen {
    fn having(self, versions: Vec<Offered>) -> Self {
        Self { versions, ..self }
    }
}

fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> Option<T> {
    thread.join().ok()
}

/// Bytes nobody can guess; zeros where the system has none, which no check depends on.
pub fn random<const COUNT: usize>() -> [u8; COUNT] {
    let mut bytes = [0; COUNT];
    let _ = rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes);
    bytes
}
