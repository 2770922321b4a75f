//! server.xml and the context files as sites: each `Host` is one, with the connectors of its service.

use std::path::{Path, PathBuf};

use crate::formats::tomcat::access_log::access_log;
use crate::formats::tomcat::properties::Properties;
use crate::formats::tomcat::remote_ip::remote_ip;
use crate::formats::tomcat::xml::{Document, Element};
use crate::formats::{Files, glob};
use crate::model::{Listener, LogFile, RealIp, Site, Spot};

/// What a Tomcat's configuration declares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    pub sites: Vec<Site>,
    /// `file:line: what is wrong`; one may stand there for each site it concerns.
    pub problems: Vec<String>,
}

/// Reads `conf/server.xml` below `base` (CATALINA_BASE) and the context files that belong to its hosts.
pub fn declared(files: &dyn Files, base: &Path, home: &Path) -> Declared {
    let properties = files.read(&base.join("conf/catalina.properties")).unwrap_or_default();
    let known = Properties::new(base, home, &properties);
    let mut reader = Reader { files, base, known, problems: Vec::new() };
    let path = base.join("conf/server.xml");
    let server = reader.document(&path);
    let mut sites = Vec::new();
    for service in server.iter().flat_map(|server| server.named("Service")) {
        sites.extend(reader.service(service, &path));
    }
    if sites.is_empty() && reader.problems.is_empty() {
        reader.problems.push(format!("{}: declares no Host", path.display()));
    }
    Declared { sites, problems: reader.problems }
}

struct Reader<'a> {
    files: &'a dyn Files,
    base: &'a Path,
    known: Properties,
    problems: Vec<String>,
}

/// A container with valves, and the file it is written in.
struct Container<'a> {
    element: &'a Element,
    file: &'a Path,
}

impl Reader<'_> {
    fn document(&mut self, path: &Path) -> Option<Element> {
        let source = match self.files.read(path) {
            Ok(source) => source,
            Err(cause) => {
                self.problems.push(format!("{}: {cause}", path.display()));
                return None;
            }
        };
        let document = Document::parse(&source);
        let problems = document.problems.iter().map(|(line, what)| format!("{}:{line}: {what}", path.display()));
        self.problems.extend(problems);
        document.root
    }

    fn service(&mut self, service: &Element, file: &Path) -> Vec<Site> {
        let listeners: Vec<Listener> = service.named("Connector").filter_map(|it| self.listener(it, file)).collect();
        let mut sites = Vec::new();
        for engine in service.named("Engine") {
            let engine = Container { element: engine, file };
            for host in engine.element.named("Host") {
                sites.push(self.site(&engine, &Container { element: host, file }, &listeners));
            }
        }
        sites
    }

    fn listener(&mut self, connector: &Element, file: &Path) -> Option<Listener> {
        let at = Spot { file: file.to_owned(), line: connector.line };
        let attribute = |name: &str| connector.attribute(name).map(|value| self.known.expand(value));
        let port = attribute("port").unwrap_or_default();
        let tls = attribute("SSLEnabled").is_some_and(|value| value == "true");
        let ajp = attribute("protocol").is_some_and(|value| value.to_ascii_lowercase().contains("ajp"));
        let address = attribute("address").map(|text| match text.as_str() {
            "localhost" => Some(std::net::Ipv4Addr::LOCALHOST.into()),
            text => text.parse().ok(),
        });
        if address == Some(None) {
            self.problems.push(format!("{at}: connector's address is a host name, which is not looked up"));
        }
        if ajp {
            self.problems
                .push(format!("{at}: port {port} speaks AJP: clients' addresses are what the front server says"));
        }
        match port.parse() {
            // -1 and 0: off, and any free port.
            Ok(0) => None,
            Ok(port) => Some(Listener { address: address.flatten().filter(is_one), port, tls, at }),
            Err(_) if port.starts_with('-') => None,
            Err(_) => {
                self.problems.push(format!("{at}: connector's port is not a number: {port:?}"));
                None
            }
        }
    }

    fn site(&mut self, engine: &Container<'_>, host: &Container<'_>, listeners: &[Listener]) -> Site {
        let name = |element: &Element| self.known.expand(element.attribute("name").unwrap_or("_"));
        let (engine_name, host_name) = (name(engine.element), name(host.element));
        let aliases = host.element.named("Alias").map(|alias| self.known.expand(&alias.text));
        let names = std::iter::once(host_name.clone()).chain(aliases).collect();
        let apps = self.base.join(self.known.expand(host.element.attribute("appBase").unwrap_or("webapps")));
        let outer = self.real_ip(engine, &RealIp::default());
        let real_ip = self.real_ip(host, &outer);
        let mut logs = self.logs(engine, &real_ip);
        logs.extend(self.logs(host, &real_ip));
        for context in host.element.named("Context") {
            logs.extend(self.context(&Container { element: context, file: host.file }, &real_ip));
        }
        for path in self.context_files(&engine_name, &host_name, &apps) {
            if let Some(root) = self.document(&path) {
                logs.extend(self.context(&Container { element: &root, file: &path }, &real_ip));
            }
        }
        let at = Spot { file: host.file.to_owned(), line: host.element.line };
        if logs.is_empty() {
            self.problems.push(format!("{at}: requests to {host_name} are not logged: add an AccessLogValve"));
        }
        let tls = listeners.iter().any(|listener| listener.tls);
        Site { names, listeners: listeners.to_vec(), docroot: Some(apps), tls, user: None, logs, at }
    }

    fn context(&mut self, context: &Container<'_>, outer: &RealIp) -> Vec<LogFile> {
        let real_ip = self.real_ip(context, outer);
        self.logs(context, &real_ip)
    }

    /// Files that declare contexts of a host (Tomcat's documentation, The Context Container).
    fn context_files(&self, engine: &str, host: &str, apps: &Path) -> Vec<PathBuf> {
        let conf = self.base.join("conf");
        let mut paths: Vec<PathBuf> = self.listed(&conf, "context.xml");
        paths.extend(self.listed(&conf.join(engine).join(host), "*.xml"));
        paths.extend(glob::expand(self.files, &apps.join("*/META-INF/context.xml")));
        paths
    }

    fn listed(&self, dir: &Path, pattern: &str) -> Vec<PathBuf> {
        let names = self.files.list(dir).unwrap_or_default();
        names.iter().filter(|name| glob::matches(pattern, name)).map(|name| dir.join(name)).collect()
    }

    fn real_ip(&mut self, container: &Container<'_>, outer: &RealIp) -> RealIp {
        let valve = container
            .element
            .named("Valve")
            .find(|valve| valve.attribute("className").is_some_and(|class| class.ends_with(".RemoteIpValve")));
        match valve {
            Some(valve) => remote_ip(valve, &container.spot(valve), &self.known, &mut self.problems),
            None => outer.clone(),
        }
    }

    fn logs(&mut self, container: &Container<'_>, real_ip: &RealIp) -> Vec<LogFile> {
        let mut logs = Vec::new();
        for valve in container.element.named("Valve") {
            let at = container.spot(valve);
            logs.extend(access_log(valve, &at, self.base, real_ip, &self.known, &mut self.problems));
        }
        logs
    }
}

fn is_one(address: &std::net::IpAddr) -> bool {
    *address != std::net::IpAddr::from([0, 0, 0, 0])
}

impl Container<'_> {
    fn spot(&self, element: &Element) -> Spot {
        Spot { file: self.file.to_owned(), line: element.line }
    }
}
