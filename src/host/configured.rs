//! The web servers of the host with their configuration as it was read, for whoever asks what really holds.

use std::path::PathBuf;

use crate::formats::apache::evaluate::Evaluation;
use crate::formats::nginx::{self, Build};
use crate::model::Server;

/// A server, and what its declarations were read from.
#[derive(Clone, Debug)]
pub struct Configured {
    pub server: Server,
    pub config: Config,
}

/// A configuration after includes and conditions.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a handful a host")]
pub enum Config {
    Apache(Evaluation),
    Nginx(nginx::Config, Build),
    /// CATALINA_BASE and CATALINA_HOME: its files are read by whoever asks.
    Tomcat {
        base: PathBuf,
        home: PathBuf,
    },
    /// It runs in a container: its files are not ours.
    Elsewhere,
}

impl Configured {
    pub(super) fn elsewhere(server: Server) -> Self {
        Self { server, config: Config::Elsewhere }
    }
}
