//! What one line says by itself, whoever sent it and whatever came before.

use std::sync::Arc;

use crate::detect::behaviour::content_score;
use crate::detect::rules::{Hit, RuleSet, Scanner};
use crate::detect::seen::RuleHit;
use crate::detect::settings::Settings;
use crate::model::{Class, Event, What};

/// Judges lines one by one.
pub struct Judge {
    rules: Arc<RuleSet>,
    scanner: Scanner,
    settings: Settings,
    hits: Vec<Hit>,
}

/// What the rules say of one line.
#[derive(Clone, Debug)]
pub struct Verdict<'r> {
    /// In the order of the rules; at least one.
    pub hits: Vec<RuleHit<'r>>,
    /// Of the hit that weighs most.
    pub class: Class,
    /// Points of the line, at most [`Settings::score_line`].
    pub score: f32,
    /// The line alone reaches [`Settings::score_alert`].
    pub alert: bool,
}

impl Judge {
    /// `seed` is random in service, fixed in tests; verdicts never depend on it.
    pub fn new(rules: Arc<RuleSet>, settings: Settings, seed: u64) -> Self {
        let scanner = Scanner::new(Arc::clone(&rules), seed);
        Self { rules, scanner, settings, hits: Vec::new() }
    }

    /// None where no rule matches.
    pub fn judge(&mut self, event: &Event<'_>) -> Option<Verdict<'_>> {
        self.hits.clear();
        self.scanner.scan(event, &mut self.hits);
        let named = self.hits.iter().filter_map(|hit| Some(RuleHit::of(self.rules.rule(hit.rule)?, hit)));
        let hits: Vec<RuleHit<'_>> = named.collect();
        let weight_of = |hit: &RuleHit<'_>| content_score::weight_of(hit, &self.settings);
        let class = hits.iter().max_by(|a, b| weight_of(a).total_cmp(&weight_of(b)))?.class;
        let request = match &event.what {
            What::Request(request) => Some(request),
            _ => None,
        };
        let score = content_score::weight(request, &hits, &self.settings);
        Some(Verdict { class, score, alert: score >= self.settings.score_alert, hits })
    }
}
