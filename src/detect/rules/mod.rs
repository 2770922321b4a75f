//! Sigma rules, compiled: one sieve a field over the rarest literal of every rule, candidates confirmed.
//!
//! Rules are YAML ([`RuleText`]) → [`RuleSet::load`] → [`Scanner::scan`] → [`Hit`]. Correlations over hits are counted
//! by [`Correlator`]. Nothing here reads files or clocks.

mod condition;
mod correlate;
mod correlation;
mod decode;
mod detection;
mod encoding;
mod error;
mod expr;
mod field;
mod item;
mod lazy;
mod logsource;
mod matcher;
mod memo;
mod pattern;
mod prefilter;
mod required;
mod rule;
mod scanner;
mod set;
mod sieve;
mod verdicts;
mod views;
mod witness;
mod yaml;

pub use correlate::{CorrelationHit, Correlator};
pub use correlation::{Correlation, CorrelationIx, Kind};
pub use error::{Problem, RuleError};
pub use field::Field;
pub use rule::{Rule, RuleIx, Samples};
pub use scanner::{Hit, Scanner};
pub use set::{RuleSet, RuleText};
pub use views::View;
