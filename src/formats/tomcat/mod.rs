//! Tomcat: server.xml and the context files it takes in, read as sites, connectors and access logs.

mod access_log;
mod properties;
mod proxies;
mod remote_ip;
mod sites;
mod xml;

pub use properties::Properties;
pub use sites::{Declared, declared};
pub use xml::{Document, Element};
