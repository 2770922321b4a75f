//! The logs a server or virtual host declares, and what it inherits (mod_log_config, core, ModSecurity).

use std::collections::HashMap;
use std::path::Path;

use crate::formats::apache::evaluate::Effective;
use crate::host::apache::target;
use crate::model::{DeclaredFormat, FormatSyntax, LogFile, LogKind, LogTarget, RealIp, Spot};

/// mod_log_config's own.
const COMMON: &str = "%h %l %u %t \"%r\" %>s %b";

/// What one server or virtual host says of its logs.
#[derive(Default)]
pub struct Declared {
    /// LogFormat by nickname in lower case: httpd keeps them in an `apr_table`, the last of a name holds.
    formats: HashMap<String, String>,
    /// LogFormat without a nickname: the one of TransferLog.
    default: Option<String>,
    access: Vec<Access>,
    error: Option<(LogTarget, Spot)>,
    error_format: Option<String>,
    audit: Audit,
}

struct Access {
    target: LogTarget,
    /// Nickname or pattern; none for TransferLog.
    format: Option<String>,
    /// GlobalLog: written for virtual hosts with logs of their own, too.
    global: bool,
    at: Spot,
}

#[derive(Default)]
struct Audit {
    log: Option<(LogTarget, Spot)>,
    off: Option<bool>,
    json: Option<bool>,
    /// One file a transaction, instead of one for all.
    concurrent: Option<bool>,
}

impl Declared {
    /// From the directives directly within a server or virtual host.
    pub fn read(root: &Path, directives: &[Effective]) -> Self {
        let mut declared = Self::default();
        for directive in directives {
            declared.take(root, directive);
        }
        declared
    }

    /// httpd logs errors even where nobody asked it to.
    pub fn with_default_error_log(mut self, root: &Path, config: &Path) -> Self {
        let at = Spot { file: config.to_owned(), line: 0 };
        self.error.get_or_insert_with(|| (target::parse(root, "logs/error_log"), at));
        self
    }

    fn take(&mut self, root: &Path, directive: &Effective) {
        let args = directive.args();
        let arg = |index: usize| args.get(index).map_or("", String::as_str);
        let place = || (target::parse(root, arg(0)), directive.at.clone());
        match directive.name.to_ascii_lowercase().as_str() {
            "logformat" if args.len() > 1 => {
                self.formats.insert(arg(1).to_ascii_lowercase(), arg(0).to_owned());
            }
            "logformat" => self.default = args.first().cloned(),
            "customlog" | "globallog" | "transferlog" if !args.is_empty() => {
                let (target, at) = place();
                self.access.push(Access {
                    target,
                    format: args.get(1).cloned(),
                    global: directive.is("GlobalLog"),
                    at,
                });
            }
            "errorlog" => self.error = Some(place()),
            "errorlogformat" if args.len() == 1 => self.error_format = args.first().cloned(),
            "secauditlog" => self.audit.log = Some(place()),
            "secauditengine" => self.audit.off = Some(arg(0).eq_ignore_ascii_case("off")),
            "secauditlogformat" => self.audit.json = Some(arg(0).eq_ignore_ascii_case("json")),
            "secauditlogtype" => self.audit.concurrent = Some(arg(0).eq_ignore_ascii_case("concurrent")),
            _ => {}
        }
    }

    /// The logs of the main server.
    pub fn own(&self, real_ip: &RealIp, problems: &mut Vec<String>) -> Vec<LogFile> {
        self.settle(&Self::default(), real_ip, problems)
    }

    /// The logs of a virtual host: its own, or those of the main server.
    pub fn settle(&self, main: &Self, real_ip: &RealIp, problems: &mut Vec<String>) -> Vec<LogFile> {
        let log = |target: &LogTarget, kind, format, at: &Spot| LogFile {
            target: target.clone(),
            kind,
            format,
            real_ip: real_ip.clone(),
            at: at.clone(),
        };
        let inherited = main.access.iter().filter(|access| self.access.is_empty() || access.global);
        let own = self.access.iter().map(|access| (access, self.format(access, main)));
        // An inherited log keeps the formats it was declared with.
        let access = own.chain(inherited.map(|access| (access, main.format(access, main))));
        let mut logs: Vec<LogFile> =
            access.map(|(access, format)| log(&access.target, LogKind::Access, Some(format), &access.at)).collect();
        if let Some((target, at)) = self.error.as_ref().or(main.error.as_ref()) {
            let format = self.error_format.as_ref().or(main.error_format.as_ref());
            logs.push(log(target, LogKind::ApacheError, format.map(|pattern| declared("", pattern)), at));
        }
        if let Some((target, at, json)) = self.audit.settle(&main.audit, problems) {
            logs.push(log(&target, LogKind::ModsecurityAudit, json.then(|| declared("json", "")), &at));
        }
        logs
    }

    /// A nickname of its own wins over the main server's; what is no nickname is a pattern.
    fn format(&self, access: &Access, main: &Self) -> DeclaredFormat {
        let Some(written) = &access.format else {
            let default = self.default.as_ref().or(main.default.as_ref());
            return declared("", default.map_or(COMMON, String::as_str));
        };
        let key = written.to_ascii_lowercase();
        match self.formats.get(&key).or_else(|| main.formats.get(&key)) {
            Some(pattern) => declared(written, pattern),
            None if key == "clf" => declared(written, COMMON),
            None => declared("", written),
        }
    }
}

impl Audit {
    fn settle(&self, main: &Self, problems: &mut Vec<String>) -> Option<(LogTarget, Spot, bool)> {
        let (target, at) = self.log.as_ref().or(main.log.as_ref())?;
        if self.off.or(main.off) == Some(true) {
            return None;
        }
        if self.concurrent.or(main.concurrent) == Some(true) {
            let problem = format!(
                "{at}: this audit log has one file a transaction and cannot be followed; set SecAuditLogType Serial"
            );
            if !problems.contains(&problem) {
                problems.push(problem);
            }
            return None;
        }
        Some((target.clone(), at.clone(), self.json.or(main.json) == Some(true)))
    }
}

fn declared(name: &str, pattern: &str) -> DeclaredFormat {
    DeclaredFormat { syntax: FormatSyntax::Apache, name: name.to_owned(), pattern: pattern.to_owned() }
}
