//! Framing: who may put the site's pages into a frame of theirs.

use crate::assess::sites::{Notes, each_site};
use crate::host::{Door, Holds, Sent, Web};
use crate::measure::{Grade, Has, Without};
use crate::model::{Assessed, Proof, ServerKind, Severity, Spot};

crate::measure! {
    /// # Framing
    ///
    /// A page that any site may frame can be laid, unseen, under what a visitor believes to click on.
    ///
    /// ## What it looks at
    /// The `X-Frame-Options` and the `frame-ancestors` of `Content-Security-Policy` that Apache or nginx add to pages of
    /// every site, for `/` and for every path that nginx sets apart: missing, doubled, contradictory, or in a form that
    /// browsers no longer read.
    ///
    /// ## Why it matters
    /// Clickjacking needs nothing of the victim but a session that is open. One line per site ends it.
    ///
    /// ## Example
    /// Before, where the main server and a virtual host each set the header in a table of its own, both are sent:
    ///
    /// ```text
    /// X-Frame-Options: SAMEORIGIN
    /// X-Frame-Options: DENY
    /// ```
    ///
    /// After, one line: `X-Frame-Options: SAMEORIGIN`.
    ///
    /// ## What hardening changes
    /// Nothing yet: a server's configuration cannot be changed from here. The line to write stands with each finding.
    ///
    /// ## What the watcher sees
    /// Nothing: a log does not say which headers were sent.
    ///
    /// ## Whom it affects
    /// Sites whose pages are shown in frames of other sites: portals, learning platforms, embedded maps and players.
    ///
    /// ## Limits
    /// What an application sends by itself is not in the configuration: where one answers, a missing header is told with
    /// that doubt. Apache's `<Location>` and `<Directory>` are judged for `/` alone.
    ///
    /// ## References
    /// - RFC 7034, X-Frame-Options: <https://www.rfc-editor.org/rfc/rfc7034>
    /// - CSP 3, `frame-ancestors`: <https://www.w3.org/TR/CSP3/#directive-frame-ancestors>
    id: "framing",
    priority: 30,
    difficulty: Grade::Low,
    effectiveness: Grade::Medium,
    impact: Grade::Medium,
    check: Has(check),
    harden: Without("changes to a server's configuration cannot be planned yet"),
    watch: Without("a log does not say which headers were sent"),
}

const OPTIONS: &str = "X-Frame-Options";
const FIX: &str = "send X-Frame-Options: SAMEORIGIN once, unless the application sends its own";

fn check(web: &Web<'_>) -> Vec<Assessed> {
    each_site(web, &[ServerKind::Apache, ServerKind::Nginx], "/", |door, _, notes| judge(door, notes))
}

fn judge(door: &Door<'_, '_>, notes: &mut Notes) {
    for path in door.paths() {
        let holds = door.ask(&path);
        if holds.cause().is_none() && holds.is_page() {
            let says = Says::of(&holds.headers());
            says.judge(&path, &door.site.at, &holds, notes);
        }
    }
}

/// What the headers of one answer say about frames.
#[derive(Default)]
struct Says {
    options: Vec<(String, Spot)>,
    /// The sources of `frame-ancestors`.
    ancestors: Option<(String, Spot)>,
    /// A value that only a request decides.
    untold: bool,
}

impl Says {
    fn of(headers: &[Sent]) -> Self {
        let mut says = Self::default();
        for header in headers {
            let value = header.value.as_deref();
            if header.name.eq_ignore_ascii_case(OPTIONS) {
                says.untold |= value.is_none();
                says.options.extend(value.map(|value| (value.trim().to_owned(), header.at.clone())));
            } else if header.name.eq_ignore_ascii_case("Content-Security-Policy") {
                says.untold |= value.is_none();
                let sources = value.and_then(ancestors);
                says.ancestors = says.ancestors.or_else(|| Some((sources?, header.at.clone())));
            }
        }
        says
    }

    fn judge(&self, path: &str, site: &Spot, holds: &Holds<'_>, notes: &mut Notes) {
        let proof =
            |(value, at): &(String, Spot)| Proof::Line { spot: at.clone(), text: format!("{OPTIONS}: {value}") };
        let lines: Vec<Proof> = self.options.iter().map(proof).collect();
        match (self.options.as_slice(), &self.ancestors) {
            ([], None) if self.untold => {}
            ([], None) => {
                let passed_on = holds.is_passed_on();
                let whose = if passed_on { " by the server; the application may send its own" } else { "" };
                let text = format!("pages at {path} may be framed by anybody: no header says otherwise{whose}");
                let nothing =
                    Proof::Line { spot: site.clone(), text: format!("no {OPTIONS} and no frame-ancestors for {path}") };
                let severity = if passed_on { Severity::Low } else { Severity::Medium };
                let mut proof = holds.lost(OPTIONS);
                proof.push(nothing);
                notes.found(severity, text, proof, FIX);
            }
            ([_, _, ..], _) if self.options.windows(2).any(|pair| !pair[0].0.eq_ignore_ascii_case(&pair[1].0)) => {
                notes.found(
                    Severity::Medium,
                    format!("{OPTIONS} is sent twice at {path}, with values that contradict"),
                    lines,
                    FIX,
                );
            }
            ([_, _, ..], _) => notes.found(Severity::Low, format!("{OPTIONS} is sent twice at {path}"), lines, FIX),
            ([(value, _)], None) if !["DENY", "SAMEORIGIN"].iter().any(|known| value.eq_ignore_ascii_case(known)) => {
                let text = format!("browsers do not read {OPTIONS}: {value} at {path} and let anybody frame");
                notes.found(
                    Severity::Medium,
                    text,
                    lines,
                    "use frame-ancestors of Content-Security-Policy for a list of sites",
                );
            }
            (_, Some((sources, at)))
                if sources.split_ascii_whitespace().any(|source| matches!(source, "*" | "http:" | "https:")) =>
            {
                let line = Proof::Line { spot: at.clone(), text: format!("frame-ancestors {sources}") };
                notes.found(Severity::Medium, format!("frame-ancestors at {path} lets anybody frame"), vec![line], FIX);
            }
            (_, Some((sources, at))) => {
                notes.fine(vec![Proof::Line { spot: at.clone(), text: format!("frame-ancestors {sources}") }]);
            }
            _ => notes.fine(lines),
        }
    }
}

/// `default-src 'self'; frame-ancestors 'none'` → `'none'`
fn ancestors(policy: &str) -> Option<String> {
    let mut directives = policy.split(';').map(str::trim);
    directives.find_map(|directive| {
        let (name, sources) = directive.split_once(char::is_whitespace).unwrap_or((directive, ""));
        name.eq_ignore_ascii_case("frame-ancestors").then(|| sources.trim().to_owned())
    })
}
