//! Tomcat: connector, host and application that answer, and what holds there: server.xml, the context files laid over one
//! another, and the two web.xml of an application.
//!
//! `Tomcat::read` reads a CATALINA_BASE once; applications and their web.xml are read when first asked for. What lies in
//! jars and archives (fragments, annotations, an archive's own context.xml) is not read, and said.

mod context;
mod defaults;
mod deploy;
mod filters;
mod guards;
mod part;
mod request;
mod server;
mod web;

pub use context::Context;
pub use defaults::default;
pub use filters::Header;
pub use guards::Access;
pub use part::Part;
pub use request::{Place, Request};
pub use server::{Host, Service, Tomcat};
pub use web::{Constraint, ErrorPage, Mapping, Named, Web, WebXml};
