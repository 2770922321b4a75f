//! What a check found.

use serde::Serialize;

use crate::model::alert::{Confidence, Severity};
use crate::model::server::Spot;

/// What a check says of one site, or of the whole host.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assessed {
    /// The name it is known by; empty for the whole host.
    pub site: String,
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl Assessed {
    pub fn host(verdict: Verdict) -> Self {
        Self { site: String::new(), verdict }
    }

    pub fn site(name: impl Into<String>, verdict: Verdict) -> Self {
        Self { site: name.into(), verdict }
    }

    pub fn findings(&self) -> &[Finding] {
        match &self.verdict {
            Verdict::Found { findings } => findings,
            _ => &[],
        }
    }
}

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

impl Verdict {
    /// Found where there are findings, else in place for what stands as evidence.
    pub fn of(findings: Vec<Finding>, evidence: Vec<Proof>) -> Self {
        if findings.is_empty() { Self::InPlace { evidence } } else { Self::Found { findings } }
    }

    /// As in `--json`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Found { .. } => "found",
            Self::CouldNotLook { .. } => "could-not-look",
            Self::InPlace { .. } => "in-place",
            Self::NotApplicable { .. } => "not-applicable",
        }
    }

    /// Found before not looked at before fine.
    pub fn urgency(&self) -> u8 {
        match self {
            Self::Found { .. } => 0,
            Self::CouldNotLook { .. } => 1,
            Self::InPlace { .. } => 2,
            Self::NotApplicable { .. } => 3,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
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

impl std::fmt::Display for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Line { spot, text } => write!(f, "{spot}: {text}"),
            Self::Exchange { request, response } => write!(f, "{request} → {response}"),
        }
    }
}
