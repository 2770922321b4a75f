//! Which events a rule is about: Sigma's logsource, on our kinds of events.

use crate::detect::rules::column::Column;
use crate::detect::rules::error::Problem;
use crate::detect::rules::yaml::{Bad, Node};
use crate::model::event::{Event, Note, What};

/// The events a rule is tried on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Logsource {
    pub requests: bool,
    pub logins: bool,
    pub notes: bool,
    pub records: bool,
    /// Of logins, notes and records: only this service or category.
    service: Option<String>,
    /// Of applications' notes: only this program, or lines that name none.
    program: Option<String>,
}

/// What the kernel tells of a Linux host, as Sigma names it.
const RECORDS: [&str; 4] = ["process_creation", "file_event", "network_connection", "auditd"];

impl Logsource {
    pub fn requests() -> Self {
        Self { requests: true, ..Self::default() }
    }

    pub fn parse(node: Option<&Node>) -> Result<Self, Bad> {
        let Some(node) = node else { return Err((1, Problem::Missing("logsource"))) };
        let category = node.word("category")?.unwrap_or_default();
        let product = node.word("product")?.unwrap_or_default();
        let service = node.word("service")?.unwrap_or_default();
        let of = |service: &str| Some(service.to_owned());
        match (category, product, service) {
            ("webserver" | "proxy", _, _) | ("", "apache" | "nginx" | "tomcat", "access") => Ok(Self::requests()),
            ("" | "application", "", name) | ("" | "application", name, "" | "error") if is_server(name) => {
                Ok(Self { notes: true, logins: true, service: of(name), ..Self::default() })
            }
            ("", "" | "linux", "sshd" | "sudo") => {
                Ok(Self { logins: true, notes: true, service: of(service), ..Self::default() })
            }
            (name, "" | "linux", "") | ("", "" | "linux", name) if RECORDS.contains(&name) => {
                Ok(Self { records: true, service: of(name), ..Self::default() })
            }
            ("" | "authentication", "linux", "" | "auth" | "syslog") => {
                Ok(Self { logins: true, notes: true, ..Self::default() })
            }
            // What any program says through syslog or in a file of its own.
            ("application", name, "") | ("", "linux", name) => {
                let program = Some(name.to_owned()).filter(|name| !name.is_empty());
                Ok(Self { notes: true, service: of("application"), program, ..Self::default() })
            }
            _ => {
                let what = format!("category `{category}`, product `{product}`, service `{service}`");
                Err((node.line, Problem::Logsource { what: what.chars().take(160).collect() }))
            }
        }
    }

    /// The column that a rule about these events means by a name.
    pub fn column(&self, name: &str) -> Option<Column> {
        if self.records { Some(Column::Named(name.into())) } else { Column::of_logs(name) }
    }

    pub fn admits(&self, event: &Event<'_>) -> bool {
        let service = match &event.what {
            What::Request(_) => return self.requests,
            What::Login(login) if self.logins => login.service,
            What::Note(note) if self.notes && self.says(note) => note.service,
            What::Named(named) if self.records => named.source,
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

    /// Whether all events of `other` are among these.
    pub fn covers(&self, other: &Self) -> bool {
        let kinds = |source: &Self| (source.requests, source.logins, source.notes, source.records);
        kinds(self) == kinds(other)
            && (self.service.is_none() || self.service == other.service)
            && (self.program.is_none() || self.program == other.program)
    }
}

impl Logsource {
    /// The program whose messages the rule is about.
    pub fn program(&self) -> Option<&str> {
        self.program.as_deref()
    }

    /// True where the note is of the program the rule is about; in a file of its own a program does not name itself.
    fn says(&self, note: &Note<'_>) -> bool {
        let Some(program) = &self.program else { return true };
        note.code.is_empty() || note.code.eq_ignore_ascii_case(program.as_bytes())
    }
}

fn is_server(name: &str) -> bool {
    matches!(name, "apache" | "nginx" | "tomcat" | "php-fpm" | "modsecurity")
}
