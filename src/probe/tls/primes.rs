//! The primes a server uses for Diffie-Hellman up to TLS 1.2, from its key exchange in clear.

use serde::Serialize;

use crate::formats::tls::server::{KeyExchange, bits};
use crate::probe::catalogue::{self, Suite};
use crate::probe::tls::ask::{Asker, Offer};
use crate::probe::tls::groups;
use crate::probe::tls::suites::Offered;

/// A prime, and what it is known as where many servers share it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Prime {
    pub bits: usize,
    pub known_as: Option<&'static str>,
    /// Of an export suite.
    pub export: bool,
}

/// One look at the ordinary suites, one at those of export.
pub fn look(asker: Asker<'_>, offered: &Offered) -> Vec<Prime> {
    let mut found = Vec::new();
    for export in [false, true] {
        let dhe = |suite: &&&Suite| suite.exchange == "DHE" && suite.export == export && suite.message().is_some();
        let suites: Vec<&Suite> = offered.suites.iter().filter(dhe).copied().collect();
        if suites.is_empty() {
            continue;
        }
        // Groups of RFC 7919 are left out: the server shows what it uses where a client does not know them.
        let mut offer = Offer { bare: offered.bare, ..Offer::new(offered.version, groups::numbers(&suites)) };
        offer.groups.retain(|code| !catalogue::group_name(*code).starts_with("ffdhe"));
        if let Some(KeyExchange::Dh { prime, .. }) = groups::exchange(asker, &offer) {
            found.push(Prime { bits: bits(&prime), known_as: known(&prime), export });
        }
    }
    found
}

fn known(prime: &[u8]) -> Option<&'static str> {
    let zeros = prime.iter().take_while(|byte| **byte == 0).count();
    let part: String = prime.get(zeros + 8..zeros + 24)?.iter().map(|byte| format!("{byte:02x}")).collect();
    let size = bits(prime).to_string();
    let mut table = catalogue::rows(include_str!("../data/primes.csv"));
    table.find_map(|row| match row[..] {
        [name, bits, bytes] if bits == size && bytes == part => Some(name),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_prime_is_told_by_its_size_and_bytes() {
        let mut prime = vec![0xff; 128];
        prime[8..24].copy_from_slice(&0xc90f_daa2_2168_c234_c4c6_628b_80dc_1cd1_u128.to_be_bytes());
        assert_eq!(known(&prime), Some("RFC 2409 group 2"));
        assert_eq!(known(&[&[0, 0], prime.as_slice()].concat()), Some("RFC 2409 group 2"));
        prime[9] = 0;
        assert_eq!((known(&prime), known(&[1])), (None, None));
    }
}
