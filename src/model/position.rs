//! How far a log was read: enough to find the same place again after rotation, compression or a crash.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::time::Millis;

/// The next unread byte of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// The name it was found under; after a rotation the same bytes stand under another.
    pub path: PathBuf,
    pub device: u64,
    pub inode: u64,
    /// BLAKE3 of the first `head_len` bytes (of the decompressed text), at most 1 KiB: the file's identity once it is
    /// compressed or its inode is used again.
    pub head: [u8; 32],
    pub head_len: u32,
    /// Byte offset of the next unread line; `u64::MAX` where all of it counts as read, however long it is.
    pub offset: u64,
    /// Lines read so far.
    pub line: u64,
    /// The log clock there, 0 before the first stamp: reading on gives the same times as never having stopped.
    pub now: Millis,
}
