//! Which applications a host has: those of server.xml, the descriptors of `conf/<engine>/<host>`, and what lies in its
//! appBase (Tomcat's documentation, The Host Container, Automatic Application Deployment).

use std::cell::OnceCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::effective::nginx::pattern::{Matched, Pattern};
use crate::effective::tomcat::context::Context;
use crate::effective::tomcat::part::Part;
use crate::effective::tomcat::server::{Host, Service, Tomcat};

/// Applications of one host.
const MOST: usize = 20_000;

pub(super) fn deployed(tomcat: &Tomcat<'_>, service: &Service, host: &Host) -> Vec<Context> {
    let name = tomcat.word(&host.part, "name");
    let config = match tomcat.word(&host.part, "xmlBase") {
        own if own.is_empty() => tomcat.base.join("conf").join(&service.name).join(&name),
        own => tomcat.base.join(own),
    };
    let apps = tomcat.base.join(tomcat.word(&host.part, "appBase"));
    let of_host = tomcat.document(&config.join("context.xml.default"));
    let defaults = tomcat.default_context.clone().into_iter().chain(of_host).collect();
    let mut deploy = Deploy { tomcat, host, config, apps, defaults, taken: HashSet::new(), found: Vec::new() };
    deploy.declared();
    let on = |attribute: &str| tomcat.word(&host.part, attribute) != "false";
    if on("deployOnStartup") || on("autoDeploy") {
        deploy.descriptors();
        deploy.directories();
    }
    deploy.found
}

struct Deploy<'t, 'f> {
    tomcat: &'t Tomcat<'f>,
    host: &'t Host,
    config: PathBuf,
    apps: PathBuf,
    /// conf/context.xml and the host's own defaults.
    defaults: Vec<Part>,
    taken: HashSet<String>,
    found: Vec<Context>,
}

impl Deploy<'_, '_> {
    /// `Context` elements of server.xml.
    fn declared(&mut self) {
        for part in self.host.part.inner("Context") {
            let doc_base = self.tomcat.word(&part, "docBase");
            let named = part.attribute("path", &self.tomcat.known);
            let path = named.unwrap_or_else(|| path_of(doc_base.trim_end_matches(".war")));
            let directory = if doc_base.is_empty() { base_name(&path) } else { doc_base };
            let path = path.trim_end_matches('/').to_owned();
            let known = self.found.len();
            self.add(path, self.apps.join(directory), Some(part));
            // Its attributes are set before the files of defaults are read, which then take their place.
            self.found.iter_mut().skip(known).for_each(|context| context.parts.rotate_right(1));
        }
    }

    /// `conf/<engine>/<host>/*.xml`.
    fn descriptors(&mut self) {
        for file in self.listed(&self.config, |name| name.ends_with(".xml")) {
            let stem = file.trim_end_matches(".xml");
            let Some(part) = self.tomcat.document(&self.config.join(&file)) else { continue };
            let declared = part.attribute("docBase", &self.tomcat.known).map(|dir| self.apps.join(dir));
            // A docBase inside appBase is not taken.
            let outside = declared.filter(|dir| !dir.starts_with(&self.apps));
            let doc_base = outside.unwrap_or_else(|| self.apps.join(stem));
            self.add(path_of(stem), doc_base, Some(part));
        }
    }

    /// Directories and archives of appBase; an archive counts by its unpacked directory.
    fn directories(&mut self) {
        let ignored = self.tomcat.word(&self.host.part, "deployIgnore");
        let ignored = (!ignored.is_empty()).then(|| Pattern::new(&format!("^(?:{ignored})$"), false));
        let deploys_xml = self.tomcat.word(&self.host.part, "deployXML") != "false";
        for name in self.listed(&self.apps, |name| !matches!(name, "META-INF" | "WEB-INF")) {
            let ignores = ignored.as_ref().is_some_and(|pattern| pattern.search(&name) != Matched::No);
            let stem = name.strip_suffix(".war").unwrap_or(&name);
            let dir = self.apps.join(stem);
            if ignores || (stem == name && !self.tomcat.files.is_dir(&dir)) {
                continue;
            }
            let own = self.tomcat.document(&dir.join("META-INF/context.xml"));
            // Where descriptors of applications are not read, an application that brings one is left out.
            if own.is_none() || deploys_xml {
                self.add(path_of(stem), dir, own);
            }
        }
    }

    fn listed(&self, dir: &Path, fits: impl Fn(&str) -> bool) -> Vec<String> {
        let names = self.tomcat.files.list(dir).unwrap_or_default();
        // Backwards: the last version of an application comes first.
        names.into_iter().rev().filter(|name| fits(name)).take(MOST).collect()
    }

    /// The first kind of declaration of a path wins, of versions of one application the last.
    fn add(&mut self, path: String, doc_base: PathBuf, own: Option<Part>) {
        if self.found.len() >= MOST || !self.taken.insert(path.clone()) {
            return;
        }
        let overrides = own.as_ref().is_some_and(|part| self.tomcat.word(part, "override") == "true");
        let defaults = self.defaults.iter().filter(|_| !overrides).cloned();
        self.found.push(Context {
            path,
            doc_base,
            parts: defaults.chain(own).collect(),
            host_web: Some(self.config.join("web.xml.default")),
            web: OnceCell::new(),
        });
    }
}

/// `shop#eu##7` is version 7 of `/shop/eu`; `ROOT` is the root.
fn path_of(name: &str) -> String {
    let name = name.split("##").next().unwrap_or_default();
    match name {
        "ROOT" | "" => String::new(),
        name => format!("/{}", name.trim_start_matches('/').replace('#', "/")),
    }
}

fn base_name(path: &str) -> String {
    match path.trim_matches('/') {
        "" => "ROOT".to_owned(),
        path => path.replace('/', "#"),
    }
}
