//! TLS configuration: what a site promises to those who come by https, as its configuration and files say it.

mod certificate;
mod doors;
mod key;
mod profile;
mod protocols;
mod suites;

pub use protocols::versions;

use crate::assess::sites::{Notes, each_site};
use crate::effective::nginx::Version;
use crate::host::{Door, Holds, Web};
use crate::measure::{Grade, Has, Without};
use crate::model::{Assessed, ServerKind, Severity, Spot};

crate::measure! {
    /// # TLS configuration
    ///
    /// Https that is old, half switched on or about to end protects less than the lock in the browser says.
    ///
    /// ## What it looks at
    /// For every site of Apache and nginx, what really holds there: versions (`SSLProtocol`, `ssl_protocols`), cipher
    /// strings, compression, renegotiation, session tickets, the `Strict-Transport-Security` header; whether the plain
    /// door leads to TLS; and the files of certificate and key: there, readable, in time, strong, for the names of the
    /// site, belonging together, and kept from other users. Versions and suites are held against Mozilla's intermediate
    /// profile, whose version stands beside each finding.
    ///
    /// ## Why it matters
    /// Who sits on the way can read and change what is sent in clear, and with weak suites or old versions more than that.
    /// An expired certificate teaches people to click warnings away; a key that does not fit its certificate passes
    /// Apache's `configtest`, and the server dies when it is restarted.
    ///
    /// ## Example
    /// Before: `SSLProtocol all -SSLv3`, `SSLCipherSuite HIGH:!aNULL`, and a virtual host on port 80 with the same pages.
    ///
    /// After: `SSLProtocol -all +TLSv1.2 +TLSv1.3`, the six suites of the profile, and a redirect on port 80.
    ///
    /// ## What hardening changes
    /// Nothing yet: changes to the configuration of a server cannot be planned.
    ///
    /// ## What the watcher sees
    /// Nothing: a log of the stock formats does not say which version or suite was spoken.
    ///
    /// ## Whom it affects
    /// The oldest clients that the profile admits are Firefox 31, Android 4.4, Chrome 49, Internet Explorer 11 on Windows 10,
    /// Java 8u161 and Safari 9; older ones are refused.
    /// `Strict-Transport-Security` cannot be taken back before its time is over: names without TLS become unreachable.
    ///
    /// ## Limits
    /// It reads files and asks no server: OpenSSL refuses by itself some of what a configuration admits, such as TLS 1.0
    /// at its usual security level. Cipher strings of a system-wide policy (`PROFILE=SYSTEM`) are not judged, nor suites of
    /// PSK and SRP, groups, OCSP stapling, or whether the chain is whole. Headers and redirects of an application are not
    /// seen. Whom the modes of a key let read it is told on the running host only. Of what proxies pass on, only what the
    /// front speaks is judged.
    ///
    /// ## References
    /// - Mozilla's recommended configurations: <https://wiki.mozilla.org/Security/Server_Side_TLS>
    /// - Apache, mod_ssl: <https://httpd.apache.org/docs/2.4/mod/mod_ssl.html>
    /// - nginx, `ssl_protocols`: <https://nginx.org/en/docs/http/ngx_http_ssl_module.html>
    /// - Strict-Transport-Security, RFC 6797: <https://www.rfc-editor.org/rfc/rfc6797>
    id: "tls-configuration",
    priority: 20,
    difficulty: Grade::Low,
    effectiveness: Grade::Low,
    impact: Grade::Low,
    check: Has(check),
    harden: Without("changes to a server's configuration cannot be planned yet"),
    watch: Without("a log of the stock formats does not say which version or suite was spoken"),
}

fn check(web: &Web<'_>) -> Vec<Assessed> {
    each_site(web, &[ServerKind::Apache, ServerKind::Nginx], "/", |door, holds, notes| match door.listener.tls {
        true => encrypted(door, holds, notes),
        false => doors::plain(web, door, notes),
    })
}

fn encrypted(door: &Door<'_, '_>, holds: &Holds<'_>, notes: &mut Notes) {
    let site = &door.site.at;
    protocols::judge(holds, site, notes);
    if certificate::none_needed(holds, site, notes) {
        return;
    }
    switches(holds, site, notes);
    tickets(door, holds, notes);
    doors::strict(door, holds, notes);
    certificate::judge(door, holds, notes);
}

/// Switches of mod_ssl that open an old hole.
fn switches(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    let holes = [
        ("SSLCompression", Severity::Low, "TLS compresses where OpenSSL still can, which gives secrets away (CRIME)"),
        (
            "SSLInsecureRenegotiation",
            Severity::Medium,
            "renegotiation without RFC 5746 lets others put a request before a client's",
        ),
    ];
    for (name, severity, text) in holes.into_iter().filter(|_| matches!(holds, Holds::Apache(_))) {
        let held = holds.value(name, "");
        let proof = held.proof(name, site);
        match held.is("on") {
            true => notes.found(severity, text, proof, format!("set {name} off")),
            false => notes.fine(proof),
        }
    }
}

/// Until 1.23.2 nginx, and Apache to this day, keep one ticket key from start to restart.
fn tickets(door: &Door<'_, '_>, holds: &Holds<'_>, notes: &mut Notes) {
    let apache = matches!(holds, Holds::Apache(_));
    let rotates =
        !apache && Version::parse(&door.server.server.version).is_none_or(|version| version >= Version(1, 23, 2));
    let (name, held) = match apache {
        true => ("SSLSessionTickets", holds.value("SSLSessionTickets", "")),
        false => ("ssl_session_tickets", holds.value("", "ssl_session_tickets")),
    };
    let proof = held.proof(name, &door.site.at);
    // Of the versions before 1.3, tickets are what undoes forward secrecy; 1.3 derives each anew.
    let matters = protocols::versions(holds).0.iter().any(|version| *version != "TLSv1.3");
    match held.is("on") && matters && !rotates {
        true => notes.found(
            Severity::Low,
            "session tickets under one key from start to restart: who takes it reads all sessions of that time",
            proof,
            format!("set {name} off"),
        ),
        false => notes.fine(proof),
    }
}
