//! Legacy clients: what a server still does for browsers that nobody uses.

use crate::assess::sites::{Notes, each_site};
use crate::effective::{Effect, Step};
use crate::host::{Door, Holds, Web};
use crate::measure::{Grade, Has, Without};
use crate::measures::daemon::tls_configuration::versions;
use crate::model::{Assessed, Proof, ServerKind, Severity, Spot};

crate::measure! {
    /// # Legacy clients
    ///
    /// Concessions to browsers that are gone stay in configurations for decades, and some of them weaken the server for all.
    ///
    /// ## What it looks at
    /// For every site, what really holds there. Apache: variables that `BrowserMatch` and `SetEnvIf` set to speak an older
    /// HTTP or to end TLS without its farewell, `HttpProtocolOptions`. nginx: `msie_padding`, `msie_refresh`,
    /// `keepalive_disable`, `gzip_disable`. Both: versions of TLS before 1.2, and headers that only old Internet Explorers
    /// read (`X-UA-Compatible`, `P3P`).
    ///
    /// ## Why it matters
    /// Every such line is read by whoever looks for the reason of something else. Few are dangerous: `HttpProtocolOptions
    /// Unsafe` takes malformed requests, with which one client's request is put before another's; versions of TLS before
    /// 1.2 rest on SHA-1 and MD5; a connection that ends without TLS's farewell can be cut by others.
    ///
    /// ## Example
    /// Before: `BrowserMatch "MSIE [2-6]" ssl-unclean-shutdown nokeepalive downgrade-1.0 force-response-1.0`
    ///
    /// After: no such line.
    ///
    /// ## What hardening changes
    /// Nothing yet: changes to the configuration of a server cannot be planned.
    ///
    /// ## What the watcher sees
    /// Nothing: a browser that is refused before its request leaves no line.
    ///
    /// ## Whom it affects
    /// Programs that name themselves as the old browsers did, and clients of before 2014 where versions of TLS are taken
    /// away. Look for their user agents in the access log before lines are removed.
    ///
    /// ## Limits
    /// Variables are known by their names: what a `RewriteRule` or an application does for old browsers is not seen, nor
    /// what `SetEnvIf` lines with other variables do. Whether OpenSSL still speaks an old version of TLS only a handshake
    /// tells. Workarounds for WebDAV clients (`redirect-carefully`) are left alone: some of these are still used.
    ///
    /// ## References
    /// - Apache, special variables: <https://httpd.apache.org/docs/2.4/env.html#special>
    /// - Apache, `HttpProtocolOptions`: <https://httpd.apache.org/docs/2.4/mod/core.html#httpprotocoloptions>
    /// - nginx, `msie_padding`: <https://nginx.org/en/docs/http/ngx_http_core_module.html#msie_padding>
    id: "legacy-clients",
    priority: 20,
    difficulty: Grade::Low,
    effectiveness: Grade::Low,
    impact: Grade::Low,
    check: Has(check),
    harden: Without("changes to a server's configuration cannot be planned yet"),
    watch: Without("a client that is refused before its request leaves no line in a log"),
}

/// Variables of httpd that make an answer poorer, and what for (env.html, "special purpose").
const POORER: [&str; 5] =
    ["nokeepalive", "downgrade-1.0", "force-response-1.0", "gzip-only-text/html", "force-no-vary"];
/// Headers that only Internet Explorer read.
const HEADERS: [&str; 2] = ["X-UA-Compatible", "P3P"];

/// Directives of nginx, with the word that means something, and what it does.
const SWITCHES: [(&str, &str, &str); 4] = [
    ("msie_padding", "on", "error pages are padded for Internet Explorer"),
    ("msie_refresh", "on", "Internet Explorer gets pages that refresh instead of redirects"),
    ("keepalive_disable", "safari", "connections of Safari are closed after each POST, for versions of before 2010"),
    ("gzip_disable", "msie6", "nothing is compressed for Internet Explorer 6"),
];

fn check(web: &Web<'_>) -> Vec<Assessed> {
    each_site(web, &[ServerKind::Apache, ServerKind::Nginx], "/", judge)
}

fn judge(door: &Door<'_, '_>, holds: &Holds<'_>, notes: &mut Notes) {
    let site = &door.site.at;
    match holds {
        Holds::Apache(_) => {
            variables(holds, notes);
            protocol(holds, site, notes);
        }
        _ => switches(holds, site, notes),
    }
    headers(holds, notes);
    if door.listener.tls {
        floor(holds, site, notes);
    }
}

/// Lines that hold and set a variable for old browsers.
fn variables(holds: &Holds<'_>, notes: &mut Notes) {
    let steps = holds.value("BrowserMatch", "").setting.chain;
    let held = || steps.iter().filter(|step| matches!(step.effect, Effect::Adds | Effect::Replaces));
    let poorer: Vec<&Step> = held().filter(|step| POORER.iter().any(|name| sets(step, name))).collect();
    if !poorer.is_empty() {
        let named: Vec<&str> = POORER.into_iter().filter(|name| poorer.iter().any(|step| sets(step, name))).collect();
        let text = format!("{} for browsers that are gone: {}", lines(poorer.len()), named.join(", "));
        notes.found(Severity::Info, text, proofs(&poorer), "take these lines out, once no log names such a browser");
    }
    let unclean: Vec<&Step> = held().filter(|step| sets(step, "ssl-unclean-shutdown")).collect();
    if !unclean.is_empty() {
        let text = "TLS ends without its farewell for some browsers: others can cut what these are sent";
        notes.found(
            Severity::Low,
            text,
            proofs(&unclean),
            "take ssl-unclean-shutdown out: Internet Explorer 6 needed it",
        );
    }
    if poorer.is_empty() && unclean.is_empty() {
        notes.fine(proofs(&held().collect::<Vec<_>>()));
    }
}

fn lines(number: usize) -> String {
    if number == 1 { "1 line".to_owned() } else { format!("{number} lines") }
}

/// `NAME`, `NAME=value` among the words behind the pattern; `!NAME` takes it away.
fn sets(step: &Step, name: &str) -> bool {
    step.text.split_ascii_whitespace().skip(2).any(|word| word.split('=').next() == Some(name))
}

fn proofs(steps: &[&Step]) -> Vec<Proof> {
    steps.iter().map(|step| Proof::Line { spot: step.at.clone(), text: step.text.clone() }).collect()
}

/// Each line changes only the choices that it names, so the last word on each counts.
fn protocol(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    let held = holds.value("HttpProtocolOptions", "");
    let last = |names: [&str; 2]| {
        held.setting.chain.iter().rev().find_map(|step| {
            let words = step.text.split_ascii_whitespace().skip(1);
            let word = words.filter(|word| names.iter().any(|name| word.eq_ignore_ascii_case(name))).last()?;
            Some((word.to_ascii_lowercase(), Proof::Line { spot: step.at.clone(), text: step.text.clone() }))
        })
    };
    match last(["Strict", "Unsafe"]) {
        Some((word, proof)) if word == "unsafe" => notes.found(
            Severity::Medium,
            "malformed requests are taken: a request can be put before another client's",
            vec![proof],
            "take Unsafe out; clients that then get 400 send what no standard allows",
        ),
        known => notes.fine(known.map(|(_, proof)| proof).into_iter().collect()),
    }
    match last(["Allow0.9", "Require1.0"]) {
        Some((word, proof)) if word == "require1.0" => notes.fine(vec![proof]),
        known => {
            let unsaid = || Proof::Line {
                spot: site.clone(),
                text: "no HttpProtocolOptions here: Allow0.9 by default".to_owned(),
            };
            notes.found(
                Severity::Info,
                "requests of HTTP/0.9 are answered, which no browser has sent since 1996",
                vec![known.map_or_else(unsaid, |(_, proof)| proof)],
                "set HttpProtocolOptions Require1.0",
            );
        }
    }
}

/// Only what is written counts: the defaults of nginx touch nobody but Internet Explorer itself.
fn switches(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    for (name, word, said) in SWITCHES {
        let held = holds.value("", name);
        let mut words = held.setting.values.iter().flatten();
        match words.any(|known| known.eq_ignore_ascii_case(word)) {
            true => notes.found(Severity::Info, said, held.proof(name, site), format!("take {name} {word} out")),
            false if held.setting.values.is_empty() => {}
            false => notes.fine(held.proof(name, site)),
        }
    }
}

fn headers(holds: &Holds<'_>, notes: &mut Notes) {
    for sent in holds.headers() {
        if let Some(name) = HEADERS.into_iter().find(|name| sent.name.eq_ignore_ascii_case(name)) {
            let text = format!("{name}: {}", sent.value.as_deref().unwrap_or("(as the request decides)"));
            let proof = vec![Proof::Line { spot: sent.at.clone(), text }];
            notes.found(
                Severity::Info,
                format!("{name} is sent, which only Internet Explorer read"),
                proof,
                "take it out",
            );
        }
    }
}

fn floor(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    let (set, held) = versions(holds);
    let name = if matches!(holds, Holds::Apache(_)) { "SSLProtocol" } else { "ssl_protocols" };
    let proof = held.proof(name, site);
    let old: Vec<&str> = set.into_iter().filter(|version| !matches!(*version, "TLSv1.2" | "TLSv1.3")).collect();
    match old.is_empty() {
        true => notes.fine(proof),
        false => notes.found(
            Severity::Low,
            format!("versions of TLS that only clients of before 2014 need are admitted: {}", old.join(", ")),
            proof,
            "admit TLS 1.2 and 1.3 alone, once no log names clients that would be refused",
        ),
    }
}
