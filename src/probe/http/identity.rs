//! Who a server says it is: on a page, a missing page, a request without host and on garbage.

use std::sync::LazyLock;

use regex::Regex;
use serde::Serialize;

use crate::probe::http::client::{Client, Reply};

const HEADERS: [&str; 8] = [
    "server",
    "x-powered-by",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-generator",
    "via",
    "x-runtime",
    "x-varnish",
];
/// How many of the same kind are worth telling.
const MOST: usize = 20;

/// Names of products with a version behind them, as error pages print them.
static PRODUCT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let names = "Apache Tomcat|Apache|nginx|openresty|lighttpd|Caddy|IIS|Jetty|gunicorn|Werkzeug|PHP|OpenSSL|Python|Zope|Express";
    Regex::new(&format!(r"(?:{names})[/ ]v?\d+(?:\.\d+)*[\w.-]*(?: \([\w ]{{1,20}}\))?")).ok()
});

/// One thing a server said about itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Identity {
    /// The header's name, or `page`.
    pub place: String,
    pub says: String,
    /// With a version number.
    pub version: bool,
    /// On which requests: `200`, `404`, …, `garbage`.
    pub on: Vec<String>,
}

pub fn look(client: Client<'_>, page: &Reply, missing: Option<&Reply>) -> Vec<Identity> {
    let mut found: Vec<Identity> = Vec::new();
    gather(&mut found, page, &page.status.to_string());
    if let Some(missing) = missing {
        gather(&mut found, missing, &missing.status.to_string());
    }
    let hostless =
        client.raw(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").ok().and_then(|bytes| Reply::parse(&bytes));
    if let Some(reply) = hostless {
        gather(&mut found, &reply, &format!("{} without host", reply.status));
    }
    let garbage = client.raw(b"\x01\x02 garbage\r\n\r\n").unwrap_or_default();
    let reply = Reply::parse(&garbage).unwrap_or_else(|| Reply { body: garbage, ..Reply::default() });
    gather(&mut found, &reply, "garbage");
    found.truncate(MOST);
    found
}

fn gather(found: &mut Vec<Identity>, reply: &Reply, on: &str) {
    for name in HEADERS {
        for value in reply.headers.get(name).into_iter().flatten() {
            add(found, name, value, on);
        }
    }
    // A page may speak about servers; an error page speaks about its own.
    let own = reply.status >= 400 || reply.status == 0;
    if let Some(product) = PRODUCT.as_ref().filter(|_| own) {
        let text = reply.text();
        product.find_iter(&text).for_each(|product| add(found, "page", product.as_str(), on));
    }
}

fn add(found: &mut Vec<Identity>, place: &str, says: &str, on: &str) {
    match found.iter_mut().find(|known| known.place == place && known.says == says) {
        Some(known) if known.on.iter().any(|there| there == on) => {}
        Some(known) => known.on.push(on.to_owned()),
        None => {
            let version = says.bytes().any(|byte| byte.is_ascii_digit());
            found.push(Identity { place: place.to_owned(), says: says.to_owned(), version, on: vec![on.to_owned()] });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_on_error_pages_are_found_and_a_page_about_servers_is_not() {
        let reply = |status, body: &str| Reply { status, body: body.into(), ..Reply::default() };
        let mut found = Vec::new();
        gather(&mut found, &reply(404, "<address>Apache/2.4.57 (Debian) Server at h Port 80</address>"), "404");
        gather(&mut found, &reply(200, "how to install nginx/1.22.1"), "200");
        gather(&mut found, &reply(400, "<h3>Apache Tomcat/10.1.6 (Debian)</h3>"), "400");
        let says: Vec<&str> = found.iter().map(|one| one.says.as_str()).collect();
        assert_eq!(says, ["Apache/2.4.57 (Debian)", "Apache Tomcat/10.1.6 (Debian)"]);
    }
}
