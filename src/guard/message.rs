//! What reader and keeper say to each other.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::detect::Settings;
use crate::guard::rules::Texts;
use crate::model::{Alert, Evidence, Millis, Position, Via};
use crate::monitor::Source;

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
    /// A careful reader takes up this line; none: it has read all there was, and reads on as usual.
    Reads(Option<Place>),
    /// The reader cannot work, and why; it ends.
    Failed(String),
}

impl ToKeeper {
    pub const MAX_POSITIONS: usize = 256;
}

/// Where a line begins.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub path: PathBuf,
    pub offset: u64,
    pub line: u64,
}

/// How carefully to read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Care {
    /// Tell each line before touching it.
    pub line_by_line: bool,
    /// Earlier readers died of these.
    pub skip: Vec<Place>,
}

/// A watched client came again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    pub client: IpAddr,
    /// Lines since the last such message.
    pub count: u32,
    /// All of them were refused by the web server (403, 429).
    pub refused: bool,
    /// When the last of the requests began, where the log says.
    pub began: Option<Millis>,
    /// The log clock then.
    pub last: Millis,
    pub site: String,
    pub via: Via,
    /// The last of the lines; of those not refused, where there are any.
    pub evidence: Evidence,
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

/// From the keeper, which the reader trusts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ToReader {
    /// The first message.
    Start(Box<Start>),
    /// Whose traffic is proof for or against a ban.
    Watch(Vec<IpNet>),
    /// Pardoned: watched no more, and nothing counts against them that they did before.
    Forget(Vec<IpNet>),
    /// Take a last checkpoint and end.
    Stop,
}

/// All that a reader begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    pub sources: Vec<Source>,
    pub positions: Vec<Position>,
    /// Bytes of the snapshot whose chunks follow.
    pub snapshot: u64,
    pub settings: Settings,
    /// Rules beside those of this program: a confined reader cannot read their folders.
    pub rules: Texts,
    /// Of the hashes of detection: random in service.
    pub seed: u64,
    pub watch: Vec<IpNet>,
    /// uid and gid to become; nobody's where the host has no user for it.
    pub account: Option<(u32, u32)>,
    pub allow_unconfined: bool,
    pub care: Care,
    /// The standard output is the journal, to be read.
    pub journal: bool,
    /// Read logs without a position from their first line.
    pub from_start: bool,
}
