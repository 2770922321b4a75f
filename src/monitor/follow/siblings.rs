//! The names a log gets when it is rotated, and their age: `name.1`, `name-20261122`, `name.2026-11-22`, with `.gz`
//! and the like behind (logrotate(8), newsyslog, cronolog).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// Endings of packed logs; no server writes them itself.
const PACKED: [&[u8]; 5] = [b".gz", b".zst", b".xz", b".bz2", b".lz4"];

/// How a rotated name continues the log's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suffix {
    pub age: Age,
    /// The name less its packing: `x.1` of `x.1.gz`.
    pub unpacked: Vec<u8>,
    pub packed: bool,
}

/// Within one kind, smaller is older.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Age {
    /// `.7`: higher is older.
    Number(std::cmp::Reverse<u64>),
    /// `-20261122`, `.2026-11-22-15`: digits of the date.
    Date(Vec<u8>),
    /// Only packed: `access.2026-11-22.log.gz` of a dated log.
    Itself,
}

/// What `name` is to the log `base`; none where it is no rotation of it.
pub(super) fn suffix(base: &OsStr, name: &OsStr) -> Option<Suffix> {
    let (unpacked, packed) = unpack(name.as_bytes());
    let rest = unpacked.strip_prefix(base.as_bytes())?;
    let age = match rest {
        [] if packed => Age::Itself,
        [b'.' | b'-' | b'_', rest @ ..] => age(rest)?,
        _ => return None,
    };
    Some(Suffix { age, unpacked: unpacked.to_vec(), packed })
}

/// The log this could be a rotation of, less one suffix: `access.log` of `access.log.1.gz`.
pub(super) fn stem(name: &OsStr) -> Option<&OsStr> {
    let (unpacked, _) = unpack(name.as_bytes());
    let tail = unpacked.iter().rev().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_')).count();
    let cut = unpacked.len().checked_sub(tail)?;
    let (base, rest) = unpacked.split_at_checked(cut)?;
    let base = match (base, rest) {
        ([base @ .., b'.'], [_, ..]) => base,
        (base, [b'-' | b'_', _, ..]) => base,
        _ => return None,
    };
    (!base.is_empty()).then(|| OsStr::from_bytes(base))
}

pub(super) fn is_packed(name: &OsStr) -> bool {
    unpack(name.as_bytes()).1
}

fn unpack(name: &[u8]) -> (&[u8], bool) {
    match PACKED.iter().find_map(|ending| name.strip_suffix(*ending)) {
        Some(rest) => (rest, true),
        None => (name, false),
    }
}

fn age(text: &[u8]) -> Option<Age> {
    let digits: Vec<u8> = text.iter().copied().filter(u8::is_ascii_digit).collect();
    let separators = text.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b':' | b'T'));
    if !separators || digits.is_empty() {
        return None;
    }
    // Eight digits and more are a date or seconds since 1970; both grow.
    if digits.len() >= 8 {
        return Some(Age::Date(digits));
    }
    let number = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(Age::Number(std::cmp::Reverse(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<Suffix> {
        suffix(OsStr::new("access.log"), OsStr::new(name))
    }

    #[test]
    fn rotations_are_told_from_other_logs() {
        for name in ["access.log.1", "access.log.12.gz", "access.log-20261122", "access.log-20261122-15.zst"] {
            assert!(of(name).is_some(), "{name}");
        }
        for name in ["access.log", "access.log.old", "access.logs.1", "access.log.1.tmp", "other.log.1", "access.log."]
        {
            assert!(of(name).is_none(), "{name}");
        }
    }

    #[test]
    fn age_orders_numbers_down_and_dates_up() {
        let age = |name: &str| of(name).map(|suffix| suffix.age);
        assert!(age("access.log.10") < age("access.log.2"));
        assert!(age("access.log-20261121") < age("access.log-20261122.gz"));
        assert!(age("access.log.2026-11-22") < age("access.log.2026-11-23"));
    }

    #[test]
    fn a_rotated_name_has_a_stem() {
        let stem = |name| stem(OsStr::new(name)).and_then(OsStr::to_str);
        assert_eq!(stem("access.log.1.gz"), Some("access.log"));
        assert_eq!(stem("access.log-20261122"), Some("access.log"));
        assert_eq!(stem("access.2026-11-22.txt"), None);
        assert_eq!(stem("access.log"), None);
    }
}
