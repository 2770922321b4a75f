//! `peelhouse explain ID`: the page of a measure, which is its doc comment.

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::measure::{Grade, Measure};
use crate::measures::catalogue;

#[derive(clap::Args)]
pub struct Args {
    /// A measure (see `peelhouse board`)
    id: String,
}

#[derive(Serialize)]
struct Page<'a> {
    id: &'a str,
    priority: u8,
    difficulty: Grade,
    effectiveness: Grade,
    impact: Grade,
    file: &'a str,
    page: String,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, CliError> {
    let Some(measure) = catalogue().find(|measure| measure.id == args.id) else {
        return Err(CliError::UnknownId { id: args.id.clone(), near: nearest(&args.id) });
    };
    if out.is_json() {
        out.object(&page(measure))?;
        return Ok(Exit::Done);
    }
    for line in page(measure).page.lines() {
        let tone = if line.starts_with('#') { Tone::Strong } else { Tone::Plain };
        out.toned(tone, line.trim_start_matches('#').trim_end())?;
    }
    Ok(Exit::Done)
}

fn page(measure: &Measure) -> Page<'_> {
    let lines: Vec<&str> = measure.page.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    Page {
        id: measure.id,
        priority: measure.priority,
        difficulty: measure.difficulty,
        effectiveness: measure.effectiveness,
        impact: measure.impact,
        file: measure.file,
        page: lines.join("\n"),
    }
}

fn nearest(id: &str) -> Option<String> {
    catalogue()
        .map(|measure| (distance(id, measure.id), measure.id))
        .filter(|(far, near)| *far <= near.len() / 2)
        .min()
        .map(|(_, near)| near.to_owned())
}

/// How many single-letter edits lie between two words (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            *cell = (left + 1).min(above + 1).min(corner + usize::from(x != *y));
            (corner, left) = (above, *cell);
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("probing", "probing"), 0);
        assert_eq!(distance("probng", "probing"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
