//! What the engine says of a URL is what a client of a real Apache sees.

#![allow(clippy::disallowed_methods, reason = "makes configurations and asks the real server about them")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod cases;
mod hostile;
mod random;
mod server;
mod settings;
