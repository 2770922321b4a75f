//! What the engine says of an nginx configuration is what a real nginx does with it: a matrix of the traps, thousands of
//! generated configurations, and hostile ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test prepares files, runs the real server and fails by panicking"
)]

#[path = "../common/dice.rs"]
mod dice;
mod generate;
mod hostile;
#[path = "../common/http.rs"]
mod http;
mod lab;
mod matrix;
mod names;
mod random;
