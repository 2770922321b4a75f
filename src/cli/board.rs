//! `peelhouse board`: the catalogue, live, for this host.

use crate::assess::board::{Presence, Row};
use crate::assess::html;
use crate::cli::assess::Look;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::measures::catalogue;
use crate::model::{Finding, Proof, Verdict};

/// Findings of a measure that are told; a hosting server has hundreds.
const FINDINGS_SHOWN: usize = 5;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    look: Look,
    /// Print it as one page for a browser, that needs nothing else
    #[arg(long)]
    html: bool,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, CliError> {
    let rows = args.look.rows(catalogue(), out.is_terminal());
    if args.html {
        out.page(html::page(&rows, &args.look.host()).as_bytes())?;
    } else if out.is_json() {
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
            vec![measure, layer, priority, verdict, next]
        })
        .collect();
    let headings = ["measure", "layer", "priority", "verdict", "what to do first"];
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
    for (site, finding) in findings.iter().take(FINDINGS_SHOWN) {
        out.toned(Tone::Warn, &format!("  {}", told(site, finding)))?;
    }
    if findings.len() > FINDINGS_SHOWN {
        out.line(&format!("  and {} more: peelhouse assess {}", findings.len() - FINDINGS_SHOWN, row.measure))?;
    }
    for (name, facet) in [("check", row.check), ("hardening", row.harden), ("watcher", row.watch)] {
        if let Presence::Without(reason) = facet {
            out.toned(Tone::Dim, &format!("  no {name}: {reason}"))?;
        }
    }
    Ok(())
}

/// `blog.example.org: its access log is switched off (/etc/nginx/sites-enabled/blog:12)`
fn told(site: &str, finding: &Finding) -> String {
    let site = if site.is_empty() { String::new() } else { format!("{site}: ") };
    let spot = finding.evidence.iter().find_map(|proof| match proof {
        Proof::Line { spot, .. } => Some(format!(" ({spot})")),
        Proof::Exchange { .. } => None,
    });
    format!("{site}{}{}", finding.text, spot.unwrap_or_default())
}

/// The verdict with its sites, and what follows from it.
fn words(row: &Row) -> (String, String) {
    let Some(worst) = row.sites.first() else {
        let word = if row.check == Presence::Has { "not applicable" } else { "no check" };
        return (word.to_owned(), String::new());
    };
    let alike = row.sites.iter().filter(|of| of.verdict.word() == worst.verdict.word()).count();
    let of = if row.sites.len() > 1 { format!(" ({alike} of {})", row.sites.len()) } else { String::new() };
    let next = match &worst.verdict {
        Verdict::InPlace { .. } => "nothing".to_owned(),
        Verdict::Found { .. } => row.findings().first().map(|(site, first)| fix(row, site, first)).unwrap_or_default(),
        Verdict::CouldNotLook { cause } => cause.clone(),
        Verdict::NotApplicable { reason } => format!("nothing: {reason}"),
    };
    (format!("{}{of}", worst.verdict.word().replace('-', " ")), next)
}

/// With the site only where not several need it.
fn fix(row: &Row, site: &str, finding: &Finding) -> String {
    let alone = row.sites.iter().filter(|of| !of.findings().is_empty()).count() == 1;
    if site.is_empty() || !alone { finding.fix.clone() } else { format!("{site}: {}", finding.fix) }
}
