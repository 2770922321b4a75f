//! The host as checks see it: its servers, indexed once, ready to be asked what holds for a URL of a site.

use std::net::{IpAddr, Ipv4Addr};

use crate::effective::version::Version;
use crate::effective::{apache, nginx, tomcat};
use crate::host::{Config, Configured, Host};
use crate::model::{Listener, Server, Site};

/// What all checks of one run look at.
pub struct Web<'a> {
    pub host: &'a Host,
    pub servers: Vec<WebServer<'a>>,
}

pub struct WebServer<'a> {
    pub server: &'a Server,
    /// As it was read, for what stands in no one place's settings.
    pub config: &'a Config,
    pub engine: Engine<'a>,
}

/// Who tells what holds.
pub enum Engine<'a> {
    Apache(Box<apache::Sites<'a>>),
    Nginx(Box<nginx::Nginx<'a>>),
    Tomcat(Box<tomcat::Tomcat<'a>>),
    /// Nobody: the reason, as a cause for [`crate::model::Verdict::CouldNotLook`].
    Untold(&'static str),
}

/// One site on one of its listeners: where a client comes in.
#[derive(Clone, Copy)]
pub struct Door<'w, 'a> {
    pub host: &'w Host,
    pub server: &'w WebServer<'a>,
    pub site: &'w Site,
    pub listener: &'w Listener,
}

impl<'a> Web<'a> {
    pub fn of(host: &'a Host, configured: &'a [Configured]) -> Self {
        Self { host, servers: configured.iter().map(|known| WebServer::of(host, known)).collect() }
    }

    /// The ways into one site of a server, once a listener.
    pub fn doors_at<'w>(&'w self, server: &'w WebServer<'a>, site: &'w Site) -> impl Iterator<Item = Door<'w, 'a>> {
        site.listeners.iter().map(move |listener| Door { host: self.host, server, site, listener })
    }
}

impl<'a> WebServer<'a> {
    fn of(host: &'a Host, known: &'a Configured) -> Self {
        let engine = match &known.config {
            Config::Nginx(config, build) => Engine::Nginx(Box::new(nginx::Nginx::new(config, build, host))),
            Config::Apache(evaluation) => Engine::Apache(Box::new(apache::Sites::of(evaluation))),
            Config::Tomcat { base, home } => {
                let version = Version::parse(&known.server.version);
                Engine::Tomcat(Box::new(tomcat::Tomcat::read(host, base, home, version)))
            }
            Config::Elsewhere => Engine::Untold("its files are in a container; look from inside it"),
        };
        Self { server: &known.server, config: &known.config, engine }
    }
}

impl<'a> Door<'_, 'a> {
    /// Where to come in: this host by loopback, unless one address is listened on.
    pub fn address(&self) -> (IpAddr, u16) {
        (self.listener.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), self.listener.port)
    }

    /// The Tomcat behind it, and the place in it that answers for `path`.
    pub fn tomcat(&self, path: &str) -> Option<(&tomcat::Tomcat<'a>, tomcat::Place<'_>)> {
        let Engine::Tomcat(tomcat) = &self.server.engine else { return None };
        let (address, port) = self.address();
        let name = self.host_name();
        let request = tomcat::Request { address, port, host: Some(&name), method: "GET", path, client: None };
        Some((tomcat, tomcat.place(&request)?))
    }

    /// The name a client would say: that of the site, with a word for its wildcard.
    pub fn host_name(&self) -> String {
        let name = self.site.name();
        name.strip_prefix("*.").map_or_else(|| name.to_owned(), |rest| format!("www.{rest}"))
    }
}
