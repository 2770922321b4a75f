//! `peelhouse rules check`: whether the rules load, judge their own samples as they say, and cost little.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::cli::rules::Which;
use crate::detect::rules::{Rule, RuleSet};
use crate::detect::samples;
use crate::guard::cost;
use crate::host::Host;

/// Rules shown with what they cost, dearest first.
const DEAREST: usize = 10;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum Said<'a> {
    Problem { text: &'a str },
    Cost { rule: &'a str, nanos: f64 },
    Summary { rules: usize, correlations: usize, samples: usize, problems: usize, nanos: f64 },
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, CliError> {
    let (set, mut problems) = args.which.load(&Host::live());
    problems.extend(samples::check(&set).iter().map(ToString::to_string));
    problems.extend(set.rules().iter().filter(|rule| is_bare(rule)).map(bare));
    let (all, mut each) = cost::of_rules(&set);
    each.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    each.truncate(DEAREST);
    let samples = set.rules().iter().map(|rule| rule.samples.must_match.len() + rule.samples.quiet.len()).sum();
    if out.is_json() {
        problems.iter().try_for_each(|text| out.object(&Said::Problem { text }))?;
        each.iter().try_for_each(|(rule, time)| out.object(&Said::Cost { rule: &rule.id, nanos: nanos(*time) }))?;
        let (rules, correlations) = (set.rules().len(), set.correlations().len());
        out.object(&Said::Summary { rules, correlations, samples, problems: problems.len(), nanos: nanos(all) })?;
    } else {
        show(&set, &problems, &each, all, samples, out)?;
    }
    Ok(if problems.is_empty() { Exit::Done } else { Exit::Remark })
}

fn is_bare(rule: &Rule) -> bool {
    rule.samples.must_match.is_empty() || rule.samples.quiet.is_empty()
}

fn bare(rule: &Rule) -> String {
    format!("{}:{}: no samples; add `peelhouse: tests:` with match and quiet lines", rule.file, rule.line)
}

fn show(
    set: &Arc<RuleSet>,
    problems: &[String],
    each: &[(&Rule, Duration)],
    all: Duration,
    samples: usize,
    out: &mut Output,
) -> Result<(), CliError> {
    let rows: Vec<Vec<String>> = each
        .iter()
        .map(|(rule, time)| vec![format!("{:.0}", nanos(*time)), rule.id.clone(), rule.title.clone()])
        .collect();
    out.toned(Tone::Strong, "the dearest rules, each alone, in nanoseconds a line of the rules' own samples")?;
    out.table(&["ns", "rule", "about"], &rows, "there are no rules")?;
    out.line("")?;
    problems.iter().try_for_each(|problem| out.toned(Tone::Warn, problem))?;
    let (rules, correlations) = (set.rules().len(), set.correlations().len());
    let text = format!(
        "{rules} rules and {correlations} correlations, {samples} samples, {} problems; all together {:.0} ns a sample",
        problems.len(),
        nanos(all)
    );
    Ok(out.toned(Tone::Strong, &text)?)
}

fn nanos(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e9).round()
}
