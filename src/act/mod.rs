//! The only code that changes the machine; every change says how to undo it.
#![allow(clippy::disallowed_methods, reason = "the changing door of the house")]

pub mod files;
pub mod namespace;
pub mod packet_filter;
pub mod process;
pub mod server_map;
pub mod service_manager;

/// One change as it was made: what the journal keeps.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// What was changed, in words.
    pub what: String,
    /// The command that takes it back.
    pub undo: String,
}
