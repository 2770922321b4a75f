//! Which connector, host and application answer, and what holds there.

use std::net::IpAddr;

use crate::effective::Setting;
use crate::effective::tomcat::context::Context;
use crate::effective::tomcat::defaults::default;
use crate::effective::tomcat::part::{Part, setting, word};
use crate::effective::tomcat::server::{Host, Service, Tomcat};

/// One request, as far as it is known; nobody is logged in.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// Where it arrives.
    pub address: IpAddr,
    pub port: u16,
    pub host: Option<&'r str>,
    pub method: &'r str,
    /// The path, decoded, without parameters and query.
    pub path: &'r str,
    pub client: Option<IpAddr>,
}

/// What answers a request.
#[derive(Debug)]
pub struct Place<'t> {
    pub service: &'t Service,
    pub connector: &'t Part,
    pub host: &'t Host,
    /// None: there is no such application, and no root one.
    pub context: Option<&'t Context>,
    /// The path below the application's, beginning with `/`.
    pub path: String,
}

impl<'f> Tomcat<'f> {
    /// The place that answers; none where nothing listens or no host is there.
    pub fn place(&self, request: &Request<'_>) -> Option<Place<'_>> {
        let connectors =
            self.services().iter().flat_map(|service| service.connectors.iter().map(move |it| (service, it)));
        // An address of its own before the wildcard.
        let mut fitting: Vec<_> =
            connectors.filter_map(|(service, it)| Some((self.listens(it, request)?, service, it))).collect();
        fitting.sort_by_key(|(exact, ..)| !exact);
        let (_, service, connector) = fitting.into_iter().next()?;
        let host = service.host(request.host, self)?;
        let context = self.context(service, host, request.path);
        let below =
            context.and_then(|context| request.path.strip_prefix(context.path.as_str())).unwrap_or(request.path);
        let path = if below.is_empty() { "/".to_owned() } else { below.to_owned() };
        Some(Place { service, connector, host, context, path })
    }

    /// Whether a connector takes a request: true where it names the address.
    fn listens(&self, connector: &Part, request: &Request<'_>) -> Option<bool> {
        let port: u16 = self.word(connector, "port").parse().ok()?;
        let address = match self.word(connector, "address").as_str() {
            "" => None,
            "localhost" => Some(IpAddr::from([127, 0, 0, 1])),
            text => Some(text.parse::<IpAddr>().ok()?),
        };
        let address = address.filter(|address| !address.is_unspecified());
        let fits = port == request.port && address.is_none_or(|address| address == request.address);
        fits.then_some(address.is_some())
    }

    /// The application with the longest path that fits.
    fn context<'t>(&'t self, service: &'t Service, host: &'t Host, path: &str) -> Option<&'t Context> {
        let fits = |context: &&Context| {
            path.strip_prefix(context.path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.contexts(service, host).iter().filter(fits).max_by_key(|context| context.path.len())
    }
}

impl Place<'_> {
    /// An attribute of the first valve of a class on the way, the innermost first: an application's own valve comes before
    /// its host's. Empty where there is none.
    pub fn valve(&self, tomcat: &Tomcat<'_>, class: &str, attribute: &str) -> Setting {
        let valve = self.valves().into_iter().rev().find(|valve| valve.class() == class);
        setting(&valve, attribute, &tomcat.known)
    }

    /// Whether error pages show `showReport` or `showServerInfo`; each host has the valve, declared or not.
    pub fn error_report(&self, tomcat: &Tomcat<'_>, attribute: &str) -> bool {
        let setting = self.valve(tomcat, "ErrorReportValve", attribute);
        let value = word(&setting).or_else(|| default("ErrorReportValve", attribute, tomcat.version));
        value.is_none_or(|value| value == "true")
    }

    /// The valves a request goes through: the engine's, the host's, the application's.
    pub fn valves(&self) -> Vec<Part> {
        let context = self.context.into_iter().flat_map(|context| &context.parts);
        let containers = [&self.service.engine, &self.host.part].into_iter().chain(context);
        containers.flat_map(|container| container.inner("Valve")).collect()
    }

    /// Whether the session cookie is kept from scripts.
    pub fn http_only(&self, tomcat: &Tomcat<'_>) -> bool {
        self.context.is_none_or(|context| {
            context.word(tomcat, "useHttpOnly") == "true"
                || word(&context.web(tomcat).session("http-only")) == Some("true")
        })
    }

    /// The name of the session cookie.
    pub fn session_cookie(&self, tomcat: &Tomcat<'_>) -> String {
        let named = |context: &Context| {
            let own = context.setting(tomcat, "sessionCookieName");
            word(&own).map(str::to_owned).or_else(|| word(&context.web(tomcat).session("name")).map(str::to_owned))
        };
        self.context.and_then(named).unwrap_or_else(|| "JSESSIONID".to_owned())
    }
}
