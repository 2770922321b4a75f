//! server.xml: services, connectors, engines and hosts.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::effective::Setting;
use crate::effective::tomcat::context::Context;
use crate::effective::tomcat::defaults::default;
use crate::effective::tomcat::deploy::deployed;
use crate::effective::tomcat::part::{Part, setting, word};
use crate::effective::tomcat::web::WebXml;
use crate::effective::version::Version;
use crate::formats::Files;
use crate::formats::tomcat::{Document, Element, Properties};

/// A CATALINA_BASE.
pub struct Tomcat<'f> {
    pub(super) files: &'f dyn Files,
    pub(super) base: PathBuf,
    pub(super) known: Properties,
    pub(super) version: Option<Version>,
    /// conf/context.xml, conf/web.xml
    pub(super) default_context: Option<Part>,
    pub(super) default_web: Rc<WebXml>,
    server: Part,
    services: Vec<Service>,
    /// `file:line: what could not be read`
    problems: Vec<String>,
}

/// Connectors, and the hosts behind them.
#[derive(Debug)]
pub struct Service {
    pub connectors: Vec<Part>,
    pub engine: Part,
    pub(super) name: String,
    pub hosts: Vec<Host>,
}

/// A virtual host.
#[derive(Debug)]
pub struct Host {
    pub part: Part,
    /// In lower case; aliases behind the name.
    pub names: Vec<String>,
    pub(super) contexts: OnceCell<Vec<Context>>,
}

impl<'f> Tomcat<'f> {
    /// Reads `conf/` below `base`; never fails, see `problems`.
    pub fn read(files: &'f dyn Files, base: &Path, home: &Path, version: Option<Version>) -> Self {
        let properties = files.read(&base.join("conf/catalina.properties")).unwrap_or_default();
        let known = Properties::new(base, home, &properties);
        let mut problems = Vec::new();
        let (server, default_context, web) = {
            let mut root = |name: &str| document(files, &base.join(name), &mut problems);
            (root("conf/server.xml"), root("conf/context.xml"), root("conf/web.xml"))
        };
        let default_web = Rc::new(web.as_ref().map(|part| WebXml::of(part, &known)).unwrap_or_default());
        let empty = || Part { element: Element::default(), file: base.join("conf/server.xml").into() };
        let server = server.unwrap_or_else(empty);
        let services = server.inner("Service").iter().flat_map(|service| services(service, &known)).collect();
        let base = base.to_owned();
        Self { files, base, known, version, default_context, default_web, server, services, problems }
    }

    pub fn services(&self) -> &[Service] {
        &self.services
    }

    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// An attribute of `Server`: `port`, `shutdown`, `address`.
    pub fn server(&self, attribute: &str) -> Setting {
        setting([&self.server], attribute, &self.known)
    }

    /// An attribute of a connector, a host or another part of server.xml.
    pub fn setting(&self, part: &Part, attribute: &str) -> Setting {
        setting([part], attribute, &self.known)
    }

    /// The same as a word, with the default of this version; empty where there is neither.
    pub fn word(&self, part: &Part, attribute: &str) -> String {
        let element = match part.element.name.as_str() {
            "Connector" if self.speaks_ajp(part) => "Ajp",
            "Valve" => part.class(),
            name => name,
        };
        let or_default = || default(element, attribute, self.version).unwrap_or_default();
        word(&self.setting(part, attribute)).unwrap_or_else(or_default).to_owned()
    }

    /// Whether a connector is for a front server and not for browsers.
    pub fn speaks_ajp(&self, connector: &Part) -> bool {
        word(&self.setting(connector, "protocol")).is_some_and(|protocol| protocol.to_ascii_lowercase().contains("ajp"))
    }

    /// The `SSLHostConfig` elements of a connector, or the connector itself where it has the old attributes.
    pub fn tls(&self, connector: &Part) -> Vec<Part> {
        let inner = connector.inner("SSLHostConfig");
        let on = self.word(connector, "SSLEnabled") == "true";
        if inner.is_empty() && on { vec![connector.clone()] } else { inner }
    }

    /// The TLS part that a server name chooses: its own, a wildcard's, the connector's default.
    pub fn tls_of(&self, connector: &Part, sni: Option<&str>) -> Option<Part> {
        let parts = self.tls(connector);
        let wanted = sni.map(str::to_ascii_lowercase).unwrap_or_default();
        let wildcard = wanted.split_once('.').map(|(_, rest)| format!("*.{rest}")).unwrap_or_default();
        let fallback = match word(&self.setting(connector, "defaultSSLHostConfigName")) {
            Some(name) => name.to_ascii_lowercase(),
            None => "_default_".to_owned(),
        };
        [wanted, wildcard, fallback].iter().filter(|name| !name.is_empty()).find_map(|name| {
            parts.iter().find(|part| self.word_or(part, "hostName", "_default_").eq_ignore_ascii_case(name)).cloned()
        })
    }

    fn word_or(&self, part: &Part, attribute: &str, otherwise: &str) -> String {
        word(&self.setting(part, attribute)).unwrap_or(otherwise).to_owned()
    }

    /// The applications of a host.
    pub fn contexts<'t>(&self, service: &Service, host: &'t Host) -> &'t [Context] {
        host.contexts.get_or_init(|| deployed(self, service, host))
    }

    /// A file's root element; none where there is no such file or it is no XML.
    pub(super) fn document(&self, path: &Path) -> Option<Part> {
        document(self.files, path, &mut Vec::new())
    }
}

fn document(files: &dyn Files, path: &Path, problems: &mut Vec<String>) -> Option<Part> {
    let source = match files.read(path) {
        Ok(source) => source,
        Err(cause) => {
            problems.push(format!("{}: {cause}", path.display()));
            return None;
        }
    };
    let document = Document::parse(&source);
    problems.extend(document.problems.iter().map(|(line, what)| format!("{}:{line}: {what}", path.display())));
    document.root.map(|element| Part { element, file: path.into() })
}

fn services(service: &Part, known: &Properties) -> Vec<Service> {
    let of_engine = |engine: Part| Service {
        connectors: service.inner("Connector"),
        name: engine.attribute("name", known).unwrap_or_else(|| "Catalina".to_owned()),
        hosts: engine.inner("Host").into_iter().map(|part| host(part, known)).collect(),
        // The hosts have parts of their own; what is left are the engine's attributes and valves.
        engine: without_hosts(engine),
    };
    service.inner("Engine").into_iter().map(of_engine).collect()
}

fn without_hosts(mut engine: Part) -> Part {
    engine.element.children.retain(|child| child.name != "Host");
    engine
}

fn host(part: Part, known: &Properties) -> Host {
    let name = part.attribute("name", known);
    let aliases = part.element.named("Alias").map(|alias| known.expand(&alias.text));
    let names = name.into_iter().chain(aliases).map(|name| name.to_ascii_lowercase()).collect();
    Host { part, names, contexts: OnceCell::new() }
}

impl Service {
    /// The host that a name chooses: its own, a wildcard's (`*.example.org`), the engine's default.
    pub fn host(&self, name: Option<&str>, known: &Tomcat<'_>) -> Option<&Host> {
        let name = name.map(|name| without_port(name).to_ascii_lowercase()).unwrap_or_default();
        let wildcard = name.split_once('.').map(|(_, rest)| format!("*.{rest}")).unwrap_or_default();
        let default = known.word(&self.engine, "defaultHost").to_ascii_lowercase();
        [name, wildcard, default].iter().find_map(|name| self.hosts.iter().find(|host| host.names.contains(name)))
    }
}

fn without_port(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(_) => host.split_inclusive(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}
