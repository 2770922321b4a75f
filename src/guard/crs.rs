//! The OWASP CRS, from where it is installed.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::detect::crs::{Crs, Entry};
use crate::detect::rules::RuleSet;
use crate::formats::{Files, seclang};

/// Where Debian's package puts it.
pub const FILE: &str = "/usr/share/modsecurity-crs/owasp-crs.load";
/// Mistakes told one by one.
const MOST_TOLD: usize = 20;

/// Which CRS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The file that brings it in, in the language of ModSecurity.
    pub file: PathBuf,
    /// 1 to 4; 0 as the rule set's own configuration says.
    pub paranoia: u8,
}

/// Adds the rules of the CRS; what of them could not be loaded.
pub fn add(own: &mut RuleSet, place: &Place, files: &dyn Files) -> Vec<String> {
    let reading = seclang::read(files, &place.file);
    let (crs, report) = Crs::build(&reading.items, (place.paranoia > 0).then_some(place.paranoia));
    let mut problems: Vec<String> = reading.errors.iter().map(ToString::to_string).collect();
    problems.extend(report.refused().map(|(entry, why)| {
        let Entry { file, line, id, .. } = entry;
        format!("{file}:{line}: rule {id} is not loaded: {why}")
    }));
    let file = place.file.display();
    if crs.rules().is_empty() {
        problems.push(format!("no rule of the CRS was loaded from {file}; install modsecurity-crs or set crs_file"));
    }
    // The file, the first of its mistakes, and how many there are, say enough.
    if let Some(more) = problems.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
        problems.truncate(MOST_TOLD);
        problems.push(format!("{more} more rules of {file} could not be loaded"));
    }
    problems.extend(own.add_crs(crs).err().map(|cause| cause.to_string()));
    problems
}
