//! `peelhouse explain ID`: the page of a measure or of a detector's measure, or what a rule looks for.

mod rule;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::detect::rules::RuleSet;
use crate::guard::engine::rules;
use crate::measure::{Facet, Grade, Measure};
use crate::measures::catalogue;
use crate::model::near::nearest;

#[derive(clap::Args)]
pub struct Args {
    /// A measure (see `peelhouse board`), or a detector or rule that an alert names
    id: String,
}

#[derive(Serialize)]
struct Page<'a> {
    what: &'static str,
    id: &'a str,
    layer: &'a str,
    priority: u8,
    difficulty: Grade,
    effectiveness: Grade,
    impact: Grade,
    file: &'a str,
    page: String,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, CliError> {
    if let Some(measure) = catalogue().find(|measure| measure.id == args.id || detectors(measure).contains(&&*args.id))
    {
        show(measure, &args.id, out)?;
        return Ok(Exit::Done);
    }
    let rules = rules()?;
    if !rule::show(&rules, &args.id, out)? {
        let near = nearest(&args.id, ids(&rules)).map(str::to_owned);
        return Err(CliError::UnknownId { id: args.id.clone(), near });
    }
    Ok(Exit::Done)
}

fn show(measure: &Measure, asked: &str, out: &mut Output) -> Result<(), CliError> {
    if out.is_json() {
        return Ok(out.object(&page(measure))?);
    }
    if asked != measure.id {
        out.toned(Tone::Dim, &format!("{asked} is a detector of the measure {}", measure.id))?;
        out.line("")?;
    }
    for line in page(measure).page.lines() {
        match line.trim_start_matches('#') {
            text if text.len() < line.len() => out.toned(Tone::Strong, text.trim())?,
            text => out.line(text)?,
        }
    }
    Ok(())
}

fn page(measure: &Measure) -> Page<'_> {
    Page {
        what: "measure",
        id: measure.id,
        layer: measure.layer(),
        priority: measure.priority,
        difficulty: measure.difficulty,
        effectiveness: measure.effectiveness,
        impact: measure.impact,
        file: measure.file,
        page: measure.markdown(),
    }
}

fn detectors(measure: &Measure) -> Vec<&'static str> {
    match measure.watch {
        Facet::Has(detectors) => detectors.iter().map(|detector| detector.id).collect(),
        Facet::Without(_) => Vec::new(),
    }
}

/// Everything that can be explained.
fn ids(rules: &RuleSet) -> Vec<&str> {
    let measures = catalogue().flat_map(|measure| std::iter::once(measure.id).chain(detectors(measure)));
    let correlations = rules.correlations().iter().map(|correlation| correlation.id.as_str());
    measures.chain(rules.rules().iter().map(|rule| rule.id.as_str())).chain(correlations).collect()
}
