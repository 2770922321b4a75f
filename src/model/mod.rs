//! The words of the house as plain data: no I/O, no clock, no decisions.

pub mod alert;
pub mod bounds;
pub mod decision;
pub mod event;
pub mod finding;
pub mod near;
pub mod position;
pub mod server;
pub mod time;

pub use alert::{Alert, AlertId, Class, Confidence, Count, Evidence, Severity, Standing, Subject};
pub use decision::{Action, Decision, DecisionId, Point};
pub use event::{At, Client, Event, Login, Named, Note, NoteLevel, Request, SourceIx, Via, What};
pub use finding::{Assessed, Finding, Proof, Verdict};
pub use position::Position;
pub use server::{
    DeclaredFormat, FormatSyntax, Listener, LogFile, LogKind, LogTarget, RealIp, Server, ServerKind, Site, Spot,
};
pub use time::Millis;
