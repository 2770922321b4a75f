//! Which groups, signature algorithms and application protocols a server takes, each found by taking out what it chose.

use crate::formats::tls::Version;
use crate::formats::tls::client_hello::Extension;
use crate::formats::tls::server::KeyExchange;
use crate::probe::catalogue::{self, Suite};
use crate::probe::tls::ask::{Answer, Asker, Depth, Offer};
use crate::probe::tls::suites::Offered;

/// What clients ask for today, and what they asked for once.
const PROTOCOLS: [&str; 6] = ["h2", "http/1.1", "http/1.0", "h2c", "spdy/3.1", "spdy/3"];

/// The groups of a version, in the order in which the server chose them.
pub fn look(asker: Asker<'_>, offered: &Offered) -> Vec<u16> {
    match offered.version {
        Version::Tls13 => by_retry(asker, offered),
        _ => by_exchange(asker, offered),
    }
}

/// A hello without key share makes the server name the group it wants, hybrids too.
fn by_retry(asker: Asker<'_>, offered: &Offered) -> Vec<u16> {
    let mut offer = Offer::new(Version::Tls13, numbers(&offered.suites));
    let mut found = Vec::new();
    while !offer.groups.is_empty() {
        let answer = asker.ask(&offer, Depth::Hello);
        let Some(group) = answer.of(Version::Tls13).and_then(|flight| flight.hello.group()) else { break };
        if !take(&mut offer.groups, group) {
            break;
        }
        found.push(group);
    }
    found
}

/// Up to TLS 1.2 the curve stands in the key exchange message.
fn by_exchange(asker: Asker<'_>, offered: &Offered) -> Vec<u16> {
    let suites: Vec<&Suite> =
        offered.suites.iter().copied().filter(|suite| suite.exchange == "ECDHE" && suite.message().is_some()).collect();
    let mut found = Vec::new();
    if suites.is_empty() {
        return found;
    }
    let mut offer = Offer { bare: offered.bare, ..Offer::new(offered.version, numbers(&suites)) };
    offer.groups.retain(|code| !catalogue::group_name(*code).starts_with("ffdhe"));
    while !offer.groups.is_empty() {
        let Some(KeyExchange::Ecdh { group, .. }) = exchange(asker, &offer) else { break };
        let offered = take(&mut offer.groups, group);
        if !found.contains(&group) {
            found.push(group);
        }
        if !offered || offer.bare {
            break;
        }
    }
    found
}

/// The key exchange message that an offer leads to.
pub fn exchange(asker: Asker<'_>, offer: &Offer) -> Option<KeyExchange> {
    let answer = asker.ask(offer, Depth::Flight);
    let flight = answer.of(offer.version)?;
    let suite = catalogue::find(offer.version, u32::from(flight.hello.suite))?;
    KeyExchange::parse(flight.exchange.as_deref()?, suite.message()?, offer.version.code())
}

/// The algorithms it signs its key exchange with, of TLS 1.2.
pub fn signatures(asker: Asker<'_>, offered: &Offered) -> Vec<u16> {
    let mut found = Vec::new();
    for authentication in ["RSA", "ECDSA", "DSS"] {
        let signed = |suite: &&&Suite| suite.is_forward_secret() && suite.authentication == authentication;
        let suites: Vec<&Suite> = offered.suites.iter().filter(signed).copied().collect();
        if suites.is_empty() || offered.version != Version::Tls12 {
            continue;
        }
        let mut offer = Offer::new(offered.version, numbers(&suites));
        while !offer.signatures.is_empty() {
            let signature = match exchange(asker, &offer) {
                Some(KeyExchange::Ecdh { signature, .. } | KeyExchange::Dh { signature, .. }) => signature,
                _ => None,
            };
            let Some(signature) = signature.filter(|signature| take(&mut offer.signatures, *signature)) else { break };
            found.push(signature);
        }
    }
    found
}

/// Application protocols up to TLS 1.2; later ones hide them.
pub fn protocols(asker: Asker<'_>, offered: &Offered) -> Vec<String> {
    let mut left: Vec<String> = PROTOCOLS.iter().map(|&name| name.to_owned()).collect();
    let mut found = Vec::new();
    while !left.is_empty() && !offered.bare {
        let offer = Offer::new(offered.version, numbers(&offered.suites)).with([Extension::Alpn(left.clone())]);
        let answer = asker.ask(&offer, Depth::Hello);
        let chosen = match &answer {
            Answer::Took(flight) => flight.hello.alpn(),
            _ => None,
        };
        let Some(at) = chosen.and_then(|chosen| left.iter().position(|name| *name == chosen)) else { break };
        found.push(left.remove(at));
    }
    found
}

/// Suites as they stand in a hello, as many as servers bear.
pub fn numbers(suites: &[&Suite]) -> Vec<u16> {
    suites.iter().map(|suite| suite.number()).take(120).collect()
}

fn take(left: &mut Vec<u16>, code: u16) -> bool {
    let at = left.iter().position(|known| *known == code);
    at.map(|at| left.remove(at)).is_some()
}
