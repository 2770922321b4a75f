//! The chains a server has: one for each kind of key it can sign with.

use crate::formats::tls::Version;
use crate::probe::catalogue::Suite;
use crate::probe::tls::ask::{Asker, Depth, Offer};
use crate::probe::tls::certificate::Chain;
use crate::probe::tls::suites::Offered;
use crate::probe::tls::trust::Judge;
use crate::probe::tls::{groups, modern};

/// Every chain once, RSA first; an error says why there is none.
pub fn look(asker: Asker<'_>, versions: &[Offered], judge: &Judge) -> Result<Vec<Chain>, String> {
    let mut ders: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut why = "it shows a certificate in no version it takes".to_owned();
    if let Some(old) = versions.iter().rev().find(|offered| (Version::Ssl3..Version::Tls13).contains(&offered.version))
    {
        ders.extend(["RSA", "ECDSA", "DSS"].into_iter().filter_map(|kind| in_clear(asker, old, kind)));
    }
    if ders.is_empty() && versions.last().is_some_and(|best| best.version == Version::Tls13) {
        for kind in modern::Kind::ALL {
            match modern::chain(asker, kind) {
                Ok(chain) => ders.push(chain),
                Err(cause) => why = cause,
            }
        }
    }
    if let Some(der) = versions.iter().find_map(|offered| offered.certificate.clone()).filter(|_| ders.is_empty()) {
        ders.push(vec![der]);
    }
    let mut chains: Vec<Chain> = Vec::new();
    let asked = asker.name.map_or_else(|| asker.peer.address.ip().to_string(), str::to_owned);
    for chain in ders {
        match Chain::read(&chain, &asked, judge) {
            Ok(chain) if chains.iter().all(|known| known.der != chain.der) => chains.push(chain),
            Ok(_) => {}
            Err(cause) => why = cause,
        }
    }
    if chains.is_empty() { Err(why) } else { Ok(chains) }
}

/// Suites that are signed with one kind of key show its chain.
fn in_clear(asker: Asker<'_>, old: &Offered, kind: &str) -> Option<Vec<Vec<u8>>> {
    let suites: Vec<&Suite> = old.suites.iter().copied().filter(|suite| suite.authentication == kind).collect();
    if suites.is_empty() {
        return None;
    }
    let offer = Offer { bare: old.bare, ..Offer::new(old.version, groups::numbers(&suites)) };
    let answer = asker.ask(&offer, Depth::Flight);
    answer.of(old.version).map(|flight| flight.chain.clone()).filter(|chain| !chain.is_empty())
}
