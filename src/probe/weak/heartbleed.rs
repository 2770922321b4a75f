//! Heartbleed (CVE-2014-0160): a heartbeat that claims one byte more than it brings. RFC 6520 §4 has it passed over in
//! silence; a faulty server answers, and of its memory that one byte is in the answer, which is thrown away.

use std::time::Duration;

use crate::formats::tls::client_hello::{Extension, kind};
use crate::formats::tls::record::{ALERT, HEARTBEAT, Record};
use crate::probe::tls::ask::{Answer, Asker, Depth, Offer};
use crate::probe::tls::groups;
use crate::probe::tls::suites::Offered;
use crate::probe::weak::Outcome;

/// An answer that has not come by then will not come.
const SILENCE: Duration = Duration::from_secs(2);
const REQUEST: u8 = 1;
/// OpenSSL holds back an answer of less than 4 KiB until a handshake is over.
const BROUGHT: u16 = 5_000;

pub fn look(asker: Asker<'_>, old: &Offered) -> Outcome {
    if old.bare {
        return Outcome::Absent("it takes no extensions, so no heartbeats".to_owned());
    }
    let offer = Offer::new(old.version, groups::numbers(&old.suites)).with([Extension::Heartbeat]);
    let (answer, mut wire, mut reader) = match asker.start(&offer.hello(asker.name), Depth::Flight) {
        Ok(started) => started,
        Err(failure) => return Outcome::CouldNotLook(failure.to_string()),
    };
    let Answer::Took(flight) = &answer else {
        return Outcome::CouldNotLook(format!("no handshake to try it in: {}", answer.says()));
    };
    if flight.hello.extension(kind::HEARTBEAT).is_none() {
        return Outcome::Absent("heartbeats are off".to_owned());
    }
    let body = [&[REQUEST], (BROUGHT + 1).to_be_bytes().as_slice(), &[b'p'; BROUGHT as usize]].concat();
    let request = Record { kind: HEARTBEAT, version: old.version.code(), body }.bytes();
    if let Err(failure) = wire.send(&request) {
        return Outcome::CouldNotLook(failure.to_string());
    }
    wire.wait_until(SILENCE);
    loop {
        match reader.record(&mut wire) {
            Ok(record) if record.kind == HEARTBEAT => {
                return Outcome::Found("it answers a heartbeat that claims more than it brings".to_owned());
            }
            Ok(record) if record.kind == ALERT => break,
            Ok(_) => {}
            Err(_) => break,
        }
    }
    Outcome::Absent("heartbeats are on, a false one is not answered".to_owned())
}
