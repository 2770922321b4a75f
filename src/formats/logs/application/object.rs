//! One JSON object a line: Nextcloud, Grafana, GitLab and whoever logs a message with the client beside it.

use std::net::IpAddr;

use crate::formats::logs::application::note;
use crate::formats::logs::clock::Clock;
use crate::formats::logs::text::{address_with_port, decimal, unescape_json};
use crate::formats::logs::{Line, json};
use crate::model::Millis;

/// What the outermost object says.
#[derive(Default)]
struct Said<'a> {
    stamp: Option<Millis>,
    message: &'a [u8],
    client: Option<IpAddr>,
    /// Two keys name two clients.
    disputed: bool,
    /// It is an answered request, which other readers know better.
    answered: bool,
}

/// None where it is no object, has no message, or is of an access log.
pub fn read<'a>(line: &'a [u8], scratch: &'a mut Vec<u8>, clock: &mut Clock) -> Option<Line<'a>> {
    let mut said = Said::default();
    // Keys of inner objects are often a client's.
    json::scalars(line, |keys, value| {
        if let [key] = keys {
            said.take(key, value, clock);
        }
    })
    .ok()?;
    if said.message.is_empty() || said.answered {
        return None;
    }
    let client = said.client.filter(|_| !said.disputed);
    if memchr::memchr(b'\\', said.message).is_none() {
        return Some(note(said.stamp, client, b"", said.message));
    }
    scratch.clear();
    unescape_json(said.message, scratch);
    Some(note(said.stamp, client, b"", scratch))
}

impl<'a> Said<'a> {
    fn take(&mut self, key: &[u8], value: &'a [u8], clock: &mut Clock) {
        match key {
            b"message" | b"msg" if self.message.is_empty() => self.message = value,
            b"remoteAddr" | b"remote_addr" | b"remoteAddress" | b"remote_address" | b"remote_ip" | b"client_ip"
            | b"clientip" | b"clientIp" | b"client_addr" | b"ip" | b"ip_address" | b"ipAddress" | b"source_ip"
            | b"src_ip" => {
                let named = address_with_port(value);
                self.disputed |= self.client.is_some() && self.client != named;
                self.client = self.client.or(named);
            }
            b"time" | b"timestamp" | b"@timestamp" | b"ts" | b"t" | b"date" | b"datetime" => {
                self.stamp = self.stamp.or_else(|| stamp(value, clock));
            }
            b"status" | b"status_code" | b"response_code" => self.answered = true,
            _ => {}
        }
    }
}

/// ISO 8601, or seconds since 1970 (milliseconds where seconds would lie beyond the year 5000).
fn stamp(value: &[u8], clock: &mut Clock) -> Option<Millis> {
    const YEAR_5000: i64 = 95_617_584_000_000;
    match decimal(value, 1_000).and_then(|millis| i64::try_from(millis).ok()) {
        Some(millis) => Some(Millis(if millis < YEAR_5000 { millis } else { millis / 1_000 })),
        None => clock.iso(value),
    }
}
