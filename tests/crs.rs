//! Debian's CRS, loaded from where it is installed.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says where it is skipped")]

use std::path::Path;

use peelhouse::detect::crs::{Crs, Report};
use peelhouse::formats::seclang;
use peelhouse::host::Host;

const DEBIAN: &str = "/usr/share/modsecurity-crs/owasp-crs.load";

fn debian(paranoia: Option<u8>) -> Option<(Crs, Report)> {
    if !Path::new(DEBIAN).exists() {
        println!("skipped: {DEBIAN} is absent; `make test` installs modsecurity-crs");
        return None;
    }
    let reading = seclang::read(&Host::live(), Path::new(DEBIAN));
    assert_eq!(reading.errors, []);
    Some(Crs::build(&reading.items, paranoia))
}

#[test]
fn every_rule_is_loaded_or_listed_with_its_reason() {
    let Some((crs, report)) = debian(None) else { return };
    println!("{report}");
    assert_eq!(crs.rules().len(), report.loaded());
}
