//! What a rule looks for, what it weighs, and requests that it must and must not match.

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::output::{Output, Tone};
use crate::cli::rules::list::Row;
use crate::cli::words;
use crate::detect::rules::{Correlation, Rule, RuleSet};
use crate::model::Severity;

#[derive(Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum Page<'a> {
    Rule {
        #[serde(flatten)]
        row: Row<'a>,
        /// The rule's own words: its fields, how each is compared, the condition.
        detection: String,
        matches: &'a [String],
        quiet: &'a [String],
    },
    Correlation {
        id: &'a str,
        title: &'a str,
        level: Severity,
        score: f32,
        file: &'a str,
        line: u32,
        /// The rules whose hits count.
        rules: Vec<&'a str>,
        /// Within so many seconds.
        timespan: u64,
    },
}

/// False where no rule has this id or name.
pub fn show(set: &RuleSet, id: &str, out: &mut Output) -> Result<bool, CliError> {
    let rule = set.rules().iter().find(|rule| rule.id == id || rule.name.as_deref() == Some(id));
    let correlation = || set.correlations().iter().find(|correlation| correlation.id == id);
    let page = rule.map(of_rule).or_else(|| correlation().map(|correlation| of_correlation(set, correlation)));
    let Some(page) = page else { return Ok(false) };
    if out.is_json() {
        out.object(&page)?;
    } else {
        print(&page, out)?;
    }
    Ok(true)
}

fn of_rule(rule: &Rule) -> Page<'_> {
    Page::Rule {
        row: Row::of(rule),
        detection: detection(&rule.file, rule.line),
        matches: &rule.samples.must_match,
        quiet: &rule.samples.quiet,
    }
}

fn of_correlation<'a>(set: &'a RuleSet, correlation: &'a Correlation) -> Page<'a> {
    Page::Correlation {
        id: &correlation.id,
        title: &correlation.title,
        level: correlation.level,
        score: correlation.score,
        file: &correlation.file,
        line: correlation.line,
        rules: correlation.parts.iter().map(|part| set.id_of(part.source)).collect(),
        timespan: correlation.timespan.as_secs(),
    }
}

/// The detection part of the document that begins at a line, as it is written.
fn detection(file: &str, line: u32) -> String {
    let text = RuleSet::pack().iter().find(|known| known.file == file).map_or("", |known| known.text);
    let document = text.lines().skip(usize::try_from(line).unwrap_or(0).saturating_sub(1));
    let body = document.skip_while(|line| *line != "detection:").skip(1);
    let lines: Vec<&str> = body.take_while(|line| line.is_empty() || line.starts_with(' ')).collect();
    lines.join("\n")
}

fn print(page: &Page<'_>, out: &mut Output) -> Result<(), CliError> {
    match page {
        Page::Rule { row, detection, matches, quiet } => {
            let Row { id, title, class, level, confidence, score, critical, file, line } = row;
            out.toned(Tone::Strong, title)?;
            let alone = if *critical { "; one hit alone may decide" } else { "" };
            out.line(&format!("rule {id}, {}, level {}", words::name(class), words::name(level)))?;
            out.line(&format!(
                "a hit adds {score} to a client's score, confidence {}{alone}",
                words::name(confidence)
            ))?;
            out.line(&format!("written in {file}:{line}"))?;
            section("looks for", detection.lines(), out)?;
            section("must match", matches.iter().map(String::as_str), out)?;
            section("must not match", quiet.iter().map(String::as_str), out)
        }
        Page::Correlation { id, title, level, score, file, line, rules, timespan } => {
            out.toned(Tone::Strong, title)?;
            out.line(&format!("correlation {id}, level {}; adds {score} to a client's score", words::name(level)))?;
            out.line(&format!("written in {file}:{line}"))?;
            section(&format!("counts within {timespan} s the hits of"), rules.iter().copied(), out)
        }
    }
}

fn section<'a>(name: &str, lines: impl Iterator<Item = &'a str>, out: &mut Output) -> Result<(), CliError> {
    out.line("")?;
    out.toned(Tone::Strong, name)?;
    for line in lines {
        out.line(&format!("  {}", line.strip_prefix("  ").unwrap_or(line)))?;
    }
    Ok(())
}
