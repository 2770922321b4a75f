//! The configuration file: every part has a default, and the shipped file says the same.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::act::packet_filter;
use crate::detect;
use crate::formats::Files;
use crate::guard::error::GuardError;
use crate::host::Host;
use crate::model::LogKind;
use crate::respond::Policy;
use crate::respond::policy::located;

/// Read unless the command line names another; the defaults stand where it is absent.
pub const DEFAULT_FILE: &str = "/etc/peelhouse/peelhouse.toml";

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub policy: Policy,
    pub packet_filter: packet_filter::Settings,
    /// Thresholds of detection.
    pub detection: detect::Settings,
    /// Logs that no server of this host declares.
    #[serde(rename = "log")]
    pub logs: Vec<ExtraLog>,
}

/// A log beside those the servers' configurations declare.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraLog {
    /// May hold `*`.
    pub path: PathBuf,
    #[serde(default)]
    pub kind: Kind,
    /// The site's name, as told.
    #[serde(default)]
    pub site: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    #[default]
    Access,
    ApacheError,
    NginxError,
    ModsecurityAudit,
    PhpFpm,
    Auth,
    Application,
    Mixed,
}

impl From<Kind> for LogKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Access => Self::Access,
            Kind::ApacheError => Self::ApacheError,
            Kind::NginxError => Self::NginxError,
            Kind::ModsecurityAudit => Self::ModsecurityAudit,
            Kind::PhpFpm => Self::PhpFpm,
            Kind::Auth => Self::Auth,
            Kind::Application => Self::Application,
            Kind::Mixed => Self::Mixed,
        }
    }
}

impl Config {
    /// Reads a file; the default one may be absent.
    pub fn read(host: &Host, file: &Path) -> Result<Self, GuardError> {
        let file = &std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
        let unreadable = |cause| GuardError::ConfigUnreadable { file: file.to_path_buf(), cause };
        if file == Path::new(DEFAULT_FILE) && rustix::fs::access(file, rustix::fs::Access::EXISTS).is_err() {
            return Ok(Self::default());
        }
        let bytes = host.read(file).map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|_| unreadable("it is no UTF-8".to_owned()))?;
        Self::parse(file, &text)
    }

    fn parse(file: &Path, text: &str) -> Result<Self, GuardError> {
        Ok(toml::from_str(text).map_err(|error| located(file, text, &error))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_says_the_defaults() {
        let shipped = include_str!("../../etc/peelhouse.toml");
        assert_eq!(Config::parse(Path::new("etc/peelhouse.toml"), shipped).unwrap(), Config::default());
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let error = Config::parse(Path::new("p.toml"), "[detection]\nvolume_rat = 3\n").unwrap_err().to_string();
        assert!(error.starts_with("p.toml:2:") && error.contains("volume_rate"), "{error}");
    }

    #[test]
    fn a_number_out_of_bounds_is_told_with_its_place() {
        let wrong = [
            "[policy.budget]\ngood_share = nan",
            "[policy.budget]\ngood_share = -1.0",
            "[policy.prefix]\nhostile_share = 0",
            "[policy.prefix]\nipv4 = [24, 0]",
            "[policy.prefix]\nipv6 = [129]",
            "[detection]\nmax_clients = 0",
            "[detection]\nscore = -inf",
            "[detection]\nvolume_rate = nan",
            "[detection]\nprobing = { capacity = 10.0, leak = 0 }",
        ];
        for text in wrong {
            let error = Config::parse(Path::new("p.toml"), text).unwrap_err().to_string();
            assert!(error.starts_with("p.toml:2: "), "{text}: {error}");
        }
    }
}
