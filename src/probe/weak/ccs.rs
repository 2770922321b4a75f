//! CCS injection (CVE-2014-0224): a change of ciphers before keys are agreed. A sound server calls that message
//! unexpected; a faulty one takes it, and then fails at a key exchange in clear because it decrypts it with empty keys.

use std::time::Duration;

use crate::formats::tls::record::{ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, Record};
use crate::formats::tls::server::Alert;
use crate::probe::catalogue::Suite;
use crate::probe::tls::ask::{Answer, Asker, Depth, Offer, Reader};
use crate::probe::tls::certificate::Chain;
use crate::probe::tls::groups;
use crate::probe::tls::suites::Offered;
use crate::probe::weak::{Outcome, robot};
use crate::probe::wire::{Failure, Wire};

/// Whoever has not answered by then waits for more.
const SILENCE: Duration = Duration::from_millis(1_500);
const TAKEN: &str = "it takes a change of ciphers before keys are agreed";

/// What a server does at a key exchange.
#[derive(Debug, PartialEq, Eq)]
enum Reaction {
    /// It spoke up at the change of ciphers already, or hung up.
    Early(Outcome),
    Waits,
    HangsUp,
    Says(Option<Alert>),
}

pub fn look(asker: Asker<'_>, old: &Offered, chains: &[Chain]) -> Outcome {
    let offer = Offer { bare: old.bare, ..Offer::new(old.version, suites(old)) };
    let size = chains.iter().find_map(|chain| chain.rsa.as_ref()).map_or(256, |rsa| rsa.modulus.len());
    // Any number below the modulus: a server must not say that it is no good one.
    let secret: Vec<u8> = std::iter::once(0).chain(std::iter::repeat(0x5a)).take(size).collect();
    let key = robot::key_exchange(&secret, old.version);
    let reaction = |early| react(asker, &offer, &key, early);
    match reaction(true) {
        Err(why) => Outcome::CouldNotLook(why),
        Ok(Reaction::Early(outcome)) => outcome,
        Ok(Reaction::Waits) => Outcome::Absent("it passes over a change of ciphers that comes too early".to_owned()),
        Ok(Reaction::Says(alert)) => judge(alert),
        // Without an alert, that it waits where nothing came before shows that the change was taken.
        Ok(Reaction::HangsUp) => match reaction(false) {
            Ok(Reaction::Waits) => Outcome::Found(format!("{TAKEN}, and can read nothing after it")),
            _ => Outcome::CouldNotLook("it hangs up at any key exchange, without an alert".to_owned()),
        },
    }
}

/// RSA where it is taken, whose key exchange anybody can send; with a cipher, or reading in clear would not differ.
fn suites(old: &Offered) -> Vec<u16> {
    let all: Vec<&Suite> = old.suites.iter().copied().filter(|suite| suite.bits > 0).collect();
    let rsa = |suite: &&&Suite| suite.exchange == "RSA" && suite.authentication == "RSA" && !suite.export;
    let plain: Vec<&Suite> = all.iter().filter(rsa).copied().collect();
    groups::numbers(if plain.is_empty() { &all } else { &plain })
}

fn react(asker: Asker<'_>, offer: &Offer, key: &[u8], early: bool) -> Result<Reaction, String> {
    let said = |failure: Failure| failure.to_string();
    let (answer, mut wire, mut reader) = asker.start(&offer.hello(asker.name), Depth::Flight).map_err(said)?;
    if !matches!(answer, Answer::Took(_)) {
        return Err(format!("no handshake to try it in: {}", answer.says()));
    }
    let version = offer.version.code();
    if early {
        wire.send(&Record { kind: CHANGE_CIPHER_SPEC, version, body: vec![1] }.bytes()).map_err(said)?;
        match alert(&mut reader, &mut wire) {
            Ok(alert) => return Ok(Reaction::Early(judge(alert))),
            Err(failure) if failure.is_no() => {
                return Ok(Reaction::Early(Outcome::Absent("it hangs up".to_owned())));
            }
            Err(_) => {}
        }
    }
    wire.wait_until(SILENCE);
    wire.send(&Record { kind: HANDSHAKE, version, body: key.to_vec() }.bytes()).map_err(said)?;
    match alert(&mut reader, &mut wire) {
        Ok(alert) => Ok(Reaction::Says(alert)),
        Err(failure) if failure.is_no() => Ok(Reaction::HangsUp),
        Err(Failure::Slow(_)) => Ok(Reaction::Waits),
        Err(failure) => Err(said(failure)),
    }
}

/// The next alert; a silence ends the wait, not the connection.
fn alert(reader: &mut Reader, wire: &mut Wire<'_>) -> Result<Option<Alert>, Failure> {
    wire.wait_until(SILENCE);
    loop {
        let record = reader.record(wire)?;
        if record.kind == ALERT {
            return Ok(Alert::parse(&record.body));
        }
    }
}

fn judge(alert: Option<Alert>) -> Outcome {
    match alert {
        Some(alert) if matches!(alert.code, Alert::BAD_RECORD_MAC | Alert::DECRYPTION_FAILED) => {
            Outcome::Found(format!("{TAKEN} ({})", alert.name()))
        }
        Some(alert) => Outcome::Absent(format!("it answers {}", alert.name())),
        None => Outcome::CouldNotLook("its alert cannot be read".to_owned()),
    }
}
