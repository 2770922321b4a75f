//! What the guard says while it works; the command line shows it, one line each or one JSON object each.

use std::path::PathBuf;

use serde::Serialize;

use crate::guard::message::Status;
use crate::model::{Alert, Decision, DecisionId, ServerKind};
use crate::respond::proof::Hold;

#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Said<'a> {
    Server {
        kind: ServerKind,
        version: &'a str,
        config: PathBuf,
        running: bool,
        sites: usize,
    },
    /// A log that will be followed, or (with `problem`) why it will not.
    Log {
        path: String,
        site: &'a str,
        format: String,
        problem: Option<String>,
    },
    /// Everything is ready; what will happen to decisions.
    Policy {
        enforcing: bool,
        state: PathBuf,
    },
    Reader {
        pid: u32,
        confined: bool,
    },
    Alert {
        alert: &'a Alert,
    },
    /// `id` is none for a decision that changed nothing in the store.
    Decision {
        id: Option<DecisionId>,
        enforced: bool,
        #[serde(flatten)]
        decision: &'a Decision,
    },
    /// A ban that does not hold.
    Ineffective {
        decision: DecisionId,
        cause: String,
    },
    /// Whether a ban holds, told once when that can be said.
    Proof {
        decision: DecisionId,
        hold: Hold,
    },
    Problem {
        text: &'a str,
    },
    Status {
        #[serde(flatten)]
        status: &'a Status,
        in_force: usize,
    },
    Stopped,
}
