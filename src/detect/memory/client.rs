//! What is remembered of one client: a record of 104 bytes, key included.

use std::net::{IpAddr, Ipv6Addr};

use crate::detect::memory::persist::persist;
use crate::detect::memory::table::Record;
use crate::detect::settings::{Bucket, Settings};

/// One client's counters. Levels are those of leaky buckets: they fall by themselves with the log's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Client {
    /// The address; IPv4 as mapped IPv6.
    pub ip: [u64; 2],
    /// Distinct missing paths of the day: one bit a path, so a collision undercounts and never overcounts.
    pub missing: [u64; 2],
    /// The youngest of its lines kept as evidence, 0 for none.
    pub evidence: u64,
    /// Seconds since 1970, here and below.
    pub first: u32,
    pub last: u32,
    pub requests: u32,
    /// Answers 2xx and 3xx.
    pub good: u32,
    /// When an alert last called it hostile, 0 for never.
    pub hostile: u32,
    pub probing: f32,
    pub probing_slow: f32,
    pub sensitive: f32,
    pub failures: f32,
    pub failures_slow: f32,
    pub score: f32,
    /// Logins that succeeded.
    pub logins: u16,
    pub failures_day: u16,
    /// The ten seconds that `pages` counts, modulo 2^16.
    pub bin: u16,
    /// Requests for anything but static files in this bin.
    pub pages: u16,
    /// Distinct user agents: one bit each.
    pub agents: u16,
    /// Hash of the first target that scored since the score was last nothing.
    pub scored: u16,
    /// Hour in which it last counted as a good client, modulo 2^16.
    pub good_hour: u16,
    /// Hour in which the day's counters began, modulo 2^16.
    pub day: u16,
    pub flags: u16,
    /// Missing paths of the day, in quarters of one.
    pub missing_quarters: u8,
    /// The sshd connection of its last failure: seven bits of hash, and whether only its user was told yet.
    pub connection: u8,
}

const _: () = assert!(size_of::<Client>() <= 104, "the cap of a million clients is counted in this size");

persist!(Client {
    ip,
    missing,
    evidence,
    first,
    last,
    requests,
    good,
    hostile,
    probing,
    probing_slow,
    sensitive,
    failures,
    failures_slow,
    score,
    logins,
    failures_day,
    bin,
    pages,
    agents,
    scored,
    good_hour,
    day,
    flags,
    missing_quarters,
    connection,
});

/// Enough good answers to count as a client with a legitimate use.
pub const GOOD_ANSWERS: u32 = 3;
const DAY_HOURS: u16 = 24;
const HOUR: u32 = 3600;

/// Bits of [`Client::flags`].
pub mod flag {
    /// More than one distinct target scored since the score was last nothing.
    pub const SCORED_TWICE: u16 = 1;
    /// Answered 2xx or 3xx as an authenticated user since its last failure.
    pub const AUTHENTICATED: u16 = 1 << 1;
    /// An error log tells of its failed basic logins: the access log's 401 is the same failure again.
    pub const NOTED_BY_SERVER: u16 = 1 << 2;
    /// Was challenged with a 401 without a user.
    pub const CHALLENGED: u16 = 1 << 3;
    /// Counted in its prefix as good.
    pub const GOOD: u16 = 1 << 4;
    /// Counted in its prefix as hostile.
    pub const HOSTILE: u16 = 1 << 5;
    /// Said to be a false crawler today.
    pub const FALSE_CRAWLER: u16 = 1 << 6;
    /// A single request was called an attack by itself since the score was last nothing.
    pub const CRITICAL: u16 = 1 << 7;
    /// Its success after an attack was told since it last turned hostile.
    pub const SUCCESS_TOLD: u16 = 1 << 8;
    /// More than weak evidence scored since the score was last nothing.
    pub const SCORED_GRAVELY: u16 = 1 << 9;
    /// An application tells of its failed logins: the form's answer in the access log may be the same failure again.
    pub const NOTED_BY_APPLICATION: u16 = 1 << 10;
    /// Its last request was sent to a login that answers all with a redirect: what comes next tells how it ended.
    pub const REDIRECTED: u16 = 1 << 11;
    /// What ends with the day.
    pub const OF_THE_DAY: u16 = NOTED_BY_SERVER | NOTED_BY_APPLICATION | CHALLENGED | FALSE_CRAWLER;
}

impl Client {
    pub fn new(ip: IpAddr, now: u32) -> Self {
        Self {
            ip: key(ip),
            missing: [0; 2],
            evidence: 0,
            first: now,
            last: now,
            requests: 0,
            good: 0,
            hostile: 0,
            probing: 0.0,
            probing_slow: 0.0,
            sensitive: 0.0,
            failures: 0.0,
            failures_slow: 0.0,
            score: 0.0,
            logins: 0,
            failures_day: 0,
            bin: 0,
            pages: 0,
            agents: 0,
            scored: 0,
            good_hour: 0,
            day: hour(now),
            flags: 0,
            missing_quarters: 0,
            connection: 0,
        }
    }

    pub fn address(&self) -> IpAddr {
        let bits = u128::from(self.ip[0]) << 64 | u128::from(self.ip[1]);
        Ipv6Addr::from_bits(bits).to_canonical()
    }

    pub fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// Brings the counters to `now`: buckets leak, the score halves, a day ends.
    pub fn advance(&mut self, now: u32, settings: &Settings) {
        if now == self.last {
            return;
        }
        let passed = now.saturating_sub(self.last) as f32;
        // Another source may be a little behind; one far behind starts its own reckoning.
        if now > self.last || self.last - now > HOUR {
            self.last = now;
        }
        if self.idle() {
            return;
        }
        leak(&mut self.probing, settings.probing, passed);
        leak(&mut self.probing_slow, settings.probing_slow, passed);
        leak(&mut self.sensitive, settings.sensitive, passed);
        leak(&mut self.failures, settings.failures, passed);
        leak(&mut self.failures_slow, settings.failures_slow, passed);
        self.fade(passed / settings.score_half_life.max(1) as f32);
        if hour(self.last).wrapping_sub(self.day) >= DAY_HOURS {
            self.end_day();
        }
    }

    /// True where nothing is counted against it, so that nothing has to leak.
    fn idle(&self) -> bool {
        self.probing_slow == 0.0
            && self.failures_slow == 0.0
            && self.sensitive == 0.0
            && self.score == 0.0
            && self.missing_quarters == 0
            && self.failures_day == 0
            && self.flags & flag::OF_THE_DAY == 0
    }

    fn fade(&mut self, half_lives: f32) {
        if self.score > 0.0 {
            self.score *= (-half_lives).exp2();
        }
        if self.score < 0.1 {
            self.score = 0.0;
            self.flags &= !(flag::SCORED_TWICE | flag::SCORED_GRAVELY | flag::CRITICAL);
        }
    }

    fn end_day(&mut self) {
        self.day = hour(self.last);
        self.forget_missing();
        self.failures_day = 0;
        self.flags &= !flag::OF_THE_DAY;
    }

    pub fn forget_missing(&mut self) {
        self.missing = [0; 2];
        self.missing_quarters = 0;
    }

    /// Whoever it is and what good it did stays.
    pub fn pardon(&mut self) {
        let Self { first, last, requests, good, logins, good_hour, .. } = *self;
        let flags = self.flags & (flag::GOOD | flag::AUTHENTICATED);
        *self = Self { first, last, requests, good, logins, good_hour, flags, ..Self::new(self.address(), last) };
    }

    /// Counts a missing path; false where it was counted already. One that a page of the site led to is a quarter of one.
    pub fn first_miss(&mut self, path: u64, referred: bool) -> bool {
        let bit = path >> 57;
        let word = &mut self.missing[(bit >> 6) as usize & 1];
        let fresh = *word & 1 << (bit & 63) == 0;
        *word |= 1 << (bit & 63);
        if fresh {
            self.begin_day();
            self.missing_quarters = self.missing_quarters.saturating_add(if referred { 1 } else { 4 });
        }
        fresh
    }

    /// Distinct missing paths of the day, however a page led to them; at most 128.
    pub fn misses(&self) -> f32 {
        (self.missing[0].count_ones() + self.missing[1].count_ones()) as f32
    }

    /// Missing paths of the day.
    pub fn missing_day(&self) -> f32 {
        f32::from(self.missing_quarters) / 4.0
    }

    fn begin_day(&mut self) {
        if self.missing_quarters == 0 && self.failures_day == 0 {
            self.day = hour(self.last);
        }
    }

    /// Counts a failed login towards the day.
    pub fn fail_today(&mut self) {
        self.begin_day();
        self.failures_day = self.failures_day.saturating_add(1);
    }
}

impl Record for Client {
    fn key(&self) -> [u64; 2] {
        self.ip
    }

    /// The hostile last, then those under suspicion, then those known as good; among equals the longest idle first.
    fn worth(&self) -> u64 {
        let suspect = self.missing_quarters >= 12 || self.failures_day >= 2 || self.score > 0.0;
        let rank = if self.hostile > 0 {
            3
        } else if suspect {
            2
        } else {
            u64::from(self.logins > 0 || self.good > 20)
        };
        rank << 32 | u64::from(self.last)
    }
}

pub fn key(ip: IpAddr) -> [u64; 2] {
    let bits = match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    [(bits >> 64) as u64, bits as u64]
}

/// Hours since 1970, modulo 2^16 (seven years).
pub fn hour(now: u32) -> u16 {
    (now / HOUR) as u16
}

pub fn leak(level: &mut f32, bucket: Bucket, seconds: f32) {
    *level = (*level - seconds / bucket.leak.max(1) as f32).max(0.0);
}
