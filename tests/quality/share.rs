//! Alerts and lines: of texts used for tuning, and of those kept for judging.

#[derive(Clone, Copy, Default)]
pub struct Share {
    pub tuned: (u32, u32),
    pub held_out: (u32, u32),
}

impl Share {
    pub fn count(&mut self, held_out: bool, alert: bool) {
        let side = if held_out { &mut self.held_out } else { &mut self.tuned };
        side.0 += u32::from(alert);
        side.1 += 1;
    }
}

pub fn percent((part, all): (u32, u32)) -> f64 {
    f64::from(part) * 100.0 / f64::from(all.max(1))
}
