//! What the engine says of a Tomcat's configuration is what a real Tomcat does with it: a matrix of the traps, thousands of
//! generated applications, and hostile files.

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
mod random;
