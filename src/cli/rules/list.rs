//! `peelhouse rules list`: every rule, the heaviest of a class first.

use serde::Serialize;

use crate::cli::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::cli::rules::Which;
use crate::cli::words;
use crate::detect::rules::Rule;
use crate::guard::config::Config;
use crate::host::Host;
use crate::model::{Class, Confidence, Severity};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// Only rules of this class: sqli, xss, rce, …
    #[arg(long, value_name = "CLASS", value_parser = words::class)]
    class: Option<Class>,
}

/// What every rule says of itself.
#[derive(Serialize)]
pub(in crate::cli) struct Row<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub class: Class,
    pub level: Severity,
    pub confidence: Confidence,
    pub score: f32,
    pub critical: bool,
    pub file: &'a str,
    pub line: u32,
}

pub fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    let host = Host::live();
    let (set, told) = args.which.load(&host, &Config::read(&host, &global.config)?);
    let mut rules: Vec<&Rule> =
        set.rules().iter().filter(|rule| args.class.is_none_or(|class| rule.class == class)).collect();
    rules.sort_by(|a, b| {
        let class = |rule: &Rule| words::name(&rule.class);
        class(a).cmp(&class(b)).then(b.score.total_cmp(&a.score)).then(a.id.cmp(&b.id))
    });
    if out.is_json() {
        rules.iter().try_for_each(|rule| out.object(&Row::of(rule)))?;
    } else {
        let rows: Vec<Vec<String>> = rules.iter().map(|rule| cells(rule)).collect();
        out.table(&["class", "rule", "level", "points", "about"], &rows, "there is no such rule")?;
        told.iter().try_for_each(|problem| out.toned(Tone::Warn, problem))?;
        out.toned(Tone::Strong, &format!("{} rules; `peelhouse explain RULE` shows one", rules.len()))?;
    }
    Ok(if told.is_empty() { Exit::Done } else { Exit::Remark })
}

impl<'a> Row<'a> {
    pub fn of(rule: &'a Rule) -> Self {
        Self {
            id: &rule.id,
            title: &rule.title,
            class: rule.class,
            level: rule.level,
            confidence: rule.confidence,
            score: rule.score,
            critical: rule.critical,
            file: &rule.file,
            line: rule.line,
        }
    }
}

fn cells(rule: &Rule) -> Vec<String> {
    let alone = if rule.critical { " alone" } else { "" };
    vec![
        words::name(&rule.class),
        rule.id.clone(),
        words::name(&rule.level),
        format!("{}{alone}", rule.score),
        rule.title.clone(),
    ]
}
