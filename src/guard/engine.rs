//! The engine with every detector of the catalogue and the rules of this program.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::detect::rules::{RuleSet, RuleText};
use crate::detect::{Detector, Engine, Settings};
use crate::guard::error::GuardError;
use crate::host::Host;
use crate::measure::Facet;
use crate::measures;

pub fn engine(settings: Settings, seed: u64) -> Result<Engine, GuardError> {
    Ok(Engine::new(&detectors(), Arc::new(rules()?), settings, seed))
}

/// The rules of this program.
pub fn rules() -> Result<RuleSet, GuardError> {
    RuleSet::embedded()
        .map_err(|errors| GuardError::Rules(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

/// The rules of this program, unless `alone`, and of every `.yml` file below the folders; what of it could not be read
/// or loaded is told.
pub fn rules_with(host: &Host, folders: &[PathBuf], alone: bool) -> (RuleSet, Vec<String>) {
    let mut told = Vec::new();
    let mut texts = Vec::new();
    for folder in folders {
        let files = rule_files(host, folder);
        if files.is_empty() {
            told.push(format!("{}: no .yml file in this folder or below it", folder.display()));
        }
        for file in files {
            match host.read_file(&file).map(String::from_utf8) {
                Ok(Ok(text)) => texts.push((file.display().to_string(), text)),
                Ok(Err(_)) => told.push(format!("{}: not UTF-8; rules are text", file.display())),
                Err(error) => told.push(error.to_string()),
            }
        }
    }
    let own = if alone { &[] } else { RuleSet::pack() };
    let others = texts.iter().map(|(file, text)| RuleText { file, text });
    let (set, errors) = RuleSet::load(&own.iter().copied().chain(others).collect::<Vec<_>>());
    told.extend(errors.iter().map(ToString::to_string));
    (set, told)
}

/// The rule files of a folder, and of those in it eight levels down.
fn rule_files(host: &Host, folder: &Path) -> Vec<PathBuf> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    let mut found = Vec::new();
    let mut level = folder;
    for _ in 0..=8 {
        found.extend(host.glob(&level.join("*.yml")));
        found.extend(host.glob(&level.join("*.yaml")));
        level.push("*");
    }
    found
}

/// What the measures of the catalogue watch with.
pub fn detectors() -> Vec<&'static Detector> {
    let watchers = measures::catalogue().filter_map(|measure| match &measure.watch {
        Facet::Has(detectors) => Some(*detectors),
        Facet::Without(_) => None,
    });
    watchers.flatten().copied().collect()
}
