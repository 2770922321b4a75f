//! Access logs of one JSON object a line that nothing declares: the key names of nginx's usual recipes, Caddy, Traefik.

use crate::formats::logs::clock::Clock;
use crate::formats::logs::sheet::{Sheet, Text};
use crate::formats::logs::text::{address, address_with_port, decimal, number};
use crate::formats::logs::{Line, Unparsed, json};
use crate::model::Millis;

#[derive(Clone, Debug, Default)]
pub struct JsonLines {
    scratch: Vec<u8>,
    joined: Vec<u8>,
}

impl JsonLines {
    pub fn read<'a>(&'a mut self, line: &'a [u8], clock: &mut Clock) -> Result<Line<'a>, Unparsed> {
        if line.iter().all(u8::is_ascii_whitespace) {
            return Ok(Line::Nothing);
        }
        let mut sheet = Sheet::default();
        json::scalars(line, |keys, value| put(&mut sheet, keys, value, clock))?;
        let tells =
            sheet.client.is_some() || !sheet.get(Text::Request).is_empty() || !sheet.get(Text::Target).is_empty();
        if tells {
            Ok(sheet.unescaped_record(&mut self.scratch, &mut self.joined))
        } else {
            Err(Unparsed { at: 0, expected: "keys that tell client or request" })
        }
    }
}

/// Keys of the object itself, and of Caddy's `request`; what a response or an upstream sent is somebody else's.
fn put<'a>(sheet: &mut Sheet<'a>, keys: &[&'a [u8]], value: &'a [u8], clock: &mut Clock) {
    if value == b"null" {
        return;
    }
    match keys {
        [key] => field(sheet, key, value, clock),
        [b"request", key] => caddy(sheet, key, value),
        [b"request", b"headers", name, ..] => header(sheet, name, value),
        _ => {}
    }
}

fn field<'a>(sheet: &mut Sheet<'a>, key: &'a [u8], value: &'a [u8], clock: &mut Clock) {
    match key {
        b"remote_addr" | b"remote_ip" | b"client_ip" | b"clientip" | b"client" | b"ip" | b"remote" | b"ClientHost"
        | b"c_ip" | b"src_ip" => sheet.client = sheet.client.or_else(|| address(value)),
        b"ClientAddr" => sheet.peer = address_with_port(value),
        b"realip_remote_addr" | b"peer" => sheet.peer = address(value),
        b"time_iso8601" | b"time_local" | b"time" | b"timestamp" | b"@timestamp" | b"ts" | b"msec" | b"StartUTC"
        | b"t" => {
            sheet.stamp = sheet.stamp.or_else(|| stamp(value, clock));
        }
        b"status" | b"response_code" | b"DownstreamStatus" | b"code" => {
            sheet.status = number(value).and_then(|status| u16::try_from(status).ok()).unwrap_or(0);
        }
        b"body_bytes_sent" | b"bytes_sent" | b"bytes" | b"size" | b"DownstreamContentSize" => {
            sheet.bytes = number(value)
        }
        b"request_time" | b"duration" | b"resp_time" => sheet.micros = decimal(value, 1_000_000),
        b"Duration" => sheet.micros = number(value).map(|nanos| nanos / 1_000),
        _ => {
            if let Some(text) = text(key) {
                sheet.set(text, value);
            }
        }
    }
}

fn text(key: &[u8]) -> Option<Text> {
    Some(match key {
        b"request" | b"request_line" => Text::Request,
        b"request_method" | b"method" | b"RequestMethod" | b"verb" => Text::Method,
        b"request_uri" | b"uri" | b"path" | b"url" | b"RequestPath" => Text::Target,
        b"args" | b"query" | b"query_string" => Text::Query,
        b"server_protocol" | b"protocol" | b"proto" | b"RequestProtocol" => Text::Protocol,
        b"http_referer" | b"http_referrer" | b"referer" | b"referrer" | b"request_Referer" => Text::Referer,
        b"http_user_agent" | b"user_agent" | b"useragent" | b"agent" | b"request_User-Agent" => Text::UserAgent,
        b"http_host" | b"host" | b"vhost" | b"server_name" | b"RequestHost" => Text::Host,
        b"remote_user" | b"user" | b"user_id" | b"ClientUsername" => Text::User,
        b"http_x_forwarded_for" | b"x_forwarded_for" | b"xff" | b"request_X-Forwarded-For" => Text::Forwarded,
        _ => return None,
    })
}

/// Caddy tells the peer as `remote_ip` and, behind trusted proxies, the client as `client_ip`.
fn caddy<'a>(sheet: &mut Sheet<'a>, key: &[u8], value: &'a [u8]) {
    match key {
        b"client_ip" => sheet.client = address(value),
        b"remote_ip" => {
            sheet.peer = address(value);
            sheet.client = sheet.client.or(sheet.peer);
        }
        b"method" => sheet.set(Text::Method, value),
        b"uri" => sheet.set(Text::Target, value),
        b"proto" => sheet.set(Text::Protocol, value),
        b"host" => sheet.set(Text::Host, value),
        _ => {}
    }
}

fn header<'a>(sheet: &mut Sheet<'a>, name: &[u8], value: &'a [u8]) {
    let text = match name {
        b"User-Agent" => Text::UserAgent,
        b"Referer" => Text::Referer,
        b"X-Forwarded-For" => Text::Forwarded,
        _ => return,
    };
    sheet.set(text, value);
}

/// ISO 8601, CLF, or seconds since 1970 (milliseconds where seconds would lie beyond the year 5000).
fn stamp(value: &[u8], clock: &mut Clock) -> Option<Millis> {
    if let Some(millis) = decimal(value, 1_000).and_then(|millis| i64::try_from(millis).ok()) {
        const YEAR_5000: i64 = 95_617_584_000_000;
        return Some(Millis(if millis < YEAR_5000 { millis } else { millis / 1_000 }));
    }
    clock.iso(value).or_else(|| clock.clf(value))
}
