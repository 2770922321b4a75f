//! The detectors of behaviour: one detector, one file.

pub mod brute_force;
pub mod brute_force_prefix;
pub mod brute_force_user;
pub mod content_score;
pub mod credential_stuffing;
pub mod false_crawler;
pub mod habit;
pub mod login;
pub mod paths;
pub mod probing;
pub mod rule_correlation;
pub mod sensitive_probing;
pub mod sshd;
pub mod strangers;
pub mod success_after_attack;
pub mod volume;
