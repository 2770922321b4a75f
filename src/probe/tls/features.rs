//! What a server answers to the extensions of a hello, one offer at a time where offers disturb one another.

use serde::Serialize;

use crate::formats::tls::Version;
use crate::formats::tls::client_hello::{Extension, kind};
use crate::formats::tls::server::Alert;
use crate::probe::tls::ask::{Answer, Asker, Depth, Offer};
use crate::probe::tls::groups;
use crate::probe::tls::suites::Offered;

const FALLBACK_SCSV: u16 = 0x5600;
/// Reserved for trying what a server does with what it does not know (RFC 8701).
const GREASE: [u16; 5] = [0x0a0a, 0x1a1a, 0x2a2a, 0x3a3a, 0x4a4a];

/// `None` where the server speaks no version in which it shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Features {
    pub alpn: Vec<String>,
    pub secure_renegotiation: Option<bool>,
    pub extended_master_secret: Option<bool>,
    pub tickets: Option<bool>,
    pub compression: Option<bool>,
    pub heartbeat: Option<bool>,
    pub ocsp_stapled: Option<bool>,
    /// A fallback is refused (RFC 7507); `None` with fewer than two versions.
    pub fallback_scsv: Option<bool>,
    /// What it fails at though it should pass over it.
    pub intolerant: Vec<String>,
}

pub fn look(asker: Asker<'_>, versions: &[Offered]) -> Features {
    let old = versions.iter().rev().find(|offered| (Version::Ssl3..Version::Tls13).contains(&offered.version));
    let mut features = old.map_or_else(Features::default, |offered| of_old(asker, offered));
    features.fallback_scsv = fallback(asker, versions);
    if let Some(best) = versions.last().filter(|best| !best.bare) {
        features.intolerant = intolerance(asker, best);
    }
    features
}

fn of_old(asker: Asker<'_>, offered: &Offered) -> Features {
    let base = Offer { bare: offered.bare, ..Offer::new(offered.version, groups::numbers(&offered.suites)) };
    let compressed = asker.ask(&Offer { compression: true, ..base.clone() }, Depth::Hello);
    let compression = match &compressed {
        Answer::Took(flight) => Some(flight.hello.compression != 0),
        Answer::Alert(_) => Some(false),
        Answer::Failed(_) => None,
    };
    // SSLv3 knows the signal in the list of suites only.
    let mut signal = base.clone();
    if offered.bare {
        signal.suites.push(0x00ff);
    }
    let answer =
        asker.ask(&signal.with([Extension::Ticket, Extension::StatusRequest, Extension::Heartbeat]), Depth::Flight);
    let Answer::Took(flight) = &answer else {
        return Features { alpn: groups::protocols(asker, offered), compression, ..Features::default() };
    };
    let echoed = |kind| Some(flight.hello.extension(kind).is_some());
    Features {
        alpn: groups::protocols(asker, offered),
        secure_renegotiation: echoed(kind::RENEGOTIATION_INFO),
        extended_master_secret: echoed(kind::EXTENDED_MASTER_SECRET),
        tickets: echoed(kind::TICKET),
        heartbeat: echoed(kind::HEARTBEAT),
        ocsp_stapled: Some(flight.stapled.is_some()),
        compression,
        ..Features::default()
    }
}

/// A hello that says it is a fallback, one version below the best.
fn fallback(asker: Asker<'_>, versions: &[Offered]) -> Option<bool> {
    let below = versions.iter().rev().filter(|offered| offered.version > Version::Ssl2).nth(1)?;
    let mut suites = groups::numbers(&below.suites);
    suites.push(FALLBACK_SCSV);
    let offer = Offer { bare: below.bare, ..Offer::new(below.version, suites) };
    match asker.ask(&offer, Depth::Hello) {
        Answer::Alert(alert) => Some(alert.code == Alert::INAPPROPRIATE_FALLBACK),
        Answer::Took(_) => Some(false),
        // Without the signal it takes the same hello: hanging up refuses the fallback too.
        Answer::Failed(failure) => failure.is_no().then_some(true),
    }
}

fn intolerance(asker: Asker<'_>, best: &Offered) -> Vec<String> {
    let base = Offer::new(best.version, groups::numbers(&best.suites));
    let mut many = base.clone();
    many.suites.extend((0..150).map(|n| 0xd100 + n));
    let mut greased =
        base.clone().with([Extension::Other(GREASE[2], Vec::new()), Extension::Other(GREASE[3], vec![0])]);
    greased.suites.insert(0, GREASE[0]);
    greased.groups.insert(0, GREASE[1]);
    let tried = [
        ("a hello of more than 128 suites", many.hello(asker.name)),
        ("a hello of 4 KiB", base.clone().with([Extension::Padding(4_000)]).hello(asker.name)),
        ("unknown values (GREASE)", greased.hello(asker.name)),
    ];
    let mut found: Vec<String> = Vec::new();
    for (what, hello) in tried {
        let refused = || matches!(asker.raw(&hello, Depth::Hello), Answer::Alert(_) | Answer::Failed(_));
        if refused() && refused() {
            found.push(what.to_owned());
        }
    }
    if best.version < Version::Tls13 {
        let mut newer = base.hello(asker.name);
        newer.version = Version::Tls13.code();
        let refused = || !matches!(asker.raw(&newer, Depth::Hello), Answer::Took(_));
        if refused() && refused() {
            found.push("a hello of a newer version".to_owned());
        }
    }
    found
}
