//! Security headers: what browsers are told to refuse on the site's behalf.

use crate::assess::sites::{Notes, each_site};
use crate::host::{Door, Holds, Sent, Web};
use crate::measure::{Grade, Has, Without};
use crate::model::{Assessed, Proof, ServerKind, Severity, Spot};

crate::measure! {
    /// # Security headers
    ///
    /// A few header lines make browsers refuse what attackers of a site's visitors need.
    ///
    /// ## What it looks at
    /// `X-Content-Type-Options`, `Referrer-Policy`, `Permissions-Policy` and `Content-Security-Policy` as Apache or nginx
    /// add them to pages of every site, for `/` and for every path that nginx sets apart: missing, sent twice with
    /// different values, or with a value that takes its effect away. `Strict-Transport-Security` is a matter of
    /// tls-configuration, frames are one of framing.
    ///
    /// ## Why it matters
    /// A script that gets into a page can only do what the browser lets it. In nginx one `add_header` in a location takes
    /// all of the outer ones away, and nobody notices: that is why every location is asked.
    ///
    /// ## Example
    /// Before, `/static/` sends no `X-Content-Type-Options`:
    ///
    /// ```text
    /// add_header X-Content-Type-Options nosniff;
    /// location /static/ { add_header Cache-Control public; }
    /// ```
    ///
    /// After: the location repeats the line, or both stand in a file that is included twice.
    ///
    /// ## What hardening changes
    /// Nothing yet: a server's configuration cannot be changed from here. The line to write stands with each finding.
    ///
    /// ## What the watcher sees
    /// Nothing: a log does not say which headers were sent.
    ///
    /// ## Whom it affects
    /// `nosniff` breaks pages whose scripts are served with a wrong type. A policy of content breaks whatever it forgets,
    /// and is tried in its report-only form first.
    ///
    /// ## Limits
    /// What an application sends by itself is not in the configuration: where one answers, a missing header is only
    /// mentioned. Flags of cookies are set by applications and are seen from outside (`peelhouse probe`).
    ///
    /// ## References
    /// - OWASP, HTTP Headers: <https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html>
    /// - nginx, `add_header`: <https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header>
    id: "security-headers",
    priority: 30,
    difficulty: Grade::Medium,
    effectiveness: Grade::Medium,
    impact: Grade::Medium,
    check: Has(check),
    harden: Without("changes to a server's configuration cannot be planned yet"),
    watch: Without("a log does not say which headers were sent"),
}

/// A header that pages should have, and what is wrong without it.
struct Wanted {
    name: &'static str,
    /// Where the server itself answers; an application may send its own.
    severity: Severity,
    without: &'static str,
    fix: &'static str,
}

const WANTED: &[Wanted] = &[
    Wanted {
        name: "X-Content-Type-Options",
        severity: Severity::Low,
        without: "browsers may take a file for a script",
        fix: "send X-Content-Type-Options: nosniff",
    },
    Wanted {
        name: "Referrer-Policy",
        severity: Severity::Info,
        without: "what a page's address says is left to the browser to tell others",
        fix: "send Referrer-Policy: strict-origin-when-cross-origin",
    },
    Wanted {
        name: "Content-Security-Policy",
        severity: Severity::Info,
        without: "a script that gets into a page may do anything",
        fix: "try Content-Security-Policy-Report-Only first, then send the policy",
    },
    Wanted {
        name: "Permissions-Policy",
        severity: Severity::Info,
        without: "embedded pages may ask for camera, place and payment",
        fix: "send Permissions-Policy with what the site does not need",
    },
];

fn check(web: &Web<'_>) -> Vec<Assessed> {
    each_site(web, &[ServerKind::Apache, ServerKind::Nginx], "/", |door, _, notes| judge(door, notes))
}

fn judge(door: &Door<'_, '_>, notes: &mut Notes) {
    for path in door.paths() {
        let holds = door.ask(&path);
        if holds.cause().is_some() || !holds.is_page() {
            continue;
        }
        let headers = holds.headers();
        for wanted in WANTED {
            let sent: Vec<&Sent> = headers.iter().filter(|sent| sent.name.eq_ignore_ascii_case(wanted.name)).collect();
            match sent.as_slice() {
                [] => wanted.missing(&path, &door.site.at, &holds, notes),
                sent => wanted.judge(&path, sent, notes),
            }
        }
    }
}

impl Wanted {
    fn missing(&self, path: &str, site: &Spot, holds: &Holds<'_>, notes: &mut Notes) {
        let passed_on = holds.is_passed_on();
        let severity = if passed_on { Severity::Info } else { self.severity };
        let doubt = if passed_on { "; the application may send its own" } else { "" };
        let text = format!("no {} at {path}: {}{doubt}", self.name, self.without);
        let mut proof = holds.lost(self.name);
        proof.push(Proof::Line { spot: site.clone(), text: format!("no {} for {path}", self.name) });
        notes.found(severity, text, proof, self.fix);
    }

    fn judge(&self, path: &str, sent: &[&Sent], notes: &mut Notes) {
        let lines: Vec<Proof> = sent.iter().map(|sent| proof(sent)).collect();
        let values: Vec<&str> = sent.iter().filter_map(|sent| sent.value.as_deref()).collect();
        let differ = values.windows(2).any(|pair| !pair[0].eq_ignore_ascii_case(pair[1]));
        // Policies of content add up: each is enforced.
        if differ && self.name != "Content-Security-Policy" {
            let text = format!("{} is sent twice at {path}, with different values", self.name);
            return notes.found(Severity::Low, text, lines, "keep one of the lines");
        }
        match values.iter().find_map(|value| self.weak(value)) {
            Some(why) => notes.found(Severity::Low, format!("{} at {path} {why}", self.name), lines, self.fix),
            None => notes.fine(lines),
        }
    }

    /// Why a value does not do what the header is for.
    fn weak(&self, value: &str) -> Option<&'static str> {
        let lower = value.to_ascii_lowercase();
        match self.name {
            "X-Content-Type-Options" if lower.trim() != "nosniff" => Some("is not nosniff: browsers ignore it"),
            "Referrer-Policy" if lower.trim() == "unsafe-url" => Some("tells every site the whole address"),
            "Content-Security-Policy" => weak_policy(&lower),
            _ => None,
        }
    }
}

fn proof(sent: &Sent) -> Proof {
    let value = sent.value.as_deref().unwrap_or("(by request)");
    Proof::Line { spot: sent.at.clone(), text: format!("{}: {value}", sent.name) }
}

/// What decides about scripts: `script-src`, else `default-src` (CSP 3, 6.1).
fn weak_policy(policy: &str) -> Option<&'static str> {
    let directive = |wanted: &str| {
        let parts = policy.split(';').map(str::trim);
        parts.filter_map(|part| part.split_once(char::is_whitespace)).find(|(name, _)| *name == wanted)
    };
    let Some((_, sources)) = directive("script-src").or_else(|| directive("default-src")) else {
        return (!policy.contains("frame-ancestors") && !policy.contains("upgrade-insecure-requests"))
            .then_some("does not speak of scripts");
    };
    let words: Vec<&str> = sources.split_ascii_whitespace().collect();
    let strict =
        words.iter().any(|word| word.starts_with("'nonce-") || word.starts_with("'sha") || *word == "'strict-dynamic'");
    if words.contains(&"'unsafe-inline'") && !strict {
        return Some("lets scripts stand in pages ('unsafe-inline')");
    }
    words
        .iter()
        .any(|word| matches!(*word, "*" | "http:" | "https:" | "data:"))
        .then_some("lets scripts come from anywhere")
}
