//! The probe against real servers: what each serves on purpose is found, and nothing else.
//!
//! Servers of the distribution (openssl, gnutls-bin, nginx) always; old and foreign ones where their scripts are, in
//! `../shared/tls-servers`, and their parts, in `$WORK/tls` (its `setup.sh` makes them).
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test starts programs, reads files, and fails where it cannot"
)]

mod certificates;
mod command;
mod hostile;
mod old;
mod scanners;
mod server;
mod system;
mod web;
