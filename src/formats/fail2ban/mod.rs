//! fail2ban's configuration: its ini dialect, includes, interpolation and tags → filters and jails (jail.conf(5)).

mod config;
mod definition;
mod ini;
mod interpolate;
mod jail;
mod options;
mod problem;
mod span;
mod tags;

pub use config::{Config, Section};
pub use definition::{Definition, Source, names};
pub use ini::Value;
pub use interpolate::Vars;
pub use jail::{Growth, Jail, Jails, jails};
pub use options::{OptionsError, name_and_options};
pub use problem::{Place, Problem, Wrong};
pub use span::seconds;

/// The longest value that interpolation may make.
const MOST_TEXT: usize = 1 << 20;
