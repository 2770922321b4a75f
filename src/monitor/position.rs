//! Telling one log's text from another's.

use crate::model::Position;

/// Bytes of a text that tell it from others.
pub(super) const HEAD: usize = 1024;

/// Hash and length for a [`Position`].
pub(super) fn head(start: &[u8]) -> ([u8; 32], u32) {
    let start = start.get(..HEAD).unwrap_or(start);
    (blake3::hash(start).into(), u32::try_from(start.len()).unwrap_or(u32::MAX))
}

/// Offset of a text that counts as read however long it is.
pub(super) const ALL: u64 = u64::MAX;

/// Whether the position says anything about which text it is: nothing was read of it otherwise.
pub(super) fn tells(position: &Position) -> bool {
    position.offset > 0 && position.head_len > 0
}

/// Whether a text that begins with `start` can be the one of the position.
pub(super) fn is_of(position: &Position, start: &[u8]) -> bool {
    usize::try_from(position.head_len)
        .ok()
        .and_then(|length| start.get(..length))
        .is_some_and(|start| blake3::hash(start) == position.head)
}
