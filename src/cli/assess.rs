//! `peelhouse assess`: runs the checks, and tells what they found site by site; `board` shows the same by measure.
//!
//! With `--json` one object a finding, and one for every site of a measure without any: measure, layer, site, verdict,
//! severity and confidence (null without a finding), text, evidence, fix.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::assess::board::{self, Row};
use crate::assess::sarif;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::cli::words::name;
use crate::host::{Host, Web};
use crate::measure::Measure;
use crate::measures::catalogue;
use crate::model::near::nearest;
use crate::model::{Assessed, Confidence, Finding, Proof, Severity, Verdict};

/// What is looked at; `board` takes the same.
#[derive(clap::Args)]
pub struct Look {
    /// Only sites with this name
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// Only measures of this layer
    #[arg(long, value_name = "LAYER", value_parser = ["application", "daemon", "os"])]
    layer: Option<String>,
    /// Look at a directory that stands for a host (an image, a chroot) instead of this host
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

#[derive(clap::Args)]
pub struct Args {
    /// Only these measures
    #[arg(value_name = "MEASURE")]
    measures: Vec<String>,
    #[command(flatten)]
    look: Look,
    /// Print what was found as SARIF 2.1.0, for tools that read it
    #[arg(long)]
    sarif: bool,
}

#[derive(Serialize)]
struct Object<'a> {
    measure: &'a str,
    layer: &'a str,
    site: &'a str,
    verdict: &'a str,
    severity: Option<Severity>,
    confidence: Option<Confidence>,
    text: &'a str,
    evidence: &'a [Proof],
    fix: &'a str,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, CliError> {
    let chosen = chosen(&args.measures)?;
    let rows = args.look.rows(chosen.into_iter(), out.is_terminal());
    if args.sarif {
        out.object(&sarif::log(&rows))?;
    } else if out.is_json() {
        rows.iter().try_for_each(|row| row.sites.iter().try_for_each(|assessed| objects(row, assessed, out)))?;
    } else {
        show(&rows, out)?;
    }
    let found = rows.iter().any(|row| !row.findings().is_empty());
    Ok(if found { Exit::Remark } else { Exit::Done })
}

/// All measures, or those that are named.
fn chosen(names: &[String]) -> Result<Vec<&'static Measure>, CliError> {
    if names.is_empty() {
        return Ok(catalogue().collect());
    }
    let find = |name: &String| {
        let known = catalogue().find(|measure| measure.id == name.as_str());
        known.ok_or_else(|| {
            let near = nearest(name, catalogue().map(|measure| measure.id)).map(str::to_owned);
            CliError::UnknownId { id: name.clone(), near }
        })
    };
    names.iter().map(find).collect()
}

impl Look {
    /// What it is about, in a few words.
    pub fn host(&self) -> String {
        let site = self.site.as_ref().map_or_else(|| "this host".to_owned(), |site| format!("the site {site}"));
        self.root.as_ref().map_or(site.clone(), |root| format!("{site}, from {}", root.display()))
    }

    /// Runs the checks of `measures` with a line that says which, on a terminal.
    pub fn rows(&self, measures: impl Iterator<Item = &'static Measure>, terminal: bool) -> Vec<Row> {
        let wanted = |measure: &&Measure| self.layer.as_deref().is_none_or(|layer| layer == measure.layer());
        let measures: Vec<&Measure> = measures.filter(wanted).collect();
        let bar = bar(measures.len(), terminal);
        bar.set_message("reading the servers' configuration");
        let host = self.root.as_ref().map_or_else(Host::live, Host::recorded);
        let configured = host.configured();
        let web = Web::of(&host, &configured);
        let mut rows = board::board(measures.into_iter(), &web, &mut |done, measure| {
            bar.set_position(done as u64);
            bar.set_message(measure);
        });
        bar.finish_and_clear();
        for row in &mut rows {
            row.sites.retain(|assessed| self.site.as_ref().is_none_or(|site| *site == assessed.site));
        }
        rows
    }
}

fn bar(checks: usize, terminal: bool) -> ProgressBar {
    let bar = if terminal { ProgressBar::new(checks as u64) } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

fn objects(row: &Row, assessed: &Assessed, out: &mut Output) -> Result<(), CliError> {
    let of = |finding: Option<&Finding>| -> Object<'_> {
        Object {
            measure: row.measure,
            layer: row.layer,
            site: &assessed.site,
            verdict: assessed.verdict.word(),
            severity: finding.map(|finding| finding.severity),
            confidence: finding.map(|finding| finding.confidence),
            text: "",
            evidence: &[],
            fix: "",
        }
    };
    match &assessed.verdict {
        Verdict::Found { findings } => findings.iter().try_for_each(|finding| {
            let Finding { text, evidence, fix, .. } = finding;
            out.object(&Object { text, evidence, fix, ..of(Some(finding)) })
        })?,
        Verdict::InPlace { evidence } => out.object(&Object { evidence, ..of(None) })?,
        Verdict::CouldNotLook { cause: text } | Verdict::NotApplicable { reason: text } => {
            out.object(&Object { text, ..of(None) })?;
        }
    }
    Ok(())
}

/// Site by site, the worst finding first.
fn show(rows: &[Row], out: &mut Output) -> Result<(), CliError> {
    let mut sites: Vec<&str> = rows.iter().flat_map(|row| row.sites.iter().map(|of| of.site.as_str())).collect();
    sites.sort_unstable();
    sites.dedup();
    for site in sites {
        let assessed =
            || rows.iter().flat_map(|row| row.sites.iter().map(move |of| (row, of))).filter(|(_, of)| of.site == site);
        let (mut found, mut unseen, mut fine) = (Vec::new(), Vec::new(), 0);
        for (row, of) in assessed() {
            match &of.verdict {
                Verdict::Found { findings } => found.extend(findings.iter().map(|finding| (row.measure, finding))),
                Verdict::CouldNotLook { cause } => unseen.push((row.measure, cause)),
                _ => fine += 1,
            }
        }
        found.sort_by_key(|(_, finding)| std::cmp::Reverse((finding.severity, finding.confidence)));
        let title = if site.is_empty() { "this host" } else { site };
        out.toned(
            Tone::Strong,
            &format!("{title}: {} found, {fine} in place, {} not looked at", found.len(), unseen.len()),
        )?;
        for (measure, finding) in found {
            tell(measure, finding, out)?;
        }
        for (measure, cause) in unseen {
            out.toned(Tone::Dim, &format!("  {measure}: could not look: {cause}"))?;
        }
    }
    Ok(())
}

fn tell(measure: &str, finding: &Finding, out: &mut Output) -> Result<(), CliError> {
    let tone = if finding.severity >= Severity::High { Tone::Bad } else { Tone::Warn };
    out.toned(tone, &format!("  {measure}: {} ({})", finding.text, name(&finding.severity)))?;
    for proof in &finding.evidence {
        out.line(&format!("    {proof}"))?;
    }
    out.toned(Tone::Dim, &format!("    {}", finding.fix))?;
    Ok(())
}
