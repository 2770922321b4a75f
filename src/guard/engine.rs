//! The engine with every detector of the catalogue and the rules of this program.

use std::sync::Arc;

use crate::detect::rules::RuleSet;
use crate::detect::{Detector, Engine, Settings};
use crate::guard::error::GuardError;
use crate::measure::Facet;
use crate::measures;

/// With the rules of this program alone.
pub fn engine(settings: Settings, seed: u64) -> Result<Engine, GuardError> {
    Ok(engine_with(rules()?, settings, seed))
}

pub fn engine_with(rules: RuleSet, settings: Settings, seed: u64) -> Engine {
    Engine::new(&detectors(), Arc::new(rules), settings, seed)
}

/// The rules of this program.
pub fn rules() -> Result<RuleSet, GuardError> {
    RuleSet::embedded()
        .map_err(|errors| GuardError::Rules(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

/// What the measures of the catalogue watch with.
pub fn detectors() -> Vec<&'static Detector> {
    let watchers = measures::catalogue().filter_map(|measure| match &measure.watch {
        Facet::Has(detectors) => Some(*detectors),
        Facet::Without(_) => None,
    });
    watchers.flatten().copied().collect()
}
