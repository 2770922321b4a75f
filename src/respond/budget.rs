//! The brake: automation stops where it would hit too many, and says so once.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::Millis;
use crate::respond::policy::Limits;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// The bans of the last hour that count against the policy's limits.
#[derive(Default)]
pub struct Budget {
    /// When each ban of the last minute was made.
    bans: VecDeque<Millis>,
    /// When each ban of a client in good standing was made, in the last hour.
    good: VecDeque<Millis>,
    /// Since when it holds automation back.
    held: Option<Millis>,
    alarm: Option<String>,
}

impl Budget {
    /// Why one more ban is not allowed now.
    pub(super) fn refuses(&mut self, good: bool, good_clients: u64, limits: &Limits, now: Millis) -> Option<String> {
        forget(&mut self.bans, now, MINUTE);
        forget(&mut self.good, now, HOUR);
        let why = self.over(good, good_clients, limits);
        match &why {
            None => self.held = None,
            Some(why) if self.held.is_none() => {
                self.held = Some(now);
                self.alarm = Some(format!(
                    "automatic bans are on hold: {why}; look at the last bans, then unban or raise the budget"
                ));
            }
            Some(_) => {}
        }
        why
    }

    pub(super) fn spend(&mut self, good: bool, now: Millis) {
        self.bans.push_back(now);
        if good {
            self.good.push_back(now);
        }
    }

    /// Said once each time automation stops.
    pub fn take_alarm(&mut self) -> Option<String> {
        self.alarm.take()
    }

    fn over(&self, good: bool, good_clients: u64, limits: &Limits) -> Option<String> {
        if self.bans.len() >= usize::try_from(limits.bans_per_minute).unwrap_or(usize::MAX) {
            return Some(format!("{} bans in a minute", self.bans.len()));
        }
        let share = good_clients as f64 * limits.good_share / 100.0;
        let most = share.max(f64::from(limits.good_least));
        (good && self.good.len() as f64 + 1.0 > most)
            .then(|| format!("{} clients in good standing were banned in an hour, of {good_clients}", self.good.len()))
    }
}

fn forget(times: &mut VecDeque<Millis>, now: Millis, window: Duration) {
    while times.front().is_some_and(|at| now.since(*at) >= window) {
        times.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_rate_alarms_once_and_goes_on_a_minute_later() {
        let limits = Limits { bans_per_minute: 2, ..Limits::default() };
        let mut budget = Budget::default();
        let now = Millis::from_secs(1_000);
        for _ in 0..2 {
            assert_eq!(budget.refuses(false, 0, &limits, now), None);
            budget.spend(false, now);
        }
        assert!(budget.refuses(false, 0, &limits, now).is_some());
        assert!(budget.refuses(false, 0, &limits, now).is_some());
        assert!(budget.take_alarm().is_some());
        assert_eq!(budget.take_alarm(), None);
        assert_eq!(budget.refuses(false, 0, &limits, now + MINUTE), None);
    }

    #[test]
    fn good_clients_are_counted_apart() {
        let limits = Limits { good_least: 1, ..Limits::default() };
        let mut budget = Budget::default();
        let now = Millis::from_secs(1_000);
        budget.spend(true, now);
        assert!(budget.refuses(true, 100, &limits, now).is_some());
        assert_eq!(budget.refuses(true, 300, &limits, now), None, "1 % of 300 is three");
        assert_eq!(budget.refuses(false, 100, &limits, now), None);
        assert_eq!(budget.refuses(true, 100, &limits, now + HOUR), None);
    }
}
