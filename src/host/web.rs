//! The host as checks see it: its servers, indexed once, ready to be asked what holds for a URL of a site.

use std::net::{IpAddr, Ipv4Addr};

use crate::effective::{Setting, nginx};
use crate::host::{Config, Configured, Host};
use crate::model::{Listener, Server, Site, Spot};

/// What all checks of one run look at.
pub struct Web<'a> {
    pub host: &'a Host,
    pub servers: Vec<WebServer<'a>>,
}

pub struct WebServer<'a> {
    pub server: &'a Server,
    pub engine: Engine<'a>,
}

/// Who tells what holds.
pub enum Engine<'a> {
    Nginx(Box<nginx::Nginx<'a>>),
    /// Nobody: the reason, as a cause for [`crate::model::Verdict::CouldNotLook`].
    Untold(&'static str),
}

/// One site on one of its listeners: where a client comes in.
#[derive(Clone, Copy)]
pub struct Door<'w> {
    pub server: &'w WebServer<'w>,
    pub site: &'w Site,
    pub listener: &'w Listener,
}

/// The value of a directive at a door.
#[derive(Clone, Debug, Default)]
pub struct Held {
    pub setting: Setting,
    /// What holds where nothing is declared; none where that is not known.
    pub default: Option<String>,
}

/// A header that the configuration adds to answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub name: String,
    /// None where only a request decides.
    pub value: Option<String>,
    /// Errors get it as well.
    pub always: bool,
    pub at: Spot,
}

impl<'a> Web<'a> {
    pub fn of(host: &'a Host, configured: &'a [Configured]) -> Self {
        Self { host, servers: configured.iter().map(|known| WebServer::of(host, known)).collect() }
    }

    /// Every site of every server, once a listener.
    pub fn doors(&self) -> impl Iterator<Item = Door<'_>> {
        self.servers.iter().flat_map(|server| {
            let sites = server.server.sites.iter();
            sites.flat_map(move |site| site.listeners.iter().map(move |listener| Door { server, site, listener }))
        })
    }
}

impl<'a> WebServer<'a> {
    fn of(host: &'a Host, known: &'a Configured) -> Self {
        let engine = match &known.config {
            Config::Nginx(config, build) => Engine::Nginx(Box::new(nginx::Nginx::new(config, build, host))),
            Config::Apache(_) => Engine::Untold("what holds in Apache is not told yet"),
            Config::Tomcat => Engine::Untold("what holds in Tomcat is not told yet"),
            Config::Elsewhere => Engine::Untold("its files are in a container; look from inside it"),
        };
        Self { server: &known.server, engine }
    }
}

impl Door<'_> {
    /// Where to come in: this host by loopback, unless one address is listened on.
    pub fn address(&self) -> (IpAddr, u16) {
        (self.listener.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), self.listener.port)
    }

    /// The name a client would say: that of the site, with a word for its wildcard.
    pub fn host_name(&self) -> String {
        let name = self.site.name();
        name.strip_prefix("*.").map_or_else(|| name.to_owned(), |rest| format!("www.{rest}"))
    }
}
