//! What was stopped so far, told by the table's named counters.

use std::io;

use netlink_packet_core::{DefaultNla, Emitable as _, Nla as _, NlaBuffer, NlasIterator};
use netlink_packet_netfilter::nftables::NfTablesMessage;
use serde::Serialize;

use super::talk::Talk;

// linux/netfilter/nf_tables.h: enum nft_object_attributes, nft_counter_attributes
const OBJECT_TABLE: u16 = 1;
const OBJECT_NAME: u16 = 2;
const OBJECT_TYPE: u16 = 3;
const OBJECT_DATA: u16 = 4;
const COUNTER_BYTES: u16 = 1;
const COUNTER_PACKETS: u16 = 2;
const TYPE_COUNTER: u32 = 1;

/// One named counter since the table was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stopped {
    pub packets: u64,
    pub bytes: u64,
}

pub(super) fn read(talk: &mut Talk, table: &str, name: &str) -> io::Result<Stopped> {
    let question = NfTablesMessage::GetObject(vec![
        DefaultNla::new(OBJECT_TABLE, terminated(table)),
        DefaultNla::new(OBJECT_NAME, terminated(name)),
        DefaultNla::new(OBJECT_TYPE, TYPE_COUNTER.to_be_bytes().to_vec()),
    ]);
    let mut stopped = Stopped::default();
    for answer in talk.ask(question)? {
        let NfTablesMessage::NewObject(attributes) = answer else { continue };
        for attribute in attributes.iter().filter(|attribute| attribute.kind() & 0x3fff == OBJECT_DATA) {
            stopped = counter(attribute);
        }
    }
    Ok(stopped)
}

fn terminated(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    bytes.push(0);
    bytes
}

fn counter(data: &DefaultNla) -> Stopped {
    let mut bytes = vec![0; data.buffer_len()];
    data.emit(&mut bytes);
    let mut stopped = Stopped::default();
    for attribute in NlasIterator::new(NlaBuffer::new(bytes.as_slice()).value()).filter_map(Result::ok) {
        let number = <[u8; 8]>::try_from(attribute.value()).map_or(0, u64::from_be_bytes);
        match attribute.kind() {
            COUNTER_BYTES => stopped.bytes = number,
            COUNTER_PACKETS => stopped.packets = number,
            _ => {}
        }
    }
    stopped
}
