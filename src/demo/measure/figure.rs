//! One number that was seen, with what it should be.

use std::time::Duration;

use serde::Serialize;

/// A figure as it was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// For programs: stays the same from release to release.
    pub id: String,
    pub what: String,
    pub value: f64,
    pub unit: &'static str,
    /// What it should stay below, in the same unit.
    pub below: Option<f64>,
}

impl Figure {
    pub(super) fn new(id: impl Into<String>, what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { id: id.into(), what: what.into(), value, unit, below: None }
    }

    pub(super) fn below(mut self, target: f64) -> Self {
        self.below = Some(target);
        self
    }

    /// True also where nothing is asked of it.
    pub fn is_met(&self) -> bool {
        self.below.is_none_or(|target| self.value < target)
    }
}

/// Least, median, 99th percentile and most of the spans, in milliseconds; `below` is asked of the 99th percentile.
pub(super) fn spread(id: &str, what: &str, mut spans: Vec<Duration>, below: Option<f64>) -> Vec<Figure> {
    spans.sort_unstable();
    let last = spans.len().saturating_sub(1);
    let places = [("min", 0), ("p50", last / 2), ("p99", last * 99 / 100), ("max", last)];
    let figure = |(name, place): (&str, usize)| {
        let millis = spans.get(place).map_or(0.0, Duration::as_secs_f64) * 1e3;
        let figure = Figure::new(format!("{id}.{name}"), format!("{what}, {name} of {}", spans.len()), millis, "ms");
        match below {
            Some(target) if name == "p99" => figure.below(target),
            _ => figure,
        }
    };
    places.into_iter().map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_spans_and_the_target_is_of_the_99th() {
        let spans = (1..=200).rev().map(Duration::from_millis).collect();
        let figures = spread("x", "a way", spans, Some(198.0));
        let seen: Vec<(&str, f64)> = figures.iter().map(|figure| (figure.id.as_str(), figure.value)).collect();
        assert_eq!(seen, [("x.min", 1.0), ("x.p50", 100.0), ("x.p99", 198.0), ("x.max", 200.0)]);
        assert_eq!(figures.iter().map(Figure::is_met).collect::<Vec<_>>(), [true, true, false, true]);
    }
}
