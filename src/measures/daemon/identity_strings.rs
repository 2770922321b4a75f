//! Identity strings: what the server tells strangers about itself.

use std::path::{Path, PathBuf};

use crate::assess::sites::{Notes, each_site};
use crate::effective::Setting;
use crate::host::{Door, Holds, Host, Web};
use crate::measure::{Grade, Has, Without};
use crate::model::{Assessed, Confidence, Finding, Proof, ServerKind, Severity, Spot, Verdict};

crate::measure! {
    /// # Identity strings
    ///
    /// A server that tells its version tells everybody which holes to try.
    ///
    /// ## What it looks at
    /// For every site, what really holds there: `ServerTokens`, `ServerSignature` and `TraceEnable` of Apache,
    /// `server_tokens` of nginx; `ErrorReportValve`, `xpoweredBy` and `allowTrace` of Tomcat; and `expose_php` in the `php.ini` of every PHP that serves pages.
    ///
    /// ## Why it matters
    /// Scanners that look for one version of one program read these strings first. Hiding them stops nobody who tries
    /// everything; it takes a host off the lists of those who do not.
    ///
    /// ## Example
    /// Before:
    ///
    /// ```text
    /// Server: Apache/2.4.67 (Debian)
    /// X-Powered-By: PHP/8.2.29
    /// ```
    ///
    /// After: `Server: Apache`, and no second line.
    ///
    /// ## What hardening changes
    /// Nothing yet: a server's configuration cannot be changed from here. The line to write stands with each finding.
    ///
    /// ## What the watcher sees
    /// Nothing: a log does not say which headers were sent.
    ///
    /// ## Whom it affects
    /// Nobody who uses the site. Whoever counts on the version in `Server`, such as a monitoring system, sees less.
    ///
    /// ## Limits
    /// Applications name themselves too, in `generator` tags and in headers of their own; only the wire shows these.
    ///
    /// ## References
    /// - Apache, core features: <https://httpd.apache.org/docs/2.4/mod/core.html#servertokens>
    /// - nginx, `server_tokens`: <https://nginx.org/en/docs/http/ngx_http_core_module.html#server_tokens>
    id: "identity-strings",
    priority: 10,
    difficulty: Grade::Low,
    effectiveness: Grade::Low,
    impact: Grade::Low,
    check: Has(check),
    harden: Without("changes to a server's configuration cannot be planned yet"),
    watch: Without("a log does not say which headers were sent"),
}

fn check(web: &Web<'_>) -> Vec<Assessed> {
    let kinds = [ServerKind::Apache, ServerKind::Nginx, ServerKind::Tomcat];
    let mut assessed = each_site(web, &kinds, "/", |door, holds, notes| match holds {
        Holds::Apache(_) => apache(holds, &door.site.at, notes),
        Holds::Nginx(_) => nginx(holds, &door.site.at, notes),
        _ => tomcat(door, notes),
    });
    let php = php(web.host);
    if !php.is_empty() {
        assessed.push(Assessed::host(Verdict::Found { findings: php }));
    }
    assessed
}

fn apache(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    let tokens = holds.value("ServerTokens", "");
    let proof = tokens.proof("ServerTokens", site);
    match tokens.text().to_ascii_lowercase().as_str() {
        "prod" | "productonly" => notes.fine(proof),
        "major" | "minor" | "min" | "minimal" => {
            notes.found(
                Severity::Low,
                "answers name the version of Apache",
                proof,
                "set ServerTokens Prod in the main server",
            );
        }
        "os" => notes.found(
            Severity::Low,
            "answers name the version of Apache and the operating system",
            proof,
            "set ServerTokens Prod in the main server",
        ),
        _ => notes.found(
            Severity::Low,
            "answers name the version of Apache, of its modules and the operating system",
            proof,
            "set ServerTokens Prod in the main server",
        ),
    }
    let signature = holds.value("ServerSignature", "");
    let proof = signature.proof("ServerSignature", site);
    match signature.is("off") {
        true => notes.fine(proof),
        false => notes.found(Severity::Low, "error pages are signed by the server", proof, "set ServerSignature Off"),
    }
    let trace = holds.value("TraceEnable", "");
    let proof = trace.proof("TraceEnable", site);
    match trace.is("off") {
        true => notes.fine(proof),
        false => notes.found(
            Severity::Low,
            "TRACE answers with the request itself, headers of proxies included",
            proof,
            "set TraceEnable Off here: a virtual host does not keep what the main server says against its own line",
        ),
    }
}

fn nginx(holds: &Holds<'_>, site: &Spot, notes: &mut Notes) {
    let tokens = holds.value("", "server_tokens");
    let proof = tokens.proof("server_tokens", site);
    match tokens.text().as_str() {
        "off" | "" => notes.fine(proof),
        _ => notes.found(
            Severity::Low,
            "answers and error pages name the version of nginx",
            proof,
            "set server_tokens off",
        ),
    }
}

/// Error pages of the host's valve, and what its connector adds to answers.
fn tomcat(door: &Door<'_, '_>, notes: &mut Notes) {
    let Some((tomcat, place)) = door.tomcat("/") else { return };
    for (attribute, what) in [
        ("showServerInfo", "error pages name the version of Tomcat"),
        ("showReport", "error pages show where in the program an error arose"),
    ] {
        let proof = proof(&place.valve(tomcat, "ErrorReportValve", attribute), &place.host.part.at(), attribute);
        match place.error_report(tomcat, attribute) {
            true => notes.found(
                Severity::Low,
                what,
                proof,
                format!("give the host a Valve of class org.apache.catalina.valves.ErrorReportValve with {attribute}=\"false\""),
            ),
            false => notes.fine(proof),
        }
    }
    for (attribute, what) in [
        ("xpoweredBy", "answers name Servlet and Java (X-Powered-By)"),
        ("allowTrace", "TRACE answers with the request itself, headers of proxies included"),
    ] {
        let proof = proof(&tomcat.setting(place.connector, attribute), &place.connector.at(), attribute);
        match tomcat.word(place.connector, attribute) == "true" {
            true => notes.found(Severity::Low, what, proof, format!("take {attribute} out of the connector")),
            false => notes.fine(proof),
        }
    }
}

/// The line that sets an attribute, or the element that leaves it to its default.
fn proof(setting: &Setting, element: &Spot, attribute: &str) -> Vec<Proof> {
    let set = setting.chain.last().map(|step| Proof::Line { spot: step.at.clone(), text: step.text.clone() });
    let unset = || Proof::Line { spot: element.clone(), text: format!("no {attribute} here: its default holds") };
    vec![set.unwrap_or_else(unset)]
}

/// `php.ini` of what serves pages: Debian's and Red Hat's places, glob(3).
const INI: [&str; 4] =
    ["/etc/php/*/fpm/php.ini", "/etc/php/*/apache2/php.ini", "/etc/php/*/cgi/php.ini", "/etc/php.ini"];

fn php(host: &Host) -> Vec<Finding> {
    let files = INI.iter().flat_map(|pattern| host.glob(Path::new(pattern)));
    files.filter_map(|file| exposes(host, file)).collect()
}

/// The last line decides; without one it is on (php.ini directives).
fn exposes(host: &Host, file: PathBuf) -> Option<Finding> {
    let text = String::from_utf8_lossy(&host.read_file(&file).ok()?).into_owned();
    let lines = text.lines().zip(1..).filter_map(|(line, number)| {
        let (name, value) = line.split(';').next()?.split_once('=')?;
        (name.trim() == "expose_php").then(|| (number, line.trim().to_owned(), value.trim().to_ascii_lowercase()))
    });
    let (line, text) = match lines.last() {
        Some((_, _, value)) if matches!(value.as_str(), "off" | "0" | "no" | "false") => return None,
        Some((number, text, _)) => (number, text),
        None => (1, "no expose_php here: on by default".to_owned()),
    };
    Some(Finding {
        severity: Severity::Low,
        confidence: Confidence::High,
        text: "pages of PHP carry its version (X-Powered-By)".to_owned(),
        evidence: vec![Proof::Line { spot: Spot { file, line }, text }],
        fix: "set expose_php = Off".to_owned(),
    })
}
