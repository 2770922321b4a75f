//! The board: every measure with the verdict of its check on this host, what calls for action first on top.

use serde::Serialize;

use crate::host::Host;
use crate::measure::{Facet, Grade, Measure};
use crate::model::{Finding, Verdict};

/// One measure on this host.
#[derive(Serialize)]
pub struct Row {
    pub measure: &'static str,
    pub layer: &'static str,
    /// 10 first.
    pub priority: u8,
    pub difficulty: Grade,
    pub effectiveness: Grade,
    pub impact: Grade,
    /// None: the measure has no check, for the reason under `check`.
    #[serde(flatten)]
    pub verdict: Option<Verdict>,
    pub check: Presence,
    pub harden: Presence,
    pub watch: Presence,
}

/// Whether a measure has a facet: `"has"`, or `{"without": reason}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    Has,
    Without(&'static str),
}

impl<T> From<&Facet<T>> for Presence {
    fn from(facet: &Facet<T>) -> Self {
        match facet {
            Facet::Has(_) => Self::Has,
            Facet::Without(reason) => Self::Without(reason),
        }
    }
}

impl Row {
    /// What was found, the worst first; empty for every other verdict.
    pub fn findings(&self) -> Vec<&Finding> {
        let Some(Verdict::Found { findings }) = &self.verdict else { return Vec::new() };
        let mut findings: Vec<&Finding> = findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse((finding.severity, finding.confidence)));
        findings
    }

    /// Found before not looked at before fine; within each by priority.
    fn rank(&self) -> (u8, u8, &'static str) {
        let urgency = match &self.verdict {
            Some(Verdict::Found { .. }) => 0,
            Some(Verdict::CouldNotLook { .. }) => 1,
            None => 2,
            Some(Verdict::InPlace { .. }) => 3,
            Some(Verdict::NotApplicable { .. }) => 4,
        };
        (urgency, self.priority, self.measure)
    }
}

/// Runs every check over the host; reads only.
pub fn board<'m>(measures: impl Iterator<Item = &'m Measure>, host: &Host) -> Vec<Row> {
    let mut rows: Vec<Row> = measures.map(|measure| row(measure, host)).collect();
    rows.sort_by_key(Row::rank);
    rows
}

fn row(measure: &Measure, host: &Host) -> Row {
    let verdict = match measure.check {
        Facet::Has(check) => Some(check(host)),
        Facet::Without(_) => None,
    };
    Row {
        measure: measure.id,
        layer: measure.layer(),
        priority: measure.priority,
        difficulty: measure.difficulty,
        effectiveness: measure.effectiveness,
        impact: measure.impact,
        verdict,
        check: (&measure.check).into(),
        harden: (&measure.harden).into(),
        watch: (&measure.watch).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Confidence, Severity};

    const BARE: Measure = Measure {
        id: "bare",
        priority: 50,
        difficulty: Grade::Low,
        effectiveness: Grade::Low,
        impact: Grade::Low,
        page: "",
        file: "src/measures/daemon/bare.rs",
        check: Facet::Without("nothing to look at"),
        harden: Facet::Without("nothing to set"),
        watch: Facet::Without("nothing to see"),
    };
    static FOUND: Measure = Measure { id: "found", priority: 90, check: Facet::Has(found), ..BARE };
    static FINE: Measure = Measure { id: "fine", priority: 10, check: Facet::Has(fine), ..BARE };
    static UNSEEN: Measure = Measure { id: "unseen", priority: 20, check: Facet::Has(unseen), ..BARE };

    fn found(_: &Host) -> Verdict {
        let finding = |severity, text: &str| Finding {
            site: String::new(),
            severity,
            confidence: Confidence::High,
            text: text.to_owned(),
            evidence: Vec::new(),
            fix: String::new(),
        };
        Verdict::Found { findings: vec![finding(Severity::Low, "small"), finding(Severity::High, "great")] }
    }

    fn fine(_: &Host) -> Verdict {
        Verdict::InPlace { evidence: Vec::new() }
    }

    fn unseen(_: &Host) -> Verdict {
        Verdict::CouldNotLook { cause: "no permission".to_owned() }
    }

    #[test]
    fn what_calls_for_action_stands_on_top() {
        let rows = board([&FINE, &BARE, &UNSEEN, &FOUND].into_iter(), &Host::recorded("/nonexistent"));
        let order: Vec<&str> = rows.iter().map(|row| row.measure).collect();
        assert_eq!(order, ["found", "unseen", "bare", "fine"]);
        let texts: Vec<&str> = rows[0].findings().iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(texts, ["great", "small"]);
        assert_eq!(rows[0].layer, "daemon");
    }

    #[test]
    fn a_row_says_its_verdict_and_why_a_facet_is_absent() {
        let rows = board([&UNSEEN].into_iter(), &Host::recorded("/nonexistent"));
        let json = serde_json::to_value(&rows[0]).unwrap();
        assert_eq!((&json["verdict"], &json["cause"]), (&"could-not-look".into(), &"no permission".into()));
        assert_eq!((&json["check"], &json["harden"]["without"]), (&"has".into(), &"nothing to set".into()));
    }
}
