//! What reader and keeper say to each other.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::model::{Alert, Millis, Position, Via};

/// From the reader. The keeper believes none of it unchecked (`check.rs`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToKeeper {
    /// The reader is confined and begins to read.
    Hello {
        confined: bool,
    },
    Alert(Box<Alert>),
    /// A watched client was seen since the last such message.
    Sighting(Sighting),
    /// Somebody got in who administers this host.
    Login {
        user: String,
        client: IpAddr,
        service: String,
        at: Millis,
    },
    /// What could not be read, and why.
    Problem(String),
    /// Positions of a checkpoint, in pieces of at most [`ToKeeper::MAX_POSITIONS`]; `Checkpoint` ends them.
    Positions(Vec<Position>),
    /// Everything before this message is covered by the positions sent and by the snapshot of so many bytes whose
    /// chunks follow.
    Checkpoint {
        snapshot: u64,
    },
    Status(Status),
    /// The reader cannot work, and why; it ends.
    Failed(String),
}

impl ToKeeper {
    pub const MAX_POSITIONS: usize = 256;
}

/// How often a watched client came again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    pub client: IpAddr,
    pub count: u32,
    pub last: Millis,
    pub site: String,
    pub via: Via,
}

/// How the reader fares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Lines read since this reader started.
    pub lines: u64,
    /// Lines no format could read.
    pub unparsed: u64,
    /// Logs followed.
    pub files: u32,
    /// Clients of good standing lately: what a ban budget is a share of.
    pub good_clients: u32,
}
