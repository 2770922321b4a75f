//! What to do about an alert, and where it is done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::alert::{AlertId, Subject};
use crate::model::time::Millis;

/// Rises by one for every decision of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DecisionId(pub i64);

impl fmt::Display for DecisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d{}", self.0)
    }
}

/// What the policy makes of an alert. Data: whoever enforces it has no choice left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    pub subject: Subject,
    pub action: Action,
    pub point: Point,
    pub at: Millis,
    /// None: until undone by a person.
    pub until: Option<Millis>,
    /// 1 for a first offence; ban times grow with it.
    pub offence: u32,
    /// Why this and not more or less: the alert's sentence, and what held the policy back.
    pub why: String,
    /// Ids of detectors and rules.
    pub rules: Vec<String>,
    pub alerts: Vec<AlertId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Tell a person and change nothing.
    Tell,
    /// Let through a trickle.
    Limit,
    /// Let through nothing.
    Ban,
}

/// Where a decision is enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// The TCP peer is the client.
    PacketFilter,
    /// The client came through a proxy: the web server's own deny map.
    WebServer,
    /// Observed only, or nothing to enforce.
    Nowhere,
}
