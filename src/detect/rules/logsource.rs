//! Which events a rule is about: Sigma's logsource, on our kinds of events.

use crate::detect::rules::error::Problem;
use crate::detect::rules::yaml::{Bad, Node};
use crate::model::event::{Event, What};

/// The events a rule is tried on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Logsource {
    pub requests: bool,
    pub logins: bool,
    pub notes: bool,
    /// Of logins and notes: only this service.
    service: Option<String>,
}

impl Logsource {
    const REQUESTS: Self = Self { requests: true, logins: false, notes: false, service: None };

    pub fn requests() -> Self {
        Self::REQUESTS
    }

    pub fn parse(node: Option<&Node>) -> Result<Self, Bad> {
        let Some(node) = node else { return Err((1, Problem::Missing("logsource"))) };
        let category = node.word("category")?.unwrap_or_default();
        let product = node.word("product")?.unwrap_or_default();
        let service = node.word("service")?.unwrap_or_default();
        match (category, product, service) {
            ("webserver" | "proxy", _, _) => Ok(Self::REQUESTS),
            ("" | "application", "", name) | ("" | "application", name, "" | "error") if is_server(name) => {
                Ok(Self { notes: true, logins: true, requests: false, service: Some(name.to_owned()) })
            }
            ("", "" | "linux", "sshd" | "sudo") => {
                Ok(Self { logins: true, notes: true, requests: false, service: Some(service.to_owned()) })
            }
            ("" | "authentication", "linux", "" | "auth" | "syslog") => {
                Ok(Self { logins: true, notes: true, requests: false, service: None })
            }
            _ => {
                let what = format!("category `{category}`, product `{product}`, service `{service}`");
                Err((node.line, Problem::Logsource { what }))
            }
        }
    }

    pub fn admits(&self, event: &Event<'_>) -> bool {
        let service = match &event.what {
            What::Request(_) => return self.requests,
            What::Login(login) if self.logins => login.service,
            What::Note(note) if self.notes => note.service,
            _ => return false,
        };
        // `apache` also admits the logins that Apache reports: `apache-basic`.
        self.service.as_deref().is_none_or(|wanted| {
            service.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    }
}

fn is_server(name: &str) -> bool {
    matches!(name, "apache" | "nginx" | "tomcat" | "php-fpm" | "modsecurity")
}
