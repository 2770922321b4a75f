//! The packet filter alone: one ban in a full set, and filling an empty one.

use crate::act::packet_filter::measure;
use crate::demo::measure::MeasureError;
use crate::demo::measure::figure::Figure;
use crate::demo::measure::idle::memory;

/// Memory is the peak of this process so far: measure small sets first.
pub(super) fn filling(elements: usize, restore_below: f64) -> Result<Vec<Figure>, MeasureError> {
    let seen = measure(elements)?;
    let peak = memory(std::process::id(), "VmHWM:")?;
    let thousands = elements / 1000;
    let figure = |id: &str, what: &str, value: f64, unit| {
        Figure::new(format!("{id}-{thousands}k"), what.replace('#', &format!("{thousands} k")), value, unit)
    };
    Ok(vec![
        figure("restore", "restore of # addresses", seen.restore, "ms").below(restore_below),
        figure("restore.rss", "restore of # addresses, peak memory", peak, "MB").below(150.0),
        figure("ban.p50", "one ban with # in the set, p50 of 1000", seen.ban_p50, "ms"),
        figure("ban.p99", "one ban with # in the set, p99 of 1000", seen.ban_p99, "ms").below(1.0),
        figure("ban.max", "one ban with # in the set, max of 1000", seen.ban_max, "ms"),
    ])
}
