//! The service: a confined reader that meets what attackers wrote, and a keeper that alone enforces and journals.

mod calls;
pub mod check;
pub mod config;
pub mod confine;
pub mod control;
pub mod error;
pub mod lock;
pub mod message;
pub mod orders;
pub mod state;
pub mod supervise;
pub mod throttle;
pub mod wire;

pub use error::GuardError;

pub fn read() -> Result<(), GuardError> {
    Ok(())
}
