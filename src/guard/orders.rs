//! What a person may order.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// An order of a person, from the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Order {
    /// Ban for so many seconds, or until undone.
    Ban {
        net: IpNet,
        seconds: Option<u64>,
        reason: String,
    },
    /// End every decision on exactly this address or prefix.
    Unban {
        net: IpNet,
    },
    /// Never limit or ban it.
    Allow {
        net: IpNet,
        seconds: Option<u64>,
        reason: String,
    },
    Disallow {
        net: IpNet,
    },
    Status,
}
