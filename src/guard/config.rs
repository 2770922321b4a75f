//! The configuration file.
pub const DEFAULT_FILE: &str = "/etc/peelhouse/peelhouse.toml";
