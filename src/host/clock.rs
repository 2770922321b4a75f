//! The clocks of the machine.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::model::Millis;

/// Wall clock.
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// For measuring spans only.
pub fn monotonic() -> Instant {
    Instant::now()
}
