//! The service: a confined reader that meets what attackers wrote, and a keeper that alone enforces and journals.

mod assembly;
mod calls;
mod careful;
pub mod check;
pub mod config;
pub mod confine;
pub mod control;
pub mod cost;
pub mod engine;
pub mod error;
pub mod ground;
pub mod faults;
mod hand;
mod keeper;
pub mod lock;
pub mod message;
pub mod orders;
mod reader;
pub mod replay;
mod run;
pub mod said;
mod signals;
pub mod sources;
pub mod state;
mod supervise;
mod throttle;
pub mod trial;
pub mod tune;
mod watch;
pub mod wire;

pub use error::GuardError;
pub use reader::read;
pub use run::{Options, run};
