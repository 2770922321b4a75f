//! ROBOT (Return Of Bleichenbacher's Oracle Threat): whether a server tells well and badly padded RSA messages apart.
//! Five handshakes, each with another fault in the padding; what differs in the answers is the oracle.

use std::thread;
use std::time::Duration;

use num_bigint::BigUint;

use crate::formats::tls::Version;
use crate::formats::tls::record::{ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, Record};
use crate::formats::tls::server::Alert;
use crate::probe::catalogue::Suite;
use crate::probe::tls::ask::{Answer, Asker, Depth, Offer};
use crate::probe::tls::certificate::Chain;
use crate::probe::tls::suites::Offered;
use crate::probe::tls::{groups, random};
use crate::probe::weak::Outcome;
use crate::probe::wire::Failure;

const SILENCE: Duration = Duration::from_secs(2);
const CLIENT_KEY_EXCHANGE: u8 = 16;
const SECRET: usize = 48;
/// Fewer bytes leave no room for the padding.
const SHORTEST_KEY: usize = 64;

/// What is wrong in a padding (RFC 8017 §7.2.2); the first is right.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    Start,
    EarlyZero,
    NoZero,
    Version,
}

const FAULTS: [Fault; 5] = [Fault::None, Fault::Start, Fault::EarlyZero, Fault::NoZero, Fault::Version];

pub fn look(asker: Asker<'_>, old: &Offered, chains: &[Chain]) -> Outcome {
    let plain =
        |suite: &&&Suite| suite.exchange == "RSA" && suite.authentication == "RSA" && !suite.export && suite.bits > 0;
    let suites: Vec<&Suite> = old.suites.iter().filter(plain).copied().collect();
    if suites.is_empty() || old.version == Version::Ssl3 {
        return Outcome::Absent("no suite of TLS with RSA key exchange is taken".to_owned());
    }
    let Some(rsa) = chains.iter().find_map(|chain| chain.rsa.as_ref()) else {
        return Outcome::CouldNotLook("its RSA key is not known".to_owned());
    };
    let key = (BigUint::from_bytes_be(&rsa.modulus), BigUint::from_bytes_be(&rsa.exponent));
    let size = key.0.bits().div_ceil(8) as usize;
    if size < SHORTEST_KEY {
        return Outcome::CouldNotLook(format!("its RSA key of {} bits is too short to pad for", key.0.bits()));
    }
    let offer = Offer { bare: old.bare, ..Offer::new(old.version, groups::numbers(&suites)) };
    let all = || answers(asker, &offer, &key, size);
    let first = match all() {
        Ok(first) => first,
        Err(failure) => return Outcome::CouldNotLook(failure.to_string()),
    };
    if first.iter().all(|answer| Some(answer) == first.first()) {
        return Outcome::Absent(format!(
            "it answers every padding alike: {}",
            first.first().map_or("", String::as_str)
        ));
    }
    match all() {
        Ok(second) if second == first => Outcome::Found(format!("it tells paddings apart: {}", first.join(", "))),
        Ok(_) => Outcome::CouldNotLook("its answers differ from one time to the next".to_owned()),
        Err(failure) => Outcome::CouldNotLook(failure.to_string()),
    }
}

fn answers(asker: Asker<'_>, offer: &Offer, key: &(BigUint, BigUint), size: usize) -> Result<Vec<String>, Failure> {
    thread::scope(|scope| {
        let trials: Vec<_> = FAULTS.map(|fault| scope.spawn(move || answer(asker, offer, key, size, fault))).into();
        trials.into_iter().map(|trial| trial.join().unwrap_or(Err(Failure::Closed))).collect()
    })
}

fn answer(
    asker: Asker<'_>,
    offer: &Offer,
    key: &(BigUint, BigUint),
    size: usize,
    fault: Fault,
) -> Result<String, Failure> {
    let (begun, mut wire, mut reader) = asker.start(&offer.hello(asker.name), Depth::Flight)?;
    if !matches!(begun, Answer::Took(_)) {
        return Err(Failure::NotTls(format!("no handshake to try it in: {}", begun.says())));
    }
    let version = offer.version.code();
    let secret = BigUint::from_bytes_be(&padded(size, version, fault)).modpow(&key.1, &key.0).to_bytes_be();
    let secret = [vec![0; size.saturating_sub(secret.len())], secret].concat();
    let body = key_exchange(&secret, offer.version);
    let record = |kind, body| Record { kind, version, body }.bytes();
    let finished = record(HANDSHAKE, vec![0x3c; 64]);
    let sent = [record(HANDSHAKE, body), record(CHANGE_CIPHER_SPEC, vec![1]), finished].concat();
    wire.wait_until(SILENCE);
    // A server may hang up before all is sent; what it said before that counts.
    let _ = wire.send(&sent);
    let mut said = Vec::new();
    loop {
        match reader.record(&mut wire) {
            Ok(record) if record.kind == ALERT => {
                said.push(Alert::parse(&record.body).map_or_else(|| "an encrypted alert".to_owned(), Alert::name));
            }
            Ok(record) => said.push(format!("a record of type {}", record.kind)),
            Err(Failure::Closed) if said.is_empty() => said.push("hangs up".to_owned()),
            Err(Failure::Closed) => return Ok(said.join(" and ")),
            Err(_) if said.is_empty() => return Ok("silence".to_owned()),
            Err(_) => return Ok(said.join(" and ")),
        }
        if said.len() > 8 || said.last().is_some_and(|last| last == "hangs up") {
            return Ok(said.join(" and "));
        }
    }
}

/// The client's message with a secret that is encrypted (RFC 5246 §7.4.7.1); SSLv3 does not count its bytes.
pub(super) fn key_exchange(secret: &[u8], version: Version) -> Vec<u8> {
    let count = u16::try_from(secret.len()).unwrap_or(0).to_be_bytes();
    let counted = if version == Version::Ssl3 { secret.to_vec() } else { [&count, secret].concat() };
    let mut body = vec![CLIENT_KEY_EXCHANGE];
    body.extend(counted.len().to_be_bytes().iter().skip(size_of::<usize>() - 3));
    body.extend(counted);
    body
}

/// The message before encryption: 00 02, random bytes that are not zero, 00, version, secret.
fn padded(size: usize, version: u16, fault: Fault) -> Vec<u8> {
    let filling = size.saturating_sub(3 + SECRET);
    let noise: [u8; SECRET - 2] = random();
    let mut all = vec![0, 2];
    all.extend(std::iter::repeat_n(0xa7, filling));
    all.push(0);
    all.extend(version.to_be_bytes());
    all.extend(noise.map(|byte| byte | 1));
    let mut set = |at: usize, value: u8| {
        if let Some(byte) = all.get_mut(at) {
            *byte = value;
        }
    };
    match fault {
        Fault::None => {}
        // Not larger than the modulus, or it would not be decrypted at all.
        Fault::Start => {
            set(0, 0x01);
            set(1, 0x17);
        }
        Fault::EarlyZero => set(4, 0),
        Fault::NoZero => set(2 + filling, 0xa7),
        Fault::Version => {
            set(3 + filling, 2);
            set(4 + filling, 2);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_has_its_own_fault_and_the_size_of_the_key() {
        for fault in FAULTS {
            let message = padded(128, 0x0303, fault);
            assert_eq!(message.len(), 128, "{fault:?}");
            let sound =
                message.starts_with(&[0, 2]) && message[2..79].iter().all(|byte| *byte != 0) && message[79] == 0;
            assert_eq!(sound && message[80..82] == [3, 3], matches!(fault, Fault::None), "{fault:?}");
        }
    }
}
