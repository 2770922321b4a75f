//! `peelhouse rules list`: every rule, the heaviest of a class first.

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::cli::rules::Which;
use crate::cli::words;
use crate::detect::rules::Rule;
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

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    title: &'a str,
    class: Class,
    level: Severity,
    confidence: Confidence,
    score: f32,
    critical: bool,
    file: &'a str,
    line: u32,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, CliError> {
    let (set, told) = args.which.load(&Host::live());
    let mut rules: Vec<&Rule> =
        set.rules().iter().filter(|rule| args.class.is_none_or(|class| rule.class == class)).collect();
    rules.sort_by(|a, b| {
        let class = |rule: &Rule| words::name(&rule.class);
        class(a).cmp(&class(b)).then(b.score.total_cmp(&a.score)).then(a.id.cmp(&b.id))
    });
    if out.is_json() {
        rules.iter().try_for_each(|rule| out.object(&row(rule)))?;
    } else {
        let rows: Vec<Vec<String>> = rules.iter().map(|rule| cells(rule)).collect();
        out.table(&["class", "rule", "level", "points", "about"], &rows, "there is no such rule")?;
        told.iter().try_for_each(|problem| out.toned(Tone::Warn, problem))?;
        out.toned(Tone::Strong, &format!("{} rules; `peelhouse explain RULE` shows one", rules.len()))?;
    }
    Ok(if told.is_empty() { Exit::Done } else { Exit::Remark })
}

fn row(rule: &Rule) -> Row<'_> {
    Row {
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
