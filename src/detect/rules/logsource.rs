//! Which events a rule is about: Sigma's logsource, on our kinds of events.

use crate::detect::rules::error::Problem;
use crate::detect::rules::yaml::{Bad, Node};
use crate::model::event::{Event, Note, What};

/// The events a rule is tried on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Logsource {
    pub requests: bool,
    pub logins: bool,
    pub notes: bool,
    /// Of logins and notes: only this service.
    service: Option<String>,
    /// Of applications' notes: only this program, or lines that name none.
    program: Option<String>,
}

impl Logsource {
    const REQUESTS: Self = Self { requests: true, logins: false, notes: false, service: None, program: None };

    pub fn parse(node: Option<&Node>) -> Result<Self, Bad> {
        let Some(node) = node else { return Err((1, Problem::Missing("logsource"))) };
        let category = node.word("category")?.unwrap_or_default();
        let product = node.word("product")?.unwrap_or_default();
        let service = node.word("service")?.unwrap_or_default();
        match (category, product, service) {
            ("webserver" | "proxy", _, _) => Ok(Self::REQUESTS),
            ("" | "application", "", name) | ("" | "application", name, "" | "error") if is_server(name) => {
                Ok(Self { notes: true, logins: true, requests: false, service: Some(name.to_owned()), program: None })
            }
            ("", "" | "linux", "sshd" | "sudo") => {
                Ok(Self { logins: true, notes: true, requests: false, service: Some(service.to_owned()), program: None })
            }
            ("application", name, "") => {
                let program = Some(name.to_owned()).filter(|name| !name.is_empty());
                let service = Some("application".to_owned());
                Ok(Self { notes: true, logins: false, requests: false, service, program })
            }
            ("" | "authentication", "linux", "" | "auth" | "syslog") => {
                Ok(Self { logins: true, notes: true, requests: false, service: None, program: None })
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
            What::Note(note) if self.notes && self.says(note) => note.service,
            _ => return false,
        };
        // PHP writes into its own log what applications have to say.
        if service == "php-fpm" && self.service.as_deref() == Some("application") {
            return true;
        }
        // `apache` also admits the logins that Apache reports: `apache-basic`.
        self.service.as_deref().is_none_or(|wanted| {
            service.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    }
}

impl Logsource {
    /// True where the note is of the program the rule is about; in a file of its own a program does not name itself.
    fn says(&self, note: &Note<'_>) -> bool {
        let Some(program) = &self.program else { return true };
        note.code.is_empty() || note.code.eq_ignore_ascii_case(program.as_bytes())
    }
}

fn is_server(name: &str) -> bool {
    matches!(name, "apache" | "nginx" | "tomcat" | "php-fpm" | "modsecurity")
}
