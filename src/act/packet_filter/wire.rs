//! Elements ↔ netlink messages of nf_tables (linux/netfilter/nf_tables.h).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use netlink_packet_netfilter::nftables::{
    DataAttribute, ListAttribute, NfTablesMessage, SetElementAttribute, SetElementFlags, SetElementList,
    SetElementMessage,
};

use super::element::Set;

/// Elements in one message: a netlink attribute holds 64 KiB, and 500 of the widest need 24.
pub(super) const PER_MESSAGE: usize = 500;

pub(super) type Entry = ListAttribute<SetElementAttribute>;

pub(super) fn add(table: &str, set: Set, entries: Vec<Entry>) -> NfTablesMessage {
    NfTablesMessage::NewSetElement(message(table, set, Some(entries)))
}

pub(super) fn delete(table: &str, set: Set, entries: Vec<Entry>) -> NfTablesMessage {
    NfTablesMessage::DeleteSetElement(message(table, set, Some(entries)))
}

/// A deletion that names no element empties the set.
pub(super) fn flush(table: &str, set: Set) -> NfTablesMessage {
    NfTablesMessage::DeleteSetElement(message(table, set, None))
}

/// With entries: those; without: all of them (a dump).
pub(super) fn get(table: &str, set: Set, entries: Option<Vec<Entry>>) -> NfTablesMessage {
    NfTablesMessage::GetSetElement(message(table, set, entries))
}

fn message(table: &str, set: Set, entries: Option<Vec<Entry>>) -> SetElementMessage {
    let mut attributes = vec![SetElementList::Table(table.to_string()), SetElementList::Set(set.name().to_string())];
    attributes.extend(entries.map(SetElementList::Elements));
    SetElementMessage { attributes }
}

/// An address of a hash set.
pub(super) fn key(address: IpAddr, ttl: Option<Duration>) -> Entry {
    let mut attributes = vec![SetElementAttribute::Key(DataAttribute::Value(octets(address)))];
    attributes.extend(ttl.map(|ttl| SetElementAttribute::Timeout(millis(ttl))));
    ListAttribute::Element(attributes)
}

/// A prefix of an interval set: its first address, and the first address behind it unless it reaches the end.
pub(super) fn interval(net: IpNet, ttl: Option<Duration>) -> impl Iterator<Item = Entry> {
    let end = behind(net).map(|address| {
        ListAttribute::Element(vec![
            SetElementAttribute::Flags(SetElementFlags::IntervalEnd),
            SetElementAttribute::Key(DataAttribute::Value(octets(address))),
        ])
    });
    [Some(key(net.network(), ttl)), end].into_iter().flatten()
}

fn behind(net: IpNet) -> Option<IpAddr> {
    match net.broadcast() {
        IpAddr::V4(last) => u32::from(last).checked_add(1).map(|next| IpAddr::V4(Ipv4Addr::from(next))),
        IpAddr::V6(last) => u128::from(last).checked_add(1).map(|next| IpAddr::V6(Ipv6Addr::from(next))),
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(four) => four.octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    }
}

/// Zero would mean "for ever", so the shortest timeout is 1 ms.
fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// One element as the kernel tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub net: IpNet,
    /// Until the kernel removes it; none: never.
    pub left: Option<Duration>,
}

/// One end of an interval, or (in a hash set) an address.
pub(super) struct End {
    key: u128,
    closes: bool,
    left: Option<Duration>,
}

/// The elements in an answer; what is not understood is left out.
pub(super) fn ends(message: &NfTablesMessage) -> Vec<End> {
    let NfTablesMessage::NewSetElement(message) = message else { return Vec::new() };
    let lists = message.attributes.iter().filter_map(|attribute| match attribute {
        SetElementList::Elements(entries) => Some(entries),
        _ => None,
    });
    lists.flatten().filter_map(end).collect()
}

fn end(entry: &Entry) -> Option<End> {
    let ListAttribute::Element(attributes) = entry else { return None };
    let mut key = None;
    let mut end = End { key: 0, closes: false, left: None };
    for attribute in attributes {
        match attribute {
            SetElementAttribute::Key(DataAttribute::Value(bytes)) => key = number(bytes),
            SetElementAttribute::Flags(flags) => end.closes = flags.contains(SetElementFlags::IntervalEnd),
            SetElementAttribute::Expiration(millis) => end.left = Some(Duration::from_millis(*millis)),
            _ => {}
        }
    }
    Some(End { key: key?, ..end })
}

fn number(bytes: &[u8]) -> Option<u128> {
    match bytes.len() {
        4 => Some(u128::from(u32::from_be_bytes(bytes.try_into().ok()?))),
        16 => Some(u128::from_be_bytes(bytes.try_into().ok()?)),
        _ => None,
    }
}

/// What a set holds, from all its ends.
pub(super) fn held(set: Set, mut ends: Vec<End>) -> Vec<Held> {
    if !set.holds_intervals() {
        let width = if matches!(set, Set::Drop6Net64 | Set::Limit6Net64) { 64 } else { set.bits() };
        return ends.iter().filter_map(|end| Some(Held { net: net(set, end.key, width)?, left: end.left })).collect();
    }
    // Where one interval ends and the next begins, the end comes first.
    ends.sort_unstable_by_key(|end| (end.key, !end.closes));
    let next = ends.iter().skip(1).map(Some).chain([None]);
    let opened = ends.iter().zip(next).filter(|(end, _)| !end.closes);
    opened
        .filter_map(|(start, stop)| {
            Some(Held { net: prefix(set, start.key, stop.map(|end| end.key))?, left: start.left })
        })
        .collect()
}

/// The prefix from a first address to the one behind its last (none: to the very end).
fn prefix(set: Set, first: u128, behind: Option<u128>) -> Option<IpNet> {
    let top = if set.is_v4() { 1 << 32 } else { 0 };
    let size = behind.unwrap_or(top).wrapping_sub(first);
    net(set, first, u8::try_from(u32::from(set.bits()).checked_sub(size.trailing_zeros())?).ok()?)
}

fn net(set: Set, address: u128, width: u8) -> Option<IpNet> {
    if set.is_v4() {
        return Ipv4Net::new(Ipv4Addr::from(u32::try_from(address).ok()?), width).ok().map(IpNet::V4);
    }
    Ipv6Net::new(Ipv6Addr::from(address), width).ok().map(IpNet::V6)
}
