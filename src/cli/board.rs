//! `peelhouse board`: the catalogue, live, for this host.

use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::Output;
use crate::host::Host;
use crate::measure::{Facet, Grade, Measure};
use crate::measures::catalogue;
use crate::model::Verdict;

#[derive(Serialize)]
struct Row {
    measure: &'static str,
    priority: u8,
    difficulty: Grade,
    effectiveness: Grade,
    impact: Grade,
    /// None: the measure has no check, for the reason under `check`.
    #[serde(flatten)]
    verdict: Option<Verdict>,
    check: String,
    harden: String,
    watch: String,
}

pub fn run(out: &mut Output) -> Result<Exit, CliError> {
    let host = Host::live();
    let mut rows: Vec<Row> = catalogue().map(|measure| row(measure, &host)).collect();
    rows.sort_by_key(|row| (row.priority, row.measure));
    let found = rows.iter().any(|row| matches!(row.verdict, Some(Verdict::Found { .. })));
    if out.is_json() {
        for row in &rows {
            out.object(row)?;
        }
    } else {
        show(&rows, out)?;
    }
    Ok(if found { Exit::Remark } else { Exit::Done })
}

fn row(measure: &'static Measure, host: &Host) -> Row {
    let verdict = match measure.check {
        Facet::Has(check) => Some(check(host)),
        Facet::Without(_) => None,
    };
    Row {
        measure: measure.id,
        priority: measure.priority,
        difficulty: measure.difficulty,
        effectiveness: measure.effectiveness,
        impact: measure.impact,
        verdict,
        check: facet(&measure.check),
        harden: facet(&measure.harden),
        watch: facet(&measure.watch),
    }
}

fn facet<T>(facet: &Facet<T>) -> String {
    match facet {
        Facet::Has(_) => "yes".to_owned(),
        Facet::Without(reason) => format!("none: {reason}"),
    }
}

fn show(rows: &[Row], out: &mut Output) -> Result<(), CliError> {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let (verdict, why) = words(row);
            vec![row.measure.to_owned(), verdict.to_owned(), why, short(&row.watch), short(&row.harden)]
        })
        .collect();
    Ok(out.table(&["measure", "verdict", "why", "watch", "harden"], &cells, "the catalogue is empty")?)
}

fn words(row: &Row) -> (&'static str, String) {
    match &row.verdict {
        None => ("no check", row.check.clone()),
        Some(Verdict::InPlace { .. }) => ("in place", String::new()),
        Some(Verdict::Found { findings }) => {
            ("found", findings.iter().map(|finding| finding.text.as_str()).collect::<Vec<_>>().join("; "))
        }
        Some(Verdict::CouldNotLook { cause }) => ("could not look", cause.clone()),
        Some(Verdict::NotApplicable { reason }) => ("not applicable", reason.clone()),
    }
}

fn short(facet: &str) -> String {
    if facet == "yes" { "yes".to_owned() } else { "-".to_owned() }
}
