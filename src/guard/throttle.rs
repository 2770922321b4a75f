//! How fast a reader may speak: a token bucket, so that one that was taken over cannot drown the keeper.

use std::time::{Duration, Instant};

/// Messages at once.
const BURST: f64 = 20_000.0;
/// Messages a second after that.
const RATE: f64 = 4_000.0;

pub struct Throttle {
    left: f64,
    at: Instant,
}

impl Throttle {
    pub fn new(now: Instant) -> Self {
        Self { left: BURST, at: now }
    }

    /// Counts one message; how long to wait before the next is taken, where it came too fast.
    pub fn message(&mut self, now: Instant) -> Option<Duration> {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * RATE).min(BURST) - 1.0;
        self.at = now;
        (self.left < 0.0).then(|| Duration::from_secs_f64(-self.left / RATE))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "a test has a clock")]

    use super::*;

    #[test]
    fn a_burst_passes_and_a_flood_waits() {
        let start = Instant::now();
        let mut throttle = Throttle::new(start);
        assert!((0..BURST as u32).all(|_| throttle.message(start).is_none()));
        let pause = throttle.message(start).expect("the burst is used up");
        assert!(pause <= Duration::from_millis(1));
        assert_eq!(throttle.message(start + Duration::from_secs(1)), None);
    }
}
