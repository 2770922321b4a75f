//! Is the table still ours, with all that belongs to it? Told without listing a set.

use std::io;

use netlink_packet_netfilter::nftables::{
    ChainAttribute, ChainMessage, GenAttribute, GenMessage, NfTablesMessage, RuleAttribute, RuleMessage,
};

use super::element::Set;
use super::rules::CHAINS;
use super::talk::Talk;
use super::wire;

/// Rises with every transaction of anybody: while it stands, nothing has changed.
pub(super) fn generation(talk: &mut Talk) -> io::Result<u32> {
    let answers = talk.ask(NfTablesMessage::GetGen(GenMessage { attributes: Vec::new() }))?;
    let mut ids = answers.iter().filter_map(|answer| match answer {
        NfTablesMessage::NewGen(message) => message.attributes.iter().find_map(|attribute| match attribute {
            GenAttribute::Id(id) => Some(*id),
            _ => None,
        }),
        _ => None,
    });
    ids.next().ok_or_else(|| io::Error::other("nf_tables told no generation"))
}

/// Hash of our chains and rules with their handles; none where one is missing.
pub(super) fn rules_hash(talk: &mut Talk, table: &str) -> io::Result<Option<[u8; 32]>> {
    let mut hasher = blake3::Hasher::new();
    for chain in CHAINS {
        let attributes = vec![ChainAttribute::Table(table.to_string()), ChainAttribute::Name(chain.to_string())];
        let question = NfTablesMessage::GetChain(ChainMessage { attributes });
        let found = known(talk.raw(question, false, |answer| {
            hasher.update(answer);
        }))?;
        if found.is_none() {
            return Ok(None);
        }
        let attributes = vec![RuleAttribute::Table(table.to_string()), RuleAttribute::Chain(chain.to_string())];
        let question = NfTablesMessage::GetRule(RuleMessage { attributes });
        let found = known(talk.raw(question, true, |answer| {
            hasher.update(answer);
        }))?;
        if found.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(*hasher.finalize().as_bytes()))
}

/// True where every set still holds its sentinel.
pub(super) fn sets_stand(talk: &mut Talk, table: &str) -> io::Result<bool> {
    for set in Set::ALL {
        if !set_stands(talk, table, set)? {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) fn set_stands(talk: &mut Talk, table: &str, set: Set) -> io::Result<bool> {
    let question = wire::get(table, set, Some(vec![wire::key(set.sentinel(), None)]));
    Ok(known(talk.raw(question, false, |_| {}))?.is_some())
}

/// "No such thing" is an answer and not an error; so is "a set of another make" (EINVAL: keys of another length).
pub(super) fn known<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(cause) if matches!(cause.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput) => Ok(None),
        Err(cause) => Err(cause),
    }
}
