//! The board: every measure with the verdict of its check on this host, what calls for action first on top.

use serde::Serialize;

use crate::host::Web;
use crate::measure::{Facet, Grade, Measure};
use crate::model::{Assessed, Finding};

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
    /// What calls for action most, of all sites; none where the measure has no check, for the reason under `check`, or
    /// nothing to look at.
    pub verdict: Option<&'static str>,
    /// Every site, the most urgent first.
    pub sites: Vec<Assessed>,
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
    /// What was found, the worst first, each with its site; empty for every other verdict.
    pub fn findings(&self) -> Vec<(&str, &Finding)> {
        let mut findings: Vec<(&str, &Finding)> = self
            .sites
            .iter()
            .flat_map(|assessed| assessed.findings().iter().map(move |finding| (assessed.site.as_str(), finding)))
            .collect();
        findings.sort_by_key(|(_, finding)| std::cmp::Reverse((finding.severity, finding.confidence)));
        findings
    }

    /// Found before not looked at before fine; within each by priority.
    fn rank(&self) -> (u8, u8, &'static str) {
        let urgency = self.sites.first().map_or(2, |assessed| assessed.verdict.urgency());
        (urgency, self.priority, self.measure)
    }
}

/// Runs every check over the host; reads only. `progress` gets how many are done, and the measure whose turn it is.
pub fn board<'m>(
    measures: impl Iterator<Item = &'m Measure>,
    web: &Web<'_>,
    progress: &mut dyn FnMut(usize, &'static str),
) -> Vec<Row> {
    let mut rows: Vec<Row> = measures
        .enumerate()
        .map(|(done, measure)| {
            progress(done, measure.id);
            row(measure, web)
        })
        .collect();
    rows.sort_by_key(Row::rank);
    rows
}

fn row(measure: &Measure, web: &Web<'_>) -> Row {
    let mut sites = match measure.check {
        Facet::Has(check) => check(web),
        Facet::Without(_) => Vec::new(),
    };
    sites.sort_by_key(|assessed| assessed.verdict.urgency());
    Row {
        measure: measure.id,
        layer: measure.layer(),
        priority: measure.priority,
        difficulty: measure.difficulty,
        effectiveness: measure.effectiveness,
        impact: measure.impact,
        verdict: sites.first().map(|assessed| assessed.verdict.word()),
        sites,
        check: (&measure.check).into(),
        harden: (&measure.harden).into(),
        watch: (&measure.watch).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Host;
    use crate::model::{Confidence, Severity, Verdict};

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

    fn found(_: &Web<'_>) -> Vec<Assessed> {
        let finding = |severity, text: &str| Finding {
            severity,
            confidence: Confidence::High,
            text: text.to_owned(),
            evidence: Vec::new(),
            fix: String::new(),
        };
        let findings = vec![finding(Severity::Low, "small"), finding(Severity::High, "great")];
        vec![fine_at("a"), Assessed::site("b", Verdict::Found { findings })]
    }

    fn fine_at(site: &str) -> Assessed {
        Assessed::site(site, Verdict::InPlace { evidence: Vec::new() })
    }

    fn fine(_: &Web<'_>) -> Vec<Assessed> {
        vec![fine_at("a")]
    }

    fn unseen(_: &Web<'_>) -> Vec<Assessed> {
        vec![Assessed::host(Verdict::CouldNotLook { cause: "no permission".to_owned() })]
    }

    fn of(measures: &[&Measure]) -> Vec<Row> {
        let host = Host::recorded("/nonexistent");
        board(measures.iter().copied(), &Web::of(&host, &[]), &mut |_, _| {})
    }

    #[test]
    fn what_calls_for_action_stands_on_top() {
        let rows = of(&[&FINE, &BARE, &UNSEEN, &FOUND]);
        let order: Vec<&str> = rows.iter().map(|row| row.measure).collect();
        assert_eq!(order, ["found", "unseen", "fine", "bare"]);
        let found = rows[0].findings();
        let texts: Vec<(&str, &str)> = found.iter().map(|(site, finding)| (*site, finding.text.as_str())).collect();
        assert_eq!(texts, [("b", "great"), ("b", "small")]);
        assert_eq!(rows[0].layer, "daemon");
    }

    #[test]
    fn a_row_says_its_verdict_and_why_a_facet_is_absent() {
        let rows = of(&[&UNSEEN]);
        let json = serde_json::to_value(&rows[0]).unwrap();
        let site = &json["sites"][0];
        assert_eq!((&site["verdict"], &site["cause"]), (&"could-not-look".into(), &"no permission".into()));
        assert_eq!((&json["check"], &json["harden"]["without"]), (&"has".into(), &"nothing to set".into()));
    }
}
