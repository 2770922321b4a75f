//! The board as one page that needs nothing else: no script, no font, no address to fetch.

use std::fmt::Write as _;

use crate::assess::board::{Presence, Row};
use crate::model::{Assessed, Finding, Severity, Verdict};

/// Findings of one measure that are written out.
const MOST_FINDINGS: usize = 200;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1d2733; --paper: #f6f4ef; --card: #fff; --dim: #66727f; --line: #d9d5cc;
  --found: #b3261e; --unseen: #9a6700; --fine: #1a7f4b; --none: #66727f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --paper: #14181d; --card: #1d232a; --dim: #98a4b0; --line: #323a43;
  --found: #ff8a80; --unseen: #f0c060; --fine: #6fd49a; --none: #98a4b0; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .2rem; } .dim { color: var(--dim); }
.sums { display: flex; gap: 1rem; flex-wrap: wrap; margin: 1rem 0 1.5rem; } .sums b { font-size: 1.4rem; display: block; }
.sums div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem 1rem; min-width: 7rem; }
details { background: var(--card); border: 1px solid var(--line); border-left: .35rem solid var(--none); border-radius: .5rem;
  margin: .5rem 0; padding: .5rem 1rem; }
details.found { border-left-color: var(--found); } details.could-not-look { border-left-color: var(--unseen); }
details.in-place { border-left-color: var(--fine); }
summary { cursor: pointer; display: flex; gap: 1rem; align-items: baseline; flex-wrap: wrap; }
summary b { min-width: 12rem; } .word { min-width: 9rem; } .found .word { color: var(--found); }
.could-not-look .word { color: var(--unseen); } .in-place .word { color: var(--fine); }
section { border-top: 1px solid var(--line); margin-top: .6rem; padding-top: .6rem; }
code { font: 13px/1.4 ui-monospace, monospace; display: block; overflow-wrap: anywhere; color: var(--dim); }
.severity { font-size: .8rem; border: 1px solid currentColor; border-radius: 1rem; padding: 0 .5rem; margin-right: .4rem; }
.critical, .high { color: var(--found); } .medium { color: var(--unseen); } .low, .info { color: var(--dim); }
@media print { body { background: none; } details { break-inside: avoid; } }
";

/// The whole page; `host` is what it is about.
pub fn page(rows: &[Row], host: &str) -> String {
    let mut page = String::from("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">";
    page += "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">";
    let _ =
        write!(page, "<title>{0}</title><style>{STYLE}</style></head><body>", escaped(&format!("peelhouse: {host}")));
    let _ = write!(
        page,
        "<h1>{}</h1><p class=\"dim\">Every measure of the catalogue, what calls for action first.</p>",
        escaped(host)
    );
    sums(rows, &mut page);
    rows.iter().for_each(|row| measure(row, &mut page));
    page + "</body></html>\n"
}

fn sums(rows: &[Row], page: &mut String) {
    let count = |word: &str| rows.iter().filter(|row| row.verdict == Some(word)).count();
    let findings: usize = rows.iter().map(|row| row.findings().len()).sum();
    page.push_str("<div class=\"sums\">");
    for (number, what) in [
        (findings, "findings"),
        (count("found"), "measures with any"),
        (count("could-not-look"), "not looked at"),
        (count("in-place"), "in place"),
    ] {
        let _ = write!(page, "<div><b>{number}</b>{what}</div>");
    }
    page.push_str("</div>");
}

fn measure(row: &Row, page: &mut String) {
    let word = row.verdict.unwrap_or("not-applicable");
    let sites = row.sites.iter().filter(|of| of.verdict.word() == word).count();
    let of = if row.sites.len() > 1 { format!(" ({sites} of {})", row.sites.len()) } else { String::new() };
    let open = if word == "found" { " open" } else { "" };
    let _ = write!(
        page,
        "<details class=\"{word}\"{open}><summary><b>{}</b><span class=\"word\">{}{of}</span><span class=\"dim\">{}, priority {}</span></summary>",
        escaped(row.measure),
        word.replace('-', " "),
        escaped(row.layer),
        row.priority
    );
    let findings = row.findings();
    findings.iter().take(MOST_FINDINGS).for_each(|(site, found)| finding(site, found, page));
    if findings.len() > MOST_FINDINGS {
        let _ = write!(page, "<section class=\"dim\">and {} more</section>", findings.len() - MOST_FINDINGS);
    }
    row.sites.iter().for_each(|of| unseen(of, page));
    for (name, facet) in [("check", row.check), ("hardening", row.harden), ("watcher", row.watch)] {
        if let Presence::Without(reason) = facet {
            let _ = write!(page, "<section class=\"dim\">no {name}: {}</section>", escaped(reason));
        }
    }
    page.push_str("</details>");
}

fn finding(site: &str, finding: &Finding, page: &mut String) {
    let severity = severity(finding.severity);
    let site = if site.is_empty() { String::new() } else { format!("<b>{}</b> ", escaped(site)) };
    let _ =
        write!(page, "<section><span class=\"severity {severity}\">{severity}</span>{site}{}", escaped(&finding.text));
    for proof in &finding.evidence {
        let _ = write!(page, "<code>{}</code>", escaped(&proof.to_string()));
    }
    let _ = write!(page, "<div>{}</div></section>", escaped(&finding.fix));
}

fn unseen(of: &Assessed, page: &mut String) {
    if let Verdict::CouldNotLook { cause } = &of.verdict {
        let _ = write!(
            page,
            "<section class=\"dim\"><b>{}</b> could not look: {}</section>",
            escaped(&of.site),
            escaped(cause)
        );
    }
}

fn severity(of: Severity) -> &'static str {
    match of {
        Severity::Info => "info",
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// Configurations are written by many hands: nothing of them is markup here.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            control if control.is_control() => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Grade;
    use crate::model::{Confidence, Proof, Spot};

    #[test]
    fn what_configurations_say_is_no_markup() {
        let finding = Finding {
            severity: Severity::High,
            confidence: Confidence::High,
            text: "<script>alert(1)</script>".to_owned(),
            evidence: vec![Proof::Line {
                spot: Spot { file: "/etc/\"x".into(), line: 7 },
                text: "a' & \u{1b}[31m".to_owned(),
            }],
            fix: "take it out".to_owned(),
        };
        let row = Row {
            measure: "bare",
            layer: "daemon",
            priority: 30,
            difficulty: Grade::Low,
            effectiveness: Grade::Low,
            impact: Grade::Low,
            verdict: Some("found"),
            sites: vec![Assessed::site("<b>", Verdict::Found { findings: vec![finding] })],
            check: Presence::Has,
            harden: Presence::Without("not <yet>"),
            watch: Presence::Has,
        };
        let page = page(&[row], "<host>");
        assert!(!page.contains("<script") && !page.contains('\u{1b}') && !page.contains("<yet>"), "{page}");
        assert!(page.contains("&lt;script&gt;") && page.contains("/etc/&quot;x:7: a&#39; &amp;"), "{page}");
        assert_eq!(page.matches("<details").count(), page.matches("</details>").count());
    }
}
