//! The only code that changes the machine; every change says how to undo it.
#![allow(clippy::disallowed_methods, reason = "the changing door of the house")]

pub mod namespace;
