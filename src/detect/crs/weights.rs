//! What a hit of a CRS rule weighs: by its severity, less where ordinary requests meet it.

use crate::detect::crs::settings::Settings;
use crate::model::alert::{Class, Confidence, Severity};

pub struct Weight {
    pub level: Severity,
    pub confidence: Confidence,
    pub score: f32,
}

/// Rules that ordinary requests meet: low level and confidence, one point; never what a client is banned for. The counts
/// are those of `cargo test --test crs_benign`.
const NOISY: &[(u32, &str)] = &[];

/// Severities are those of syslog, by name or number; what they add to the anomaly score is a setting of the rule set.
pub fn of(id: u32, severity: Option<&str>, settings: &Settings) -> Weight {
    let (level, name, usual) = match severity.unwrap_or_default().to_ascii_uppercase().as_str() {
        "EMERGENCY" | "0" | "ALERT" | "1" | "CRITICAL" | "2" => (Severity::High, "critical_anomaly_score", 5.0),
        "ERROR" | "3" => (Severity::High, "error_anomaly_score", 4.0),
        "WARNING" | "4" => (Severity::Medium, "warning_anomaly_score", 3.0),
        _ => (Severity::Low, "notice_anomaly_score", 2.0),
    };
    if NOISY.iter().any(|(noisy, _)| *noisy == id) {
        return Weight { level: Severity::Low, confidence: Confidence::Low, score: 1.0 };
    }
    let score = settings.number(name).filter(|score| (0.0..=100.0).contains(score)).unwrap_or(usual);
    Weight { level, confidence: Confidence::Medium, score }
}

/// By the rule set's own tags.
pub fn class(tags: &[String]) -> Class {
    let classes = [
        ("attack-sqli", Class::Sqli),
        ("attack-xss", Class::Xss),
        ("attack-lfi", Class::Traversal),
        ("attack-rfi", Class::Traversal),
        ("attack-rce", Class::Rce),
        ("attack-injection-", Class::Rce),
        ("attack-reputation-", Class::Scanner),
        ("attack-fixation", Class::Injection),
        ("attack-generic", Class::Injection),
    ];
    let has = |start: &str| tags.iter().any(|tag| tag.starts_with(start));
    classes.iter().find(|(tag, _)| has(tag)).map_or(Class::Protocol, |(_, class)| *class)
}
