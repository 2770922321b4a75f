//! What holds where an attribute is not written.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::effective::version::Version;

/// The default of an element's attribute in a version (the newest, where it is not known); none where nothing holds, or
/// it is not known.
pub fn default(element: &str, attribute: &str, version: Option<Version>) -> Option<&'static str> {
    let mut variants = table().get(&(element, attribute))?.split('|').map(str::trim);
    let mut value = variants.next()?;
    for (since, later) in variants.filter_map(|variant| variant.split_once(": ")) {
        if version.is_none_or(|version| Version::parse(since).is_some_and(|since| version >= since)) {
            value = later;
        }
    }
    (!value.is_empty()).then_some(value)
}

type Table = HashMap<(&'static str, &'static str), &'static str>;

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        let lines = include_str!("attributes.txt").lines().filter(|line| !line.starts_with('#'));
        let row = |line: &'static str| {
            let mut words = line.splitn(3, ' ');
            Some(((words.next()?, words.next()?), words.next().unwrap_or_default()))
        };
        lines.filter_map(row).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_follow_the_version() {
        let discards = |version: &str| default("Connector", "discardFacades", Version::parse(version));
        assert_eq!((discards("9.0.98"), discards("10.1.60")), (Some("false"), Some("true")));
        assert_eq!(default("Ajp", "address", Version::parse("9.0.30")), None);
        assert_eq!(default("Ajp", "address", None), Some("localhost"));
        assert_eq!(default("Connector", "address", None), None);
        assert_eq!(default("Servlet.default", "readonly", None), Some("true"));
    }
}
