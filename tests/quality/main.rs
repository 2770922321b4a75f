//! How many attacks the pack tells by one line, and how many ordinary requests it takes for one. Attacks come from
//! grammars, ordinary requests from generators and from the texts installed on this machine; a third of every grammar
//! and text is kept for judging, and the limits are about that third alone. `--nocapture` prints the tables.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test reads what is installed, prints its figures, and fails by panicking"
)]

mod attacks;
mod benign;
mod dice;
mod grammar;
mod judge;
mod place;
mod prose;
mod published;
mod share;
