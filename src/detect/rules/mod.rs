//! Sigma rules, compiled: one sieve a field over the rarest literal of every rule, candidates confirmed.
//!
//! Rules are YAML ([`RuleText`]) → [`RuleSet::load`] → [`Scanner::scan`] → [`Hit`]. Correlations over hits are counted
//! by [`Correlator`]. Nothing here reads files or clocks.

mod chain;
mod column;
mod condition;
mod correlate;
mod correlation;
pub(in crate::detect) mod decode;
mod detection;
mod distinct;
mod encoding;
mod error;
mod expr;
mod field;
mod filter;
mod foreign;
mod gates;
mod groups;
mod item;
mod lazy;
mod logsource;
mod matcher;
pub(in crate::detect) mod memo;
mod names;
mod pattern;
mod placeholders;
mod prefilter;
mod record;
pub(in crate::detect) mod required;
mod rule;
mod scanner;
mod set;
pub(in crate::detect) mod sieve;
mod threshold;
mod tokens;
mod value;
mod verdicts;
mod views;
mod whom;
mod window;
mod witness;
mod yaml;

pub use correlate::{CorrelationHit, Correlator};
pub use correlation::{Correlation, CorrelationIx, Kind, Part, Source};
pub use error::{Problem, RuleError};
pub use field::Field;
pub use placeholders::Placeholders;
pub use rule::{Rule, RuleIx, Samples};
pub use scanner::{Hit, Scanner};
pub use set::{RuleSet, RuleText};
pub use views::View;
pub use whom::{Named, Whom};
