//! Where a line's date stands, and what time it is: fail2ban's detectors, its own and those a filter names.

mod detector;
mod fields;
mod stamp;
mod template;
mod zone;

pub use detector::{Dates, Finder};
pub use stamp::Calendar;
