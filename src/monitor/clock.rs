//! The log clock: the latest stamp of a source so far. It never runs backwards, except to recover from a clock that
//! was set wrong for a while.

use std::time::Duration;

use crate::model::Millis;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogClock {
    now: Millis,
    /// Lines in a row far below `now`, and the latest of them.
    behind: u32,
    latest_behind: Millis,
}

/// A stamp this far below the clock is no late line.
const FAR: Duration = Duration::from_secs(3600);
/// So many of them in a row, and it was the clock that was wrong.
const PATIENCE: u32 = 50;

impl LogClock {
    /// Goes on where an earlier one stood.
    pub fn at(now: Millis) -> Self {
        Self { now, ..Self::default() }
    }

    /// The time after a line that was logged at `stamp`; a line without one happens now.
    pub fn after(&mut self, stamp: Option<Millis>) -> Millis {
        let Some(stamp) = stamp else { return self.now };
        if stamp + FAR >= self.now {
            self.now = self.now.max(stamp);
            self.behind = 0;
            return self.now;
        }
        self.latest_behind = if self.behind == 0 { stamp } else { self.latest_behind.max(stamp) };
        self.behind += 1;
        if self.behind >= PATIENCE {
            *self = Self::at(self.latest_behind);
        }
        self.now
    }

    pub fn now(&self) -> Millis {
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    #[test]
    fn late_lines_do_not_turn_it_back() {
        let mut clock = LogClock::default();
        let times = [100, 90, 105, 104].map(|secs| clock.after(Some(Millis::from_secs(secs))).secs());
        assert_eq!(times, [100, 100, 105, 105]);
        assert_eq!(clock.after(None).secs(), 105);
    }

    #[test]
    fn a_clock_set_wrong_and_right_again_is_followed_after_some_lines() {
        let mut clock = LogClock::at(Millis::from_secs(100));
        assert_eq!(clock.after(Some(Millis::from_secs(100 * HOUR))).secs(), 100 * HOUR);
        let times: Vec<i64> = (0..60).map(|n| clock.after(Some(Millis::from_secs(101 + n))).secs()).collect();
        assert_eq!((times[48], times[49], times[59]), (100 * HOUR, 150, 160));
    }

    #[test]
    fn a_few_wrong_lines_are_no_reason() {
        let mut clock = LogClock::at(Millis::from_secs(10 * HOUR));
        for _ in 0..200 {
            assert_eq!(clock.after(Some(Millis::from_secs(5))).secs(), 10 * HOUR);
            assert_eq!(clock.after(Some(Millis::from_secs(10 * HOUR))).secs(), 10 * HOUR);
        }
    }
}
