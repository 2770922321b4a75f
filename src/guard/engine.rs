//! The engine with every detector of the catalogue and the rules of this program.

use std::sync::Arc;

use crate::detect::crs::{Crs, Entry};
use crate::detect::rules::RuleSet;
use crate::detect::{Detector, Engine, Settings};
use crate::formats::{Files, seclang};
use crate::guard::config::Rules;
use crate::guard::error::GuardError;
use crate::measure::Facet;
use crate::measures;

/// Mistakes of rule files told one by one.
const MOST_TOLD: usize = 20;

pub fn engine(settings: Settings, seed: u64) -> Result<Engine, GuardError> {
    Ok(Engine::new(&detectors(), Arc::new(rules()?), settings, seed))
}

/// The same with rules that the configuration adds.
pub fn engine_with(settings: Settings, rules: RuleSet, seed: u64) -> Engine {
    Engine::new(&detectors(), Arc::new(rules), settings, seed)
}

/// The rules of this program and those that the configuration adds, and what of the latter could not be loaded.
pub fn rules_of(config: &Rules, files: &dyn Files) -> Result<(RuleSet, Vec<String>), GuardError> {
    let own = rules()?;
    if !config.crs {
        return Ok((own, Vec::new()));
    }
    let reading = seclang::read(files, &config.crs_file);
    let (crs, report) = Crs::build(&reading.items, (config.crs_paranoia > 0).then_some(config.crs_paranoia));
    let mut problems: Vec<String> = reading.errors.iter().map(ToString::to_string).collect();
    problems.extend(report.refused().map(|(entry, why)| {
        let Entry { file, line, id, .. } = entry;
        format!("{file}:{line}: rule {id} is not loaded: {why}")
    }));
    if crs.rules().is_empty() {
        let file = config.crs_file.display();
        problems.push(format!("no rule of the CRS was loaded from {file}; install modsecurity-crs or set crs_file"));
    }
    // The file, the first of its mistakes, and how many there are, say enough.
    let more = problems.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        problems.truncate(MOST_TOLD);
        problems.push(format!("{more} more rules of {} could not be loaded", config.crs_file.display()));
    }
    let all = own.with_crs(crs).map_err(|cause| GuardError::Rules(cause.to_string()))?;
    Ok((all, problems))
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
