//! How many clients had a legitimate use lately: what a ban budget is a share of.

use crate::detect::memory::persist::persist;

/// Clients counted in the current hour and in the last one, by the log's time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GoodClients {
    hour: u16,
    now: u64,
    before: u64,
}

persist!(GoodClients { hour, now, before });

impl GoodClients {
    pub fn count(&mut self, hour: u16) {
        match hour.wrapping_sub(self.hour) {
            0 => {}
            1 => (self.hour, self.before, self.now) = (hour, self.now, 0),
            // Another source a little behind counts with the current hour.
            late if late > u16::MAX - 12 => {}
            _ => (self.hour, self.before, self.now) = (hour, 0, 0),
        }
        self.now += 1;
    }

    pub fn take_back(&mut self, hour: u16) {
        if hour == self.hour {
            self.now = self.now.saturating_sub(1);
        }
    }

    pub fn lately(&self) -> u64 {
        self.now.max(self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_full_hour_counts_until_this_one_has_more() {
        let mut good = GoodClients::default();
        (0..40).for_each(|_| good.count(9));
        good.count(10);
        assert_eq!(good.lately(), 40);
        (0..50).for_each(|_| good.count(10));
        good.take_back(10);
        assert_eq!(good.lately(), 50);
        good.count(12);
        assert_eq!(good.lately(), 1);
    }
}
