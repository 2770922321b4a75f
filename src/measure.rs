//! What a measure is: one row of the catalogue, with its check, hardening and watcher, each there or absent for a
//! stated reason.

pub use Facet::{Has, Without};

use crate::detect::Detector;
use crate::host::Web;
use crate::model::Assessed;

/// A facet is there, or the catalogue says why not.
pub enum Facet<T: 'static> {
    Has(T),
    Without(&'static str),
}

/// How hard a measure is, how much it does, how much users feel of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    Low,
    Medium,
    High,
}

/// One row of the catalogue.
pub struct Measure {
    /// `odd-requests`: the file's name with hyphens.
    pub id: &'static str,
    /// 10 first.
    pub priority: u8,
    pub difficulty: Grade,
    pub effectiveness: Grade,
    pub impact: Grade,
    /// Its doc comment: the page that `peelhouse explain` prints.
    pub page: &'static str,
    /// Where it is written.
    pub file: &'static str,
    /// Reads only; one word on every site, or one on the whole host.
    pub check: Facet<fn(&Web<'_>) -> Vec<Assessed>>,
    /// No measure hardens yet: the type says so.
    pub harden: Facet<std::convert::Infallible>,
    pub watch: Facet<&'static [&'static Detector]>,
}

impl Measure {
    /// `application`, `daemon` or `os`: the folder it stands in.
    pub fn layer(&self) -> &'static str {
        self.file.rsplit('/').nth(1).unwrap_or_default()
    }

    /// Its page in Markdown, as `docs/measures/` holds it.
    pub fn markdown(&self) -> String {
        self.page.lines().map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
    }
}

/// Declares `MEASURE` of a file; the doc comment becomes its page.
#[macro_export]
macro_rules! measure {
    ($(#[doc = $line:literal])* $($field:ident: $value:expr),* $(,)?) => {
        $(#[doc = $line])*
        pub static MEASURE: $crate::measure::Measure = $crate::measure::Measure {
            page: concat!($($line, "\n"),*),
            file: file!(),
            $($field: $value),*
        };
    };
}
