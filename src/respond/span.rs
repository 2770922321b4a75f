//! A span of time as people write it: `90s`, `10m`, `24h`, `7d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Whole seconds, at most ten years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(u64);

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
const LONGEST: u64 = 10 * 366 * 86_400;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no span of time: write a number and s, m, h or d, like \"10m\", at most ten years")]
pub struct NoSpan(String);

impl Span {
    pub const fn minutes(count: u64) -> Self {
        Self(count * 60)
    }

    pub const fn hours(count: u64) -> Self {
        Self(count * 3_600)
    }

    pub const fn days(count: u64) -> Self {
        Self(count * 86_400)
    }

    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }

    /// This span `factor` times over for every step, at most `cap`.
    pub fn grown(self, factor: u32, steps: u32, cap: Self) -> Self {
        let times = u64::from(factor.max(1)).checked_pow(steps).unwrap_or(u64::MAX);
        Self(self.0.saturating_mul(times).min(cap.0))
    }
}

impl FromStr for Span {
    type Err = NoSpan;

    fn from_str(text: &str) -> Result<Self, NoSpan> {
        let wrong = || NoSpan(text.to_string());
        let text_part = text.trim();
        let split = |(unit, seconds)| text_part.strip_suffix(unit).map(|number: &str| (number, seconds));
        let (number, seconds) = UNITS.into_iter().find_map(split).ok_or_else(wrong)?;
        let number: u64 = number.trim_end().parse().map_err(|_| wrong())?;
        number.checked_mul(seconds).filter(|span| *span <= LONGEST).map(Self).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Span {
    type Error = NoSpan;

    fn try_from(text: String) -> Result<Self, NoSpan> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.into_iter().find(|(_, seconds)| self.0 >= *seconds && self.0.is_multiple_of(*seconds));
        let (unit, seconds) = whole.unwrap_or(('s', 1));
        write!(f, "{}{unit}", self.0 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_prints() {
        for text in ["90s", "10m", "24h", "7d", "0s"] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }
        assert_eq!("24h".parse(), Ok(Span::days(1)));
        for wrong in ["", "m", "10", "-1m", "1.5h", "10 parsecs", "99999999999999999999d", "4000000d", "10mm"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn grows_to_its_cap_and_never_past_it() {
        let first = Span::minutes(10);
        assert_eq!(first.grown(2, 0, Span::days(7)), first);
        assert_eq!(first.grown(2, 3, Span::days(7)), Span::minutes(80));
        assert_eq!(first.grown(2, u32::MAX, Span::days(7)), Span::days(7));
    }
}
