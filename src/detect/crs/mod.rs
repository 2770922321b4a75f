//! Rules of the OWASP CRS, or others in SecLang, on what an access log shows of a request: loaded from where they are
//! installed, none of them part of this program.
//!
//! [`seclang::read`](crate::formats::seclang::read) → [`Crs::build`] → [`Sweep::scan`]. Rules keep the semantics of
//! ModSecurity 2.9 and not the three views of our own rules: their transformations decode.

mod build;
mod moment;
mod operator;
mod pattern;
mod pipeline;
mod plain;
mod prefilter;
mod report;
mod rule;
mod settings;
mod sweep;
mod target;
mod template;
mod transform;
mod values;
mod weights;

pub use report::{Entry, Fate, NotVisible, Refused, Report};
pub use rule::Rule;
pub use sweep::{Met, Sweep};

use crate::detect::crs::pipeline::Pipelines;
use crate::detect::crs::prefilter::Prefilter;
use crate::formats::seclang::Item;

/// Rules, compiled; shared by all sweeps.
#[derive(Debug)]
pub struct Crs {
    rules: Vec<Rule>,
    pipelines: Pipelines,
    prefilter: Prefilter,
}

impl Crs {
    /// The rules that a log can show, and what became of the others. `paranoia` 1 to 4; None: as the files say.
    pub fn build(items: &[Item], paranoia: Option<u8>) -> (Self, Report) {
        let built = build::build(items, paranoia);
        let prefilter = Prefilter::build(&built.rules, &built.pipelines);
        (Self { rules: built.rules, pipelines: built.pipelines, prefilter }, built.report)
    }

    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}
