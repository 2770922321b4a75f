//! Which suites a version takes: offered in lists, what was chosen taken out, until the server says no.

use std::thread;
use std::time::Duration;

use crate::formats::tls::Version;
use crate::formats::tls::ssl2;
use crate::probe::catalogue::{self, Suite};
use crate::probe::tls::ask::{Answer, Asker, Depth, Offer};
use crate::probe::tls::random;
use crate::probe::wire::Failure;

/// Servers exist that fail beyond 128.
const LONGEST_LIST: usize = 120;
/// Lists that are asked at the same time; each costs one connection beyond what it finds.
const LISTS: usize = 3;
/// A server may hang up for another reason than no: it is asked once more.
const PAUSE: Duration = Duration::from_millis(50);

/// What one version takes.
#[derive(Clone, Debug)]
pub struct Offered {
    pub version: Version,
    /// In the order in which the lists found them.
    pub suites: Vec<&'static Suite>,
    /// True: the server's own order decides; `None` with fewer than two suites.
    pub server_order: Option<bool>,
    /// Extensions had to be left out.
    pub bare: bool,
    pub certificate: Option<Vec<u8>>,
    /// Why not all is known.
    pub problem: Option<Failure>,
}

/// Looks at one version.
pub fn look(asker: Asker<'_>, version: Version) -> Offered {
    if version == Version::Ssl2 {
        return ssl2(asker);
    }
    let all = catalogue::of_version(version);
    let mut offered = lists(asker, version, &all, version == Version::Ssl3);
    if offered.suites.is_empty() && offered.problem.is_none() && !offered.bare && version < Version::Tls12 {
        offered = lists(asker, version, &all, true);
    }
    offered.server_order = order(asker, &offered);
    offered
}

fn lists(asker: Asker<'_>, version: Version, all: &[&'static Suite], bare: bool) -> Offered {
    let mut offered =
        Offered { version, suites: Vec::new(), server_order: None, bare, certificate: None, problem: None };
    let mut parts = deal(all).into_iter();
    // The first list alone: most versions that are off say so at once.
    let (first, over) = parts.next().map_or((Found::default(), true), |part| {
        let found = remove(asker, version, part, bare);
        let over = found.version_off || found.problem.as_ref().is_some_and(Failure::ends_all);
        (found, over)
    });
    let mut found = vec![first];
    if !over {
        found.extend(thread::scope(|scope| {
            let rest: Vec<_> = parts.map(|part| scope.spawn(move || remove(asker, version, part, bare))).collect();
            rest.into_iter().filter_map(|thread| thread.join().ok()).collect::<Vec<Found>>()
        }));
    }
    for part in found {
        offered.suites.extend(part.suites);
        offered.problem = offered.problem.or(part.problem);
    }
    offered
}

/// Deals the suites out, so that those of one family are spread over the lists.
fn deal(all: &[&'static Suite]) -> Vec<Vec<&'static Suite>> {
    let count = if all.len() < 16 { 1 } else { LISTS.max(all.len().div_ceil(LONGEST_LIST)) };
    (0..count).map(|from| all.iter().skip(from).step_by(count).copied().collect()).collect()
}

#[derive(Default)]
struct Found {
    suites: Vec<&'static Suite>,
    /// The version itself was refused.
    version_off: bool,
    problem: Option<Failure>,
}

fn remove(asker: Asker<'_>, version: Version, mut left: Vec<&'static Suite>, bare: bool) -> Found {
    let mut found = Found::default();
    while !left.is_empty() {
        let offer = Offer { bare, ..Offer::new(version, left.iter().map(|suite| suite.number()).collect()) };
        let answer = twice(asker, &offer);
        found.problem = answer.unclear().cloned();
        let Some(flight) = answer.of(version) else {
            let alert = matches!(answer, Answer::Alert(alert) if alert.code == 70);
            found.version_off = alert || matches!(answer, Answer::Took(_));
            return found;
        };
        let Some(at) = left.iter().position(|suite| suite.number() == flight.hello.suite) else {
            let number = flight.hello.suite;
            found.problem = Some(Failure::NotTls(format!("it chose suite 0x{number:04x}, which was not offered")));
            return found;
        };
        found.suites.push(left.remove(at));
    }
    found
}

/// Asks again where the server hung up or was slow.
pub fn twice(asker: Asker<'_>, offer: &Offer) -> Answer {
    let answer = asker.ask(offer, Depth::Hello);
    match &answer {
        Answer::Failed(failure) if !failure.ends_all() => {
            thread::sleep(PAUSE);
            asker.ask(offer, Depth::Hello)
        }
        _ => answer,
    }
}

/// The same choice from a list and from its reverse is the server's own.
fn order(asker: Asker<'_>, offered: &Offered) -> Option<bool> {
    if offered.suites.len() < 2 {
        return None;
    }
    let list: Vec<u16> = offered.suites.iter().map(|suite| suite.number()).take(LONGEST_LIST).collect();
    let chosen = |suites| {
        let offer = Offer { bare: offered.bare, ..Offer::new(offered.version, suites) };
        asker.ask(&offer, Depth::Hello).of(offered.version).map(|flight| flight.hello.suite)
    };
    let reversed = list.iter().rev().copied().collect();
    Some(chosen(list)? == chosen(reversed)?)
}

fn ssl2(asker: Asker<'_>) -> Offered {
    let all = catalogue::of_version(Version::Ssl2);
    let mut offered = Offered {
        version: Version::Ssl2,
        suites: Vec::new(),
        server_order: None,
        bare: true,
        certificate: None,
        problem: None,
    };
    match ssl2_hello(asker, &all) {
        Ok(hello) => {
            offered.suites = all.into_iter().filter(|suite| hello.ciphers.contains(&suite.code)).collect();
            offered.certificate = Some(hello.certificate).filter(|der| !der.is_empty());
        }
        Err(failure) => offered.problem = Some(failure).filter(|failure| !failure.is_no()),
    }
    offered
}

fn ssl2_hello(asker: Asker<'_>, all: &[&Suite]) -> Result<ssl2::ServerHello, Failure> {
    let codes: Vec<u32> = all.iter().map(|suite| suite.code).collect();
    let mut wire = asker.peer.connect()?;
    wire.send(&ssl2::client_hello(&codes, random()))?;
    let mut seen = Vec::new();
    loop {
        seen.extend(wire.receive()?);
        match ssl2::server_hello(&seen) {
            Ok(Some(hello)) => return Ok(hello),
            Ok(None) => {}
            // An alert, or anything else that is no SSLv2, is a no.
            Err(_) => return Err(Failure::Closed),
        }
    }
}
