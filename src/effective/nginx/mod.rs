//! nginx: the server block and location that answer, and what they inherit.
//!
//! `Nginx::new` indexes an evaluated configuration once; `ask` walks one request through nginx's phases as far as they
//! can be told without running it. What cannot be told (a header nobody gave, a pattern that cannot be run) splits the
//! answer into outcomes, each with what it assumes.

mod access;
mod answer;
mod choices;
mod content;
mod directives;
mod disk;
mod errors;
mod headers;
mod listen;
mod maps;
mod names;
pub(in crate::effective) mod pattern;
mod places;
mod rewrite;
mod scope;
mod sites;
mod uri;
mod values;
mod walk;

pub use crate::effective::version::Version;
pub use access::Access;
pub use answer::{Answer, Hop, Outcome, Served};
pub use choices::Assumed;
pub use directives::{Decider, Kind, Row, row};
pub use headers::Header;
pub use listen::Listen;
pub use scope::Scope;
pub use sites::{Nginx, Request, Site};

/// A directive as it is read, with its place.
pub use crate::formats::nginx::Setting as Line;
