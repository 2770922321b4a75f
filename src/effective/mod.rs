//! What really holds for one URL of one site, after includes, inheritance, overrides and `.htaccess`; each value with the
//! lines that made it. Pure: trees and files are handed in.

pub mod apache;
pub mod nginx;
pub mod tomcat;
pub mod version;

use crate::model::Spot;

/// The value of one directive, and how it came about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// One entry a directive that holds, in the server's order; several only where the server keeps several (headers,
    /// rewrite rules). Empty: the server's default holds.
    pub values: Vec<Vec<String>>,
    /// Every line that had a say, first to last.
    pub chain: Vec<Step>,
}

/// One line on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Step {
    #[serde(flatten)]
    pub at: Spot,
    /// The directive as written.
    pub text: String,
    pub effect: Effect,
}

/// What a line did to the value.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It holds, beside what stood before.
    Adds,
    /// It holds instead of what stood before.
    Replaces,
    /// It held until a later line took its place.
    Replaced,
    /// It never held here, for this reason.
    Ignored(&'static str),
}
