//! Rules of another language beside Sigma's: listed, named and hit like all others, tried by their own engine.

use std::sync::Arc;

use crate::detect::crs::{Crs, Met, Sweep};
use crate::detect::rules::error::Problem;
use crate::detect::rules::expr::{Expr, Test};
use crate::detect::rules::field::Field;
use crate::detect::rules::logsource::Logsource;
use crate::detect::rules::rule::{Rule, RuleIx, Samples};
use crate::detect::rules::scanner::Hit;
use crate::detect::rules::set::RuleSet;
use crate::detect::rules::views::{View, locate};
use crate::model::event::Event;

/// The rules of a CRS, and the number of the first of them in the set.
#[derive(Clone, Debug)]
pub(super) struct Foreign {
    crs: Arc<Crs>,
    first: u16,
}

const FULL: Problem = Problem::TooMany { what: "rules", limit: RuleSet::MAX_RULES };

impl RuleSet {
    /// The same rules, and those of a CRS behind them as `crs-942100` and so on.
    ///
    /// # Errors
    /// Where there are too many rules; the set stays as it was.
    pub fn add_crs(&mut self, crs: Crs) -> Result<(), Problem> {
        let first = u16::try_from(self.rules.len()).map_err(|_| FULL)?;
        if self.rules.len() + crs.rules().len() > Self::MAX_RULES {
            return Err(FULL);
        }
        self.rules.extend(crs.rules().iter().map(listed));
        self.crs = Some(Foreign { crs: Arc::new(crs), first });
        Ok(())
    }
}

/// What the list of rules says of it; Sigma's prefilter never proposes it.
fn listed(rule: &crate::detect::crs::Rule) -> Rule {
    Rule {
        id: format!("crs-{}", rule.id),
        name: None,
        title: rule.title.clone(),
        class: rule.class,
        level: rule.level,
        confidence: rule.confidence,
        score: rule.score,
        critical: false,
        tags: rule.tags.clone(),
        file: rule.file.clone(),
        line: rule.line,
        samples: Samples::default(),
        alone: true,
        whom: None,
        tokens: None,
        source: Logsource::requests(),
        test: Expr::Test(Test::Never),
    }
}

/// The engine of one thread.
#[derive(Debug)]
pub(super) struct ForeignScanner {
    sweep: Sweep,
    first: u16,
    met: Vec<Met>,
}

impl ForeignScanner {
    pub fn new(foreign: &Foreign, seed: u64) -> Self {
        Self { sweep: Sweep::new(Arc::clone(&foreign.crs), seed), first: foreign.first, met: Vec::new() }
    }

    pub fn scan(&mut self, event: &Event<'_>, hits: &mut Vec<Hit>) {
        self.met.clear();
        self.sweep.scan(event, &mut self.met);
        hits.extend(self.met.iter().map(|met| hit(met, self.first, event)));
    }
}

fn hit(met: &Met, first: u16, event: &Event<'_>) -> Hit {
    let view = if met.decoded { View::Once } else { View::Raw };
    let span = match met.field {
        Field::Line => (0, u32::try_from(event.raw.len()).unwrap_or(u32::MAX)),
        field => locate(event, field, View::Raw, met.span.0, met.span.1),
    };
    let rule = RuleIx(first.saturating_add(u16::try_from(met.rule).unwrap_or(u16::MAX)));
    Hit { rule, field: met.field, view, span }
}
