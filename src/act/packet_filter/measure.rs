//! How fast bans are on this host: measured in a private network namespace, touching nothing else.

use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use ipnet::{IpNet, Ipv4Net};
use rustix::io::Errno;
use serde::Serialize;

use super::{Element, FilterError, PacketFilter, Settings};
use crate::act::namespace::{self, NamespaceError};

/// Milliseconds, all of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Elements in the set before single bans were timed.
    pub elements: usize,
    /// Filling the empty set with them.
    pub restore: f64,
    /// One ban more, over [`SINGLE`] of them.
    pub ban_p50: f64,
    pub ban_p99: f64,
    pub ban_max: f64,
}

/// Single bans timed.
pub const SINGLE: usize = 1_000;

/// Fills a table with `elements` addresses, then times single bans. Needs root.
pub fn measure(elements: usize) -> Result<Measured, FilterError> {
    namespace::private(|| measure_here(elements)).map_err(|cause| match cause {
        NamespaceError::Leave(Errno::PERM) => FilterError::NotPermitted,
        other => FilterError::Socket(io::Error::other(other)),
    })?
}

fn measure_here(elements: usize) -> Result<Measured, FilterError> {
    let mut filter = PacketFilter::open(Settings::default())?;
    filter.ensure()?;
    let all: Vec<Element> = addresses(0, elements).collect();
    let start = Instant::now();
    filter.add(&all)?;
    let restore = start.elapsed();
    let mut single = Vec::with_capacity(SINGLE);
    for element in addresses(elements, SINGLE) {
        let start = Instant::now();
        filter.add(&[element])?;
        single.push(start.elapsed());
    }
    single.sort_unstable();
    let at = |share: usize| single.get((single.len() * share / 100).min(single.len().saturating_sub(1)));
    let millis = |span: Option<&Duration>| span.map_or(0.0, |span| span.as_secs_f64() * 1e3);
    Ok(Measured {
        elements,
        restore: millis(Some(&restore)),
        ban_p50: millis(at(50)),
        ban_p99: millis(at(99)),
        ban_max: millis(single.last()),
    })
}

/// Spread over the address space, each once (an odd factor permutes 2^32).
fn addresses(from: usize, count: usize) -> impl Iterator<Item = Element> {
    (from..from + count).map(|n| {
        let number = (n as u32).wrapping_mul(2_654_435_761);
        Element::drop(IpNet::V4(Ipv4Net::from(Ipv4Addr::from(number))), Some(Duration::from_secs(3600)))
    })
}
