//! fail2ban's filters, loaded from where they are installed and run as fail2ban runs them.

mod cache;
mod date;
mod expand;
mod filter;
mod jail;
mod jails;
mod lines;
mod lint;
mod pattern;
mod python;
mod state;

pub use date::Calendar;
pub use filter::{Filter, FilterError, Loader};
pub use jail::{Jail, JailLine, JailRules, Patterns};
pub use jails::{Jails, check};
pub use lines::{Verdict, verdicts};
pub use lint::{Forgeries, Forgery, forgeries};
pub use pattern::{CostLimit, Lines, Pattern};
pub use python::PatternError;
pub use state::{Failure, Outcome, Reading};
