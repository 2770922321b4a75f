//! web.xml: Tomcat's own under every application's (the Servlet specification, Deployment Descriptor).

use std::rc::Rc;

use crate::effective::Setting;
use crate::effective::tomcat::defaults::default;
use crate::effective::tomcat::part::{Part, layered, word};
use crate::effective::version::Version;
use crate::formats::tomcat::{Element, Properties};
use crate::model::Spot;

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebXml {
    /// The application's, and not Tomcat's.
    pub is_own: bool,
    pub servlets: Vec<Named>,
    pub servlet_mappings: Vec<Mapping>,
    pub filters: Vec<Named>,
    pub filter_mappings: Vec<Mapping>,
    pub error_pages: Vec<ErrorPage>,
    pub constraints: Vec<Constraint>,
    pub welcome: Vec<(String, Spot)>,
    /// `cookie-config` and the time-out: name, value.
    pub session: Vec<(String, String, Spot)>,
    /// `BASIC`, `FORM`, …
    pub login: Option<(String, Spot)>,
}

/// A servlet or a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    /// Empty where another file gives it.
    pub class: String,
    pub params: Vec<(String, String, Spot)>,
    pub at: Spot,
}

/// Paths of a servlet or a filter; `servlets` are the servlets that a filter stands before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    pub name: String,
    pub patterns: Vec<String>,
    pub servlets: Vec<String>,
    pub dispatchers: Vec<String>,
    pub at: Spot,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPage {
    /// Status or exception; empty: all others.
    pub of: String,
    pub location: String,
    pub at: Spot,
}

/// Who may come to some paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    pub patterns: Vec<String>,
    /// None: all; then `omitted` says which not.
    pub methods: Vec<String>,
    pub omitted: Vec<String>,
    /// None: nobody is asked; empty: nobody comes in.
    pub roles: Option<Vec<String>>,
    /// `NONE`, `INTEGRAL`, `CONFIDENTIAL`
    pub transport: String,
    pub at: Spot,
}

/// The files of an application, Tomcat's own first.
#[derive(Debug)]
pub struct Web {
    pub layers: Vec<Rc<WebXml>>,
    /// Jars may bring fragments and annotations, which are not read.
    pub has_jars: bool,
}

impl WebXml {
    pub(super) fn of(part: &Part, known: &Properties) -> Self {
        let mut web = Self::default();
        let reader = Reader { part, known };
        for child in &part.element.children {
            let at = part.spot(child);
            match child.name.as_str() {
                "servlet" => web.servlets.push(reader.named(child, "servlet")),
                "filter" => web.filters.push(reader.named(child, "filter")),
                "servlet-mapping" => web.servlet_mappings.push(reader.mapping(child, "servlet-name")),
                "filter-mapping" => web.filter_mappings.push(reader.mapping(child, "filter-name")),
                "error-page" => web.error_pages.push(reader.error_page(child)),
                "security-constraint" => web.constraints.extend(reader.constraints(child)),
                "welcome-file-list" => {
                    web.welcome.extend(reader.texts(child, "welcome-file").into_iter().map(|file| (file, at.clone())));
                }
                "session-config" => reader.session(child, &mut web.session),
                "login-config" => web.login = Some((reader.text(child, "auth-method").unwrap_or_default(), at)),
                _ => {}
            }
        }
        web
    }
}

impl WebXml {
    /// A host's web.xml.default over Tomcat's own: read into the same tables, what it names takes the place of the whole
    /// earlier entry, parameters and class with it.
    pub(super) fn overlaid(&self, upper: &Self) -> Self {
        let mut web = self.clone();
        web.servlets.retain(|known| upper.servlets.iter().all(|named| named.name != known.name));
        web.servlets.extend(upper.servlets.iter().cloned());
        web.filters.retain(|known| upper.filters.iter().all(|named| named.name != known.name));
        web.filters.extend(upper.filters.iter().cloned());
        web.servlet_mappings.extend(upper.servlet_mappings.iter().cloned());
        web.filter_mappings.extend(upper.filter_mappings.iter().cloned());
        web.error_pages.splice(0..0, upper.error_pages.iter().cloned());
        web.constraints.extend(upper.constraints.iter().cloned());
        web.session.extend(upper.session.iter().cloned());
        web.welcome = if upper.welcome.is_empty() { web.welcome } else { upper.welcome.clone() };
        web.login = upper.login.clone().or(web.login);
        web
    }
}

struct Reader<'r> {
    part: &'r Part,
    known: &'r Properties,
}

impl Reader<'_> {
    fn texts(&self, element: &Element, name: &str) -> Vec<String> {
        element.named(name).map(|child| self.known.expand(&child.text)).collect()
    }

    fn text(&self, element: &Element, name: &str) -> Option<String> {
        self.texts(element, name).into_iter().next()
    }

    fn named(&self, element: &Element, kind: &str) -> Named {
        let param = |param: &Element| {
            let name = self.text(param, "param-name")?;
            Some((name, self.text(param, "param-value").unwrap_or_default(), self.part.spot(param)))
        };
        Named {
            name: self.text(element, &format!("{kind}-name")).unwrap_or_default(),
            class: self.text(element, &format!("{kind}-class")).unwrap_or_default(),
            params: element.named("init-param").filter_map(param).collect(),
            at: self.part.spot(element),
        }
    }

    fn mapping(&self, element: &Element, key: &str) -> Mapping {
        Mapping {
            name: self.text(element, key).unwrap_or_default(),
            patterns: self.texts(element, "url-pattern"),
            servlets: self.texts(element, "servlet-name"),
            dispatchers: self.texts(element, "dispatcher"),
            at: self.part.spot(element),
        }
    }

    fn error_page(&self, element: &Element) -> ErrorPage {
        let of = self.text(element, "error-code").or_else(|| self.text(element, "exception-type"));
        let location = self.text(element, "location").unwrap_or_default();
        ErrorPage { of: of.unwrap_or_default(), location, at: self.part.spot(element) }
    }

    fn constraints(&self, element: &Element) -> Vec<Constraint> {
        let roles = element.named("auth-constraint").next().map(|auth| self.texts(auth, "role-name"));
        let transport = element.named("user-data-constraint").next();
        let transport = transport.and_then(|data| self.text(data, "transport-guarantee")).unwrap_or_default();
        let one = |collection: &Element| Constraint {
            patterns: self.texts(collection, "url-pattern"),
            methods: self.texts(collection, "http-method"),
            omitted: self.texts(collection, "http-method-omission"),
            roles: roles.clone(),
            transport: transport.clone(),
            at: self.part.spot(element),
        };
        element.named("web-resource-collection").map(one).collect()
    }

    fn session(&self, element: &Element, session: &mut Vec<(String, String, Spot)>) {
        let of = |child: &Element| (child.name.clone(), self.known.expand(&child.text), self.part.spot(child));
        session.extend(element.named("session-timeout").map(of));
        session.extend(element.named("cookie-config").flat_map(|cookie| &cookie.children).map(of));
    }
}

/// How well a pattern fits: exact, the longest prefix, the ending, everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    All,
    Ending,
    Prefix(usize),
    Exact,
}

/// Whether a url-pattern is about a path of the application.
pub(super) fn fit(pattern: &str, path: &str) -> Option<Fit> {
    if pattern == path || (pattern.is_empty() && path == "/") {
        return Some(Fit::Exact);
    }
    if let Some(prefix) = pattern.strip_suffix("/*") {
        let inside = path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        return inside.then_some(Fit::Prefix(prefix.len()));
    }
    if let Some(ending) = pattern.strip_prefix("*.") {
        let file = path.rsplit('/').next().unwrap_or_default();
        return file.rsplit_once('.').is_some_and(|(_, own)| own == ending).then_some(Fit::Ending);
    }
    (pattern == "/").then_some(Fit::All)
}

impl Web {
    /// The servlet for a path of the application, and the mapping that says so.
    pub fn servlet(&self, path: &str) -> Option<(&str, &Mapping)> {
        let mappings = in_force(self.layers.iter(), |layer| &layer.servlet_mappings).into_iter();
        let fitting = mappings.flat_map(|mapping| mapping.patterns.iter().map(move |pattern| (mapping, pattern)));
        let best = fitting.filter_map(|(mapping, pattern)| Some((fit(pattern, path)?, mapping)));
        // Of equals the last: the application's own over Tomcat's.
        best.max_by_key(|(fit, _)| *fit).map(|(_, mapping)| (mapping.name.as_str(), mapping))
    }

    /// A parameter of a servlet, such as `listings` of `default`.
    pub fn servlet_param(&self, servlet: &str, param: &str) -> Setting {
        param_of(self.layers.iter().flat_map(|layer| &layer.servlets), servlet, param)
    }

    /// A parameter of a filter, by the filter's name.
    pub fn filter_param(&self, filter: &str, param: &str) -> Setting {
        param_of(self.layers.iter().flat_map(|layer| &layer.filters), filter, param)
    }

    /// A parameter of the default servlet as a word.
    pub fn default_servlet(&self, param: &str, version: Option<Version>) -> String {
        let or_default = || default("Servlet.default", param, version).unwrap_or_default();
        word(&self.servlet_param("default", param)).unwrap_or_else(or_default).to_owned()
    }

    /// The last part of a filter's class.
    pub fn filter_class(&self, name: &str) -> &str {
        let filters = self.layers.iter().rev().flat_map(|layer| &layer.filters);
        let mut class = filters.filter(|filter| filter.name == name).map(|filter| filter.class.as_str());
        class.find(|class| !class.is_empty()).and_then(|class| class.rsplit('.').next()).unwrap_or_default()
    }

    /// The names of the filters that a request for a path goes through, in order: the application's before Tomcat's, those
    /// mapped by path before those mapped by servlet.
    pub fn filters(&self, path: &str) -> Vec<&str> {
        let servlet = self.servlet(path).map(|(name, _)| name);
        let all = in_force(self.layers.iter().rev(), |layer| &layer.filter_mappings);
        let mappings = || all.iter().copied().filter(|it| it.takes_requests());
        let by_path =
            mappings().filter(|it| it.patterns.iter().any(|pattern| pattern == "*" || fit_filter(pattern, path)));
        let by_servlet =
            mappings().filter(|it| it.servlets.iter().any(|name| name == "*" || Some(name.as_str()) == servlet));
        by_path.chain(by_servlet).map(|mapping| mapping.name.as_str()).collect()
    }

    /// A setting of `session-config`, such as `http-only` or `secure`.
    pub fn session(&self, name: &str) -> Setting {
        let entries = self.layers.iter().flat_map(|layer| &layer.session).filter(|entry| entry.0 == name);
        layered(&mut entries.map(|(name, value, at)| (at.clone(), format!("<{name}>{value}"), value.clone())))
    }

    /// What is shown for a status: its own page, else the one for all others.
    pub fn error_page(&self, status: u16) -> Option<&ErrorPage> {
        let pages = || self.layers.iter().rev().flat_map(|layer| &layer.error_pages);
        pages().find(|page| page.of.parse() == Ok(status)).or_else(|| pages().find(|page| page.of.is_empty()))
    }

    /// The files tried in a directory; the application's list takes the place of Tomcat's.
    pub fn welcome(&self) -> &[(String, Spot)] {
        let list = self.layers.iter().rev().map(|layer| layer.welcome.as_slice()).find(|list| !list.is_empty());
        list.unwrap_or_default()
    }
}

/// The mappings of all files, but those of a servlet or filter that the application's own file maps anew.
fn in_force<'w>(layers: impl Iterator<Item = &'w Rc<WebXml>>, mappings: fn(&WebXml) -> &[Mapping]) -> Vec<&'w Mapping> {
    let layers: Vec<&WebXml> = layers.map(Rc::as_ref).collect();
    let all = layers.iter().flat_map(|layer| mappings(layer).iter().map(move |mapping| (layer, mapping)));
    let anew = |layer: &WebXml, name: &str| {
        let others = layers.iter().filter(|other| other.is_own && !std::ptr::eq(**other, layer));
        others.flat_map(|other| mappings(other)).any(|mapping| mapping.name == name)
    };
    all.filter(|(layer, mapping)| !anew(layer, &mapping.name)).map(|(_, mapping)| mapping).collect()
}

/// For filters `/` is no pattern of its own.
fn fit_filter(pattern: &str, path: &str) -> bool {
    pattern == path || (pattern != "/" && fit(pattern, path).is_some())
}

impl Mapping {
    fn takes_requests(&self) -> bool {
        self.dispatchers.is_empty() || self.dispatchers.iter().any(|kind| kind == "REQUEST")
    }
}

fn param_of<'w>(all: impl Iterator<Item = &'w Named>, name: &str, param: &str) -> Setting {
    let own = all.filter(|named| named.name == name).flat_map(|named| &named.params);
    let values = own.filter(|(known, ..)| known == param);
    layered(&mut values.map(|(known, value, at)| (at.clone(), format!("<param-name>{known}={value}"), value.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_the_specification_says() {
        for (pattern, path, expected) in [
            ("/a", "/a", Some(Fit::Exact)),
            ("", "/", Some(Fit::Exact)),
            ("/a/*", "/a", Some(Fit::Prefix(2))),
            ("/a/*", "/ab", None),
            ("/*", "/x", Some(Fit::Prefix(0))),
            ("*.jsp", "/x.y/a.jsp", Some(Fit::Ending)),
            ("*.jsp", "/x.jsp/a", None),
            ("/", "/x", Some(Fit::All)),
        ] {
            assert_eq!(fit(pattern, path), expected, "{pattern} {path}");
        }
        assert!(Fit::Exact > Fit::Prefix(9) && Fit::Prefix(2) > Fit::Prefix(1) && Fit::Ending > Fit::All);
    }
}
