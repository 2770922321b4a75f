//! Peelhouse secures the web servers of a host: it assesses, hardens and watches them, and feeds what it sees back
//! into the hardening. One line a room, top first; `use crate::…` points down only (`tests/house.rs` holds it).

pub mod cli; //      one verb, one file: shows and asks, holds no knowledge
pub mod demo; //     the loop, shown on a real nginx in a private network
pub mod guard; //    the service: reader and keeper, the one place that joins sources, engines and sinks
pub mod measures; // the catalogue: one measure, one file
pub mod assess; //   runs checks, makes the board
pub mod probe; //    a web server as it looks from outside: handshakes, weaknesses, headers, a grade
pub mod monitor; //  follows sources, exactly once → Event
pub mod respond; //  Alert → Decision → reconcile → proof
pub mod measure; //  what a measure is
pub mod detect; //   rules and behaviour: (Event, now) → Alert; pure
pub mod store; //    history and what was learnt: SQLite, one writer
pub mod act; //      the only code that changes the machine
pub mod host; //     the only code that reads the machine
pub mod effective; // what really holds for a URL of a site, and which lines made it; pure
pub mod formats; //  bytes ↔ trees and records; no I/O, never panics
pub mod model; //    the words of the house as plain data
pub mod sys; //      the few unsafe lines, each with SAFETY
