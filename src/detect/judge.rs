//! What one line says by itself, whoever sent it and whatever came before.

use std::net::IpAddr;
use std::sync::Arc;

use crate::detect::behaviour::content_score;
use crate::detect::behaviour::login::{self, Failure};
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

/// What is said of one line.
#[derive(Clone, Debug)]
pub struct Verdict<'a> {
    /// Whose line it is, by the log's own word or by that of the rules.
    pub client: Option<IpAddr>,
    /// In the order of the rules.
    pub hits: Vec<RuleHit<'a>>,
    /// The login that failed.
    pub failure: Option<Failure<'a>>,
    /// Of the hit that weighs most.
    pub class: Class,
    /// Points of the line, at most [`Settings::score_line`].
    pub score: f32,
    /// The line alone reaches [`Settings::score_alert`].
    pub alert: bool,
}

impl Verdict<'_> {
    /// Names of the rules, or of the login that failed.
    pub fn rules(&self) -> Vec<&str> {
        let unruled = self.failure.filter(|failure| failure.rule.is_none());
        self.hits.iter().map(|hit| hit.id).chain(unruled.map(|failure| failure.service)).collect()
    }
}

impl Judge {
    /// `seed` is random in service, fixed in tests; verdicts never depend on it.
    pub fn new(rules: Arc<RuleSet>, settings: Settings, seed: u64) -> Self {
        let scanner = Scanner::new(Arc::clone(&rules), seed);
        Self { rules, scanner, settings, hits: Vec::new() }
    }

    /// None where no rule matches and no login failed.
    pub fn judge<'a>(&'a mut self, event: &Event<'a>) -> Option<Verdict<'a>> {
        self.hits.clear();
        self.scanner.scan(event, &mut self.hits);
        let Self { rules, hits, settings, .. } = self;
        let failure = login::failure(event, rules, hits);
        if hits.is_empty() && failure.is_none() {
            return None;
        }
        let client = rules.client_of(event, hits.iter().copied());
        let hits: Vec<RuleHit<'_>> =
            hits.iter().filter_map(|hit| Some(RuleHit::of(rules.rule(hit.rule)?, hit))).collect();
        let weight_of = |hit: &RuleHit<'_>| content_score::weight_of(hit, settings);
        let worst = hits.iter().max_by(|a, b| weight_of(a).total_cmp(&weight_of(b)));
        let class = worst.map_or(Class::AuthFailure, |hit| hit.class);
        let request = match &event.what {
            What::Request(request) => Some(request),
            _ => None,
        };
        let score = content_score::weight(request, &hits, settings);
        Some(Verdict { client, class, score, alert: score >= settings.score_alert, hits, failure })
    }
}
