//! The lab: real servers, real attackers, the real guard, in private networks that vanish with the test.
//! Needs root and the packages that `make test` installs.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the lab sets up and tears down its own machine, and fails where it cannot"
)]

mod banned;
mod crs;
mod proxied;
mod stage;
mod survives;
