//! The program as a hostile outsider and a clumsy user meet it: real processes, private directories and namespaces.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test starts programs, reads files, and fails where it cannot"
)]

#[path = "../common/traffic.rs"]
mod traffic;

mod configuration;
mod files;
mod forged;
mod lines;
mod live;
mod servers;
mod state;
mod tools;
