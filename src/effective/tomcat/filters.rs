//! The headers that Tomcat's own filter adds (HttpHeaderSecurityFilter).

use crate::effective::tomcat::defaults::default;
use crate::effective::tomcat::part::word;
use crate::effective::tomcat::request::Place;
use crate::effective::tomcat::server::Tomcat;
use crate::effective::tomcat::web::Web;
use crate::model::Spot;

const CLASS: &str = "HttpHeaderSecurityFilter";

/// A header that is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub name: &'static str,
    pub value: String,
    /// The filter's own lines.
    pub at: Spot,
}

impl Place<'_> {
    /// The headers of the filters for this path; `secure`: asked over TLS.
    pub fn headers(&self, tomcat: &Tomcat<'_>, secure: bool) -> Vec<Header> {
        let Some(context) = self.context else { return Vec::new() };
        let web = context.web(tomcat);
        let mut headers: Vec<Header> = Vec::new();
        // Each filter on the way sets its own; a later one takes the place of the same header.
        for name in web.filters(&self.path).into_iter().filter(|name| web.filter_class(name) == CLASS) {
            for header in headers_of(tomcat, web, name, secure) {
                headers.retain(|known| known.name != header.name);
                headers.push(header);
            }
        }
        headers
    }
}

fn headers_of(tomcat: &Tomcat<'_>, web: &Web, filter: &str, secure: bool) -> Vec<Header> {
    let value = |param: &str| {
        let declared = web.filter_param(filter, param);
        word(&declared).or_else(|| default(CLASS, param, tomcat.version)).unwrap_or_default().to_owned()
    };
    let on = |param: &str| value(param).eq_ignore_ascii_case("true");
    let filters = web.layers.iter().rev().flat_map(|layer| &layer.filters);
    let Some(at) = filters.filter(|known| known.name == filter).map(|known| known.at.clone()).next() else {
        return Vec::new();
    };
    let mut headers = Vec::new();
    let mut add = |name, value| headers.push(Header { name, value, at: at.clone() });
    if on("hstsEnabled") && secure {
        let includes = if on("hstsIncludeSubDomains") { ";includeSubDomains" } else { "" };
        let preloads = if on("hstsPreload") { ";preload" } else { "" };
        add("Strict-Transport-Security", format!("max-age={}{includes}{preloads}", value("hstsMaxAgeSeconds")));
    }
    if on("antiClickJackingEnabled") {
        let option = value("antiClickJackingOption").to_ascii_uppercase();
        let uri = if option == "ALLOW-FROM" { format!(" {}", value("antiClickJackingUri")) } else { String::new() };
        add("X-Frame-Options", format!("{option}{uri}"));
    }
    if on("blockContentTypeSniffingEnabled") {
        add("X-Content-Type-Options", "nosniff".to_owned());
    }
    if on("xssProtectionEnabled") {
        add("X-XSS-Protection", "1; mode=block".to_owned());
    }
    headers
}
