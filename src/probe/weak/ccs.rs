//! CCS injection (CVE-2014-0224): a change of ciphers before keys are agreed. A sound server calls that message
//! unexpected; a faulty one takes it, and then fails at the record after it because it decrypts it with empty keys.

use std::time::Duration;

use crate::formats::tls::record::{ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, Record};
use crate::formats::tls::server::Alert;
use crate::probe::catalogue::Suite;
use crate::probe::tls::ask::{Answer, Asker, Depth, Offer, Reader};
use crate::probe::tls::groups;
use crate::probe::tls::suites::Offered;
use crate::probe::weak::Outcome;
use crate::probe::wire::{Failure, Wire};

/// Whoever has not answered by then waits for more.
const SILENCE: Duration = Duration::from_millis(1_500);
const TAKEN: &str = "it takes a change of ciphers before keys are agreed";

pub fn look(asker: Asker<'_>, old: &Offered) -> Outcome {
    // With a cipher, the record after it cannot be taken for a good one.
    let suites: Vec<&Suite> = old.suites.iter().copied().filter(|suite| suite.bits > 0).collect();
    let offer = Offer { bare: old.bare, ..Offer::new(old.version, groups::numbers(&suites)) };
    let (answer, mut wire, mut reader) = match asker.start(&offer.hello(asker.name), Depth::Flight) {
        Ok(started) => started,
        Err(failure) => return Outcome::CouldNotLook(failure.to_string()),
    };
    if !matches!(answer, Answer::Took(_)) {
        return Outcome::CouldNotLook(format!("no handshake to try it in: {}", answer.says()));
    }
    let version = old.version.code();
    let early = Record { kind: CHANGE_CIPHER_SPEC, version, body: vec![1] }.bytes();
    let after = Record { kind: HANDSHAKE, version, body: vec![0x5a; 64] }.bytes();
    if let Err(failure) = wire.send(&early) {
        return Outcome::CouldNotLook(failure.to_string());
    }
    // A sound server speaks or hangs up now; a faulty one waits for more.
    match alert(&mut reader, &mut wire, SILENCE) {
        Ok(alert) => return judge(alert),
        Err(failure) if failure.is_no() => return Outcome::Absent("it hangs up".to_owned()),
        Err(_) => {}
    }
    if wire.send(&after).is_err() {
        return Outcome::Absent("it hangs up".to_owned());
    }
    match alert(&mut reader, &mut wire, SILENCE) {
        Ok(alert) => judge(alert),
        Err(failure) if failure.is_no() => Outcome::Found(format!("{TAKEN} and hangs up at what follows")),
        Err(_) => Outcome::CouldNotLook("it neither refused nor hung up".to_owned()),
    }
}

/// The next alert; a silence ends the wait, not the connection.
fn alert(reader: &mut Reader, wire: &mut Wire<'_>, span: Duration) -> Result<Option<Alert>, Failure> {
    wire.wait_until(span);
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
