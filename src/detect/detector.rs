//! What a detector is: declared once, listed by the measure it serves, run by the engine it is handed to.

use crate::detect::memory::Memory;
use crate::detect::seen::Seen;
use crate::detect::settings::Settings;
use crate::model::Alert;

/// One detector.
pub struct Detector {
    pub id: &'static str,
    /// The sentence its alerts say, with the numbers left open.
    pub says: &'static str,
    /// It is shown only events that carry one of these signs ([`crate::detect::seen::sign`]).
    pub wants: u16,
    /// True where its alerts about a client make that client hostile.
    pub accuses: bool,
    /// Looks at one event, with what is remembered; counts, and speaks where a limit is crossed.
    pub look: fn(&Seen<'_, '_>, &mut Memory, &Settings) -> Option<Alert>,
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Detector").field(&self.id).finish()
    }
}
