//! What was found as SARIF 2.1.0 (OASIS): one run, a rule a measure, a result a finding at the line that shows it.

use serde_json::{Value, json};

use crate::assess::board::Row;
use crate::model::{Finding, Proof, Severity};

/// The whole log.
pub fn log(rows: &[Row]) -> Value {
    let rules: Vec<Value> = rows.iter().map(|row| json!({ "id": row.measure })).collect();
    let results: Vec<Value> = rows.iter().flat_map(results).collect();
    let driver = json!({ "name": "peelhouse", "version": env!("CARGO_PKG_VERSION"), "rules": rules });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "results": results }],
    })
}

fn results(row: &Row) -> Vec<Value> {
    row.findings().into_iter().map(|(site, finding)| result(row.measure, site, finding)).collect()
}

fn result(measure: &str, site: &str, finding: &Finding) -> Value {
    let text = if site.is_empty() { finding.text.clone() } else { format!("{site}: {}", finding.text) };
    json!({
        "ruleId": measure,
        "level": level(finding.severity),
        "message": { "text": format!("{text}; {}", finding.fix) },
        "locations": finding.evidence.iter().filter_map(location).collect::<Vec<Value>>(),
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Low | Severity::Info => "note",
        Severity::Medium => "warning",
        _ => "error",
    }
}

fn location(proof: &Proof) -> Option<Value> {
    let Proof::Line { spot, .. } = proof else { return None };
    let artifact = json!({ "uri": format!("file://{}", spot.file.display()) });
    Some(json!({ "physicalLocation": { "artifactLocation": artifact, "region": { "startLine": spot.line.max(1) } } }))
}
