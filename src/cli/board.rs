//! `peelhouse board`: the catalogue, live, for this host.

use crate::assess::board::{self, Presence, Row};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::host::Host;
use crate::measures::catalogue;
use crate::model::{Finding, Proof, Verdict};

/// Findings of a measure that are told; a hosting server has hundreds.
const FINDINGS_SHOWN: usize = 5;

pub fn run(out: &mut Output) -> Result<Exit, CliError> {
    let rows = board::board(catalogue(), &Host::live());
    if out.is_json() {
        rows.iter().try_for_each(|row| out.object(row))?;
    } else {
        show(&rows, out)?;
    }
    let found = rows.iter().any(|row| !row.findings().is_empty());
    Ok(if found { Exit::Remark } else { Exit::Done })
}

fn show(rows: &[Row], out: &mut Output) -> Result<(), CliError> {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let (verdict, next) = words(row);
            let (measure, layer, priority) = (row.measure.to_owned(), row.layer.to_owned(), row.priority.to_string());
            vec![measure, layer, priority, verdict.to_owned(), facets(row), next]
        })
        .collect();
    let headings = ["measure", "layer", "priority", "verdict", "has", "what to do first"];
    out.table(&headings, &cells, "the catalogue is empty")?;
    for row in rows {
        show_row(row, out)?;
    }
    Ok(())
}

fn show_row(row: &Row, out: &mut Output) -> Result<(), CliError> {
    out.line("")?;
    out.toned(Tone::Strong, row.measure)?;
    let findings = row.findings();
    for finding in findings.iter().take(FINDINGS_SHOWN) {
        out.toned(Tone::Warn, &format!("  {}", told(finding)))?;
    }
    if findings.len() > FINDINGS_SHOWN {
        out.line(&format!("  and {} more: peelhouse board --json", findings.len() - FINDINGS_SHOWN))?;
    }
    for (name, facet) in [("check", row.check), ("hardening", row.harden), ("watcher", row.watch)] {
        if let Presence::Without(reason) = facet {
            out.toned(Tone::Dim, &format!("  no {name}: {reason}"))?;
        }
    }
    Ok(())
}

/// `blog.example.org: its access log is switched off (/etc/nginx/sites-enabled/blog:12)`
fn told(finding: &Finding) -> String {
    let site = if finding.site.is_empty() { String::new() } else { format!("{}: ", finding.site) };
    let spot = finding.evidence.iter().find_map(|proof| match proof {
        Proof::Line { spot, .. } => Some(format!(" ({spot})")),
        Proof::Exchange { .. } => None,
    });
    format!("{site}{}{}", finding.text, spot.unwrap_or_default())
}

/// The verdict, and what follows from it.
fn words(row: &Row) -> (&'static str, String) {
    match &row.verdict {
        None => ("no check", String::new()),
        Some(Verdict::InPlace { .. }) => ("in place", "nothing".to_owned()),
        Some(Verdict::Found { .. }) => ("found", row.findings().first().map(|first| fix(first)).unwrap_or_default()),
        Some(Verdict::CouldNotLook { cause }) => ("could not look", cause.clone()),
        Some(Verdict::NotApplicable { reason }) => ("not applicable", format!("nothing: {reason}")),
    }
}

fn fix(finding: &Finding) -> String {
    if finding.site.is_empty() { finding.fix.clone() } else { format!("{}: {}", finding.site, finding.fix) }
}

fn facets(row: &Row) -> String {
    let facets = [("check", row.check), ("harden", row.harden), ("watch", row.watch)];
    let has: Vec<&str> = facets.iter().filter(|(_, facet)| *facet == Presence::Has).map(|(name, _)| *name).collect();
    has.join(", ")
}
