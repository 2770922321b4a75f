//! What a browser is told about coming by TLS: the redirect of the plain door, and `Strict-Transport-Security`.

use crate::assess::sites::Notes;
use crate::host::{Door, Holds, Reply, Sent, Web};
use crate::measures::daemon::tls_configuration::profile::intermediate;
use crate::model::{Proof, Severity, Site};

/// Six months: what browsers and their scorers take for a promise that lasts.
const SHORT: u64 = 15_768_000;
const HEADER: &str = "Strict-Transport-Security";

/// A door without TLS.
pub fn plain(web: &Web<'_>, door: &Door<'_, '_>, notes: &mut Notes) {
    let here = || {
        vec![Proof::Line { spot: door.listener.at.clone(), text: format!("port {}, without TLS", door.listener.port) }]
    };
    if door.listener.address.is_some_and(|address| address.is_loopback()) {
        return notes.fine(here());
    }
    if !has_tls(web, door) {
        return notes.found(
            Severity::Low,
            "the site speaks no TLS: what is sent and answered can be read and changed on the way",
            here(),
            "get a certificate for its names; where a proxy in front ends TLS, let only the proxy reach it",
        );
    }
    match door.reply("/") {
        Reply::Redirected(Some(to)) if !to.starts_with("http://") || to.len() == "http://".len() => notes.fine(here()),
        Reply::Redirected(None) | Reply::Refused => notes.fine(here()),
        Reply::Redirected(Some(to)) => notes.found(
            Severity::Low,
            format!("plain http is redirected to {to}, not to TLS"),
            here(),
            "redirect to https:// and the site's own name",
        ),
        Reply::Served => notes.found(
            Severity::Low,
            "plain http is answered, not redirected to TLS",
            here(),
            "redirect everything but .well-known/acme-challenge to https:// and the site's own name",
        ),
        Reply::Untold => {}
    }
}

/// The site itself, or another of the host under its name; of nameless ones, another of the same server.
fn has_tls(web: &Web<'_>, door: &Door<'_, '_>) -> bool {
    let name = door.site.name();
    let same = |other: &&Site| other.tls && other.names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let servers = web.servers.iter().map(|known| known.server);
    let mut near = servers.filter(|server| name != "_" || std::ptr::eq(*server, door.server.server));
    door.site.tls || near.any(|server| server.sites.iter().any(|other| same(&other)))
}

/// `Strict-Transport-Security` at a door with TLS.
pub fn strict(door: &Door<'_, '_>, holds: &Holds<'_>, notes: &mut Notes) {
    let sent: Vec<Sent> = holds.headers().into_iter().filter(|sent| sent.name.eq_ignore_ascii_case(HEADER)).collect();
    let fix = format!(
        "add {HEADER} with a max-age that grows from 300 to {}, once every name of the site has TLS",
        intermediate().hsts
    );
    let line = |sent: &Sent| {
        let value = sent.value.as_deref().unwrap_or("(as the request decides)");
        Proof::Line { spot: sent.at.clone(), text: format!("{HEADER}: {value}") }
    };
    let proof: Vec<Proof> = sent.iter().map(line).collect();
    let Some(first) = sent.first() else {
        let here = Proof::Line { spot: door.site.at.clone(), text: format!("no {HEADER} here") };
        let text = "no Strict-Transport-Security: browsers come by plain http first, unless the application sends it";
        return notes.found(Severity::Low, text, vec![here], fix);
    };
    if sent.len() > 1 {
        let text = "Strict-Transport-Security is sent more than once: browsers take the first one";
        notes.found(
            Severity::Low,
            text,
            proof.clone(),
            "send it in one place; in Apache, always and onsuccess are two",
        );
    }
    let Some(value) = &first.value else { return notes.fine(proof) };
    let promise = Promise::read(value);
    match promise.seconds {
        None => notes.found(Severity::Low, "Strict-Transport-Security without max-age is ignored", proof, fix),
        Some(0) => notes.found(Severity::Low, "Strict-Transport-Security is switched off by max-age=0", proof, fix),
        Some(seconds) if seconds < SHORT => {
            let text = format!("Strict-Transport-Security lasts {seconds} seconds, less than six months");
            notes.found(Severity::Low, text, proof, fix);
        }
        Some(_) if promise.preload && !promise.subdomains => notes.found(
            Severity::Info,
            "preload without includeSubDomains: no browser's list takes the site",
            proof,
            "leave preload out, or add includeSubDomains once all names below it have TLS",
        ),
        Some(_) => notes.fine(proof),
    }
}

/// RFC 6797, 6.1.
struct Promise {
    seconds: Option<u64>,
    subdomains: bool,
    preload: bool,
}

impl Promise {
    fn read(value: &str) -> Self {
        let words: Vec<String> = value.split(';').map(|word| word.trim().to_ascii_lowercase()).collect();
        let seconds = words.iter().find_map(|word| {
            let (name, value) = word.split_once('=')?;
            (name.trim() == "max-age").then(|| value.trim().trim_matches('"').parse().ok())?
        });
        let has = |name: &str| words.iter().any(|word| word == name);
        Self { seconds, subdomains: has("includesubdomains"), preload: has("preload") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promises() {
        let promise = Promise::read("Max-Age=\"31536000\" ; includeSubDomains; preload");
        assert_eq!((promise.seconds, promise.subdomains, promise.preload), (Some(31_536_000), true, true));
        assert_eq!(Promise::read("includeSubDomains").seconds, None);
        assert_eq!(Promise::read("max-age=year").seconds, None);
    }
}
