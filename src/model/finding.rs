//! What a check found.

use serde::Serialize;

use crate::model::alert::{Confidence, Severity};
use crate::model::server::Spot;

/// What a check says of one site, or of the host.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    InPlace {
        evidence: Vec<Proof>,
    },
    Found {
        findings: Vec<Finding>,
    },
    /// Never "fine" for want of permission: the cause, and what to do about it.
    CouldNotLook {
        cause: String,
    },
    NotApplicable {
        reason: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Empty where it concerns the whole host.
    pub site: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub text: String,
    pub evidence: Vec<Proof>,
    /// What to do next.
    pub fix: String,
}

/// What a verdict rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Proof {
    Line {
        #[serde(flatten)]
        spot: Spot,
        text: String,
    },
    Exchange {
        request: String,
        response: String,
    },
}
