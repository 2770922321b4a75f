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

mod generate;
mod hostile;
mod lab;
mod matrix;
mod random;
