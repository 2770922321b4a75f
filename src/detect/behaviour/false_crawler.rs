//! A client calls itself a crawler of a search engine and comes from elsewhere.

use std::net::IpAddr;

use crate::detect::detector::Detector;
use crate::detect::memory::client::flag;
use crate::detect::memory::{Memory, kind};
use crate::detect::raise::{Reason, raise, told_of_client};
use crate::detect::seen::{Seen, sign};
use crate::detect::settings::{Crawler, Settings};
use crate::model::{Alert, Class, Confidence, Severity};

pub static DETECTOR: Detector = Detector {
    id: "false-crawler",
    says: "calls itself NAME and comes from none of its networks",
    wants: sign::CRAWLER,
    accuses: false,
    look,
};

/// Only a new user agent of a client gets here, so that the search costs nothing.
fn look(seen: &Seen<'_, '_>, memory: &mut Memory, settings: &Settings) -> Option<Alert> {
    let agent = seen.request()?.user_agent;
    let crawler = settings.crawlers.iter().find(|crawler| names(agent, crawler))?;
    let client = memory.clients.at_mut(seen.slot);
    if crawler.nets.iter().any(|net| net.contains(&seen.ip)) || client.has(flag::FALSE_CRAWLER) {
        return None;
    }
    client.flags |= flag::FALSE_CRAWLER;
    seen.keep(kind::CRAWLER, memory);
    let told = told_of_client(seen, memory, kind::CRAWLER, 0);
    let mut reason = Reason::of_client(seen, memory, Class::FalseCrawler, Severity::Info);
    reason.confidence = Confidence::Low;
    reason.sentence = format!("calls itself {} and comes from none of its networks", crawler.token);
    Some(raise(&DETECTOR, seen, told, reason))
}

/// A crawler that comes from its operator's networks.
pub fn is_true(agent: &[u8], ip: IpAddr, settings: &Settings) -> bool {
    let mut crawlers = settings.crawlers.iter();
    crawlers.any(|crawler| crawler.nets.iter().any(|net| net.contains(&ip)) && names(agent, crawler))
}

fn names(agent: &[u8], crawler: &Crawler) -> bool {
    let token = crawler.token.as_bytes();
    let Some(first) = token.first() else { return false };
    memchr::memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), agent)
        .any(|at| agent.get(at..at + token.len()).is_some_and(|part| part.eq_ignore_ascii_case(token)))
}
