//! A day's log of all kinds together, in the order of its stamps.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::grammar::{Chance, From, Kind, Order, expand};

/// 2026-03-03T00:00:00Z, a Tuesday.
const MIDNIGHT: i64 = 1_772_496_000_000;
const HOUR: u64 = 3_600_000;
/// What a page of the site pulls in.
const PARTS: [&str; 3] = ["/static/site.css", "/static/site.js", "/static/head.webp"];

pub struct Entry {
    pub at: i64,
    pub text: String,
    pub kind: usize,
    pub client: usize,
    pub ip: IpAddr,
}

pub fn day(seed: u64, kinds: &[Kind]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (at, kind) in kinds.iter().enumerate() {
        for client in 0..kind.clients {
            let chance = Chance::new(seed.wrapping_mul(1_000_003) ^ (at as u64) << 20 ^ client as u64);
            Visit { kind, at, client, chance, entries: &mut entries }.all();
        }
    }
    entries.sort_by_key(|entry| entry.at);
    entries
}

struct Visit<'a> {
    kind: &'a Kind,
    at: usize,
    client: usize,
    chance: Chance,
    entries: &'a mut Vec<Entry>,
}

impl Visit<'_> {
    fn all(&mut self) {
        let moves: Vec<&str> = self.kind.moves.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let length = self.chance.between(self.kind.length);
        let most = length * self.kind.pace.1;
        let mut now = MIDNIGHT + self.chance.below((self.kind.within * HOUR).saturating_sub(most).max(1)) as i64;
        let agent = expand(self.kind.agent, 0, &mut self.chance);
        let rotates = self.kind.agent.starts_with("~");
        for place in 0..length {
            let n = match self.kind.order {
                Order::Straight => place,
                Order::Mixed => self.chance.below(moves.len() as u64),
            };
            let agent = if rotates { expand(&self.kind.agent[1..], place, &mut self.chance) } else { agent.clone() };
            self.request(moves[n as usize % moves.len()], place, now, &agent);
            now += self.chance.between(self.kind.pace) as i64;
        }
    }

    fn request(&mut self, text: &str, place: u64, now: i64, agent: &str) {
        let text = expand(text, place, &mut self.chance);
        let mut words = text.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (method, target, status, referer, user) = (word(), word(), word(), word(), word());
        let (status, parts) = status.strip_suffix('+').map_or((status.as_str(), false), |status| (status, true));
        self.line(now, place, [&method, &target, status, &referer, &user], agent);
        let page = format!("https://shop.example{target}");
        for (n, part) in PARTS.iter().enumerate().filter(|_| parts) {
            self.line(now + 80 + n as i64, place, ["GET", part, "200", &page, ""], agent);
        }
    }

    fn line(&mut self, at: i64, place: u64, [method, target, status, referer, user]: [&str; 5], agent: &str) {
        let ip = self.address(place);
        let stamp = jiff::Timestamp::from_millisecond(at).unwrap().strftime("%d/%b/%Y:%H:%M:%S +0000");
        let bytes = 300 + target.len() * 37 % 5000;
        let (referer, user) = (dash(referer), dash(user));
        let text = format!(
            "{ip} - {user} [{stamp}] \"{method} {target} HTTP/1.1\" {status} {bytes} \"{referer}\" \"{agent}\""
        );
        self.entries.push(Entry { at, text, kind: self.at, client: self.client, ip });
    }

    fn address(&self, place: u64) -> IpAddr {
        let (kind, client) = (self.at as u8, self.client as u8);
        match self.kind.from {
            From::Apart => Ipv4Addr::new(91, kind.wrapping_add(7), client, 9 + kind % 200).into(),
            From::Together => Ipv4Addr::new(92, kind, 1, client.wrapping_add(2)).into(),
            From::Google => Ipv4Addr::new(66, 249, 66, client.wrapping_add(1)).into(),
            From::Rotating => {
                Ipv6Addr::new(0x2a02, 0x908, kind.into(), client.into(), 0, 0, 7, place as u16 + 1).into()
            }
        }
    }
}

fn dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
