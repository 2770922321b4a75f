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

/// The elements of a hash set in an answer; what is not understood is left out.
pub(super) fn held(set: Set, message: &NfTablesMessage) -> Vec<Held> {
    let NfTablesMessage::NewSetElement(message) = message else { return Vec::new() };
    let lists = message.attributes.iter().filter_map(|attribute| match attribute {
        SetElementList::Elements(entries) => Some(entries),
        _ => None,
    });
    lists.flatten().filter_map(|entry| held_one(set, entry)).collect()
}

fn held_one(set: Set, entry: &Entry) -> Option<Held> {
    let ListAttribute::Element(attributes) = entry else { return None };
    let mut net = None;
    let mut left = None;
    for attribute in attributes {
        match attribute {
            SetElementAttribute::Key(DataAttribute::Value(bytes)) => net = net_of(set, bytes),
            SetElementAttribute::Expiration(millis) => left = Some(Duration::from_millis(*millis)),
            _ => {}
        }
    }
    Some(Held { net: net?, left })
}

fn net_of(set: Set, bytes: &[u8]) -> Option<IpNet> {
    if set.is_v4() {
        let octets: [u8; 4] = bytes.try_into().ok()?;
        return Some(IpNet::V4(Ipv4Net::from(Ipv4Addr::from(octets))));
    }
    let octets: [u8; 16] = bytes.try_into().ok()?;
    let width = if matches!(set, Set::Drop6) { 128 } else { 64 };
    Ipv6Net::new(Ipv6Addr::from(octets), width).ok().map(IpNet::V6)
}
