//! The few unsafe lines of the house, each with SAFETY; everything else is safe Rust.
#![allow(unsafe_code, reason = "the one room where it may stand")]

pub mod namespaces;
pub mod prefetch;
