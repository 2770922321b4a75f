//! `access_log`, `error_log` and `log_format` as log files (ngx_http_log_module, ngx_core_module).

use std::path::Path;

use crate::formats::nginx::build::Build;
use crate::formats::nginx::evaluate::Setting;
use crate::formats::nginx::scope::Scope;
use crate::model::{DeclaredFormat, FormatSyntax, LogFile, LogKind, LogTarget, RealIp, Spot};

/// Predefined by the log module.
const COMBINED: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \
                        \"$http_referer\" \"$http_user_agent\"";

/// The `log_format`s of an http block.
pub(super) struct Formats<'a>(Vec<&'a Setting>);

impl<'a> Formats<'a> {
    pub(super) fn of(http: &'a [Setting]) -> Self {
        Self(http.iter().filter(|setting| setting.name == "log_format").collect())
    }

    fn named(&self, name: &str) -> Option<DeclaredFormat> {
        let format = |syntax, pattern| Some(DeclaredFormat { syntax, name: name.to_owned(), pattern });
        let Some(setting) = self.0.iter().find(|setting| setting.first() == name) else {
            return (name == "combined").then(|| format(FormatSyntax::Nginx, COMBINED.to_owned()))?;
        };
        let strings = setting.args.get(1..).unwrap_or_default();
        let (syntax, strings) = match strings.split_first() {
            Some((escape, rest)) if escape.starts_with("escape=") => match escape.as_str() {
                "escape=json" => (FormatSyntax::NginxJson, rest),
                "escape=none" => (FormatSyntax::NginxNone, rest),
                _ => (FormatSyntax::Nginx, rest),
            },
            _ => (FormatSyntax::Nginx, strings),
        };
        format(syntax, strings.concat())
    }
}

/// Everything that turns the declarations of a level into log files.
pub(super) struct Reader<'a> {
    pub(super) formats: Formats<'a>,
    pub(super) build: &'a Build,
}

impl Reader<'_> {
    /// The logs in force at a level; `around` is the block a default belongs to.
    pub(super) fn logs(
        &self,
        scope: &Scope<'_>,
        real: &RealIp,
        around: &Spot,
        problems: &mut Vec<String>,
    ) -> Vec<LogFile> {
        let mut logs = Vec::new();
        if scope.access_logs.is_empty() {
            let target = LogTarget::File(self.build.access_log.clone());
            let format = self.formats.named("combined");
            logs.push(LogFile { target, kind: LogKind::Access, format, real_ip: real.clone(), at: around.clone() });
        }
        logs.extend(scope.access_logs.iter().filter_map(|setting| self.access(setting, real, problems)));
        logs.extend(self.error_logs(&scope.error_logs, real, around, problems));
        logs
    }

    fn access(&self, setting: &Setting, real: &RealIp, problems: &mut Vec<String>) -> Option<LogFile> {
        let target = target(setting, &self.build.prefix, problems)?;
        let mut format = None;
        if target != LogTarget::Off {
            let name = setting.args.get(1).map(String::as_str).filter(|word| !word.contains('=')).unwrap_or("combined");
            format = self.formats.named(name);
            if format.is_none() {
                problems.push(format!("{}: access_log: unknown log format {name}", setting.at));
            }
            problems.extend(remarks(setting));
        }
        Some(LogFile { target, kind: LogKind::Access, format, real_ip: real.clone(), at: setting.at.clone() })
    }

    /// The error logs of a level, or the built-in one.
    pub(super) fn error_logs(
        &self,
        declared: &[&Setting],
        real: &RealIp,
        around: &Spot,
        problems: &mut Vec<String>,
    ) -> Vec<LogFile> {
        let log = |target, at: &Spot| {
            let real_ip = real.clone();
            LogFile { target, kind: LogKind::NginxError, format: None, real_ip, at: at.clone() }
        };
        if declared.is_empty() {
            let built_in = self.build.error_log.to_string_lossy();
            return error_target(&built_in, &self.build.prefix).map(|target| log(target, around)).into_iter().collect();
        }
        let read = declared.iter().filter_map(|setting| match error_target(setting.first(), &self.build.prefix) {
            Some(target) => Some(log(target, &setting.at)),
            None => {
                let name = setting.first();
                problems.push(format!("{}: error_log {name}: not a file, its lines cannot be read", setting.at));
                None
            }
        });
        read.collect()
    }
}

fn target(setting: &Setting, prefix: &Path, problems: &mut Vec<String>) -> Option<LogTarget> {
    let name = setting.first();
    if matches!(name, "off" | "/dev/null") {
        return Some(LogTarget::Off);
    }
    if let Some(rest) = name.strip_prefix("syslog:") {
        return Some(LogTarget::Syslog(rest.to_owned()));
    }
    if matches!(name, "/dev/stdout" | "/dev/stderr") || name.is_empty() || name.starts_with('$') {
        problems.push(format!(
            "{}: access_log {name}: cannot tell which file this is, its requests are not read",
            setting.at
        ));
        return None;
    }
    Some(LogTarget::File(prefix.join(without_variables(name))))
}

fn error_target(name: &str, prefix: &Path) -> Option<LogTarget> {
    match name {
        "" | "stderr" | "/dev/stderr" | "/dev/stdout" => None,
        "/dev/null" => Some(LogTarget::Off),
        name if name.starts_with("memory:") => None,
        name => Some(match name.strip_prefix("syslog:") {
            Some(rest) => LogTarget::Syslog(rest.to_owned()),
            None => LogTarget::File(prefix.join(name)),
        }),
    }
}

/// `logs/$host.log` and `logs/${host}.log` stand for any file `logs/*.log`.
fn without_variables(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if !out.ends_with('*') {
            out.push('*');
        }
        rest = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}').map_or("", |(_, rest)| rest),
            None => after.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_'),
        };
    }
    out + rest
}

/// What the parameters of an access log keep from whoever reads it.
fn remarks(setting: &Setting) -> Vec<String> {
    let remark = |word: &String| {
        let what = match word.split_once('=').map_or(word.as_str(), |(name, _)| name) {
            "gzip" => "is compressed as it is written: lines can only be read once the file is closed",
            "buffer" => "is buffered: lines arrive late",
            "if" => "leaves requests out",
            _ => return None,
        };
        Some(format!("{}: access_log {} {what} ({word})", setting.at, setting.first()))
    };
    setting.args.iter().skip(1).filter_map(remark).collect()
}

#[cfg(test)]
mod tests {
    use super::without_variables;

    #[test]
    fn variables_in_a_path_stand_for_anything() {
        assert_eq!(without_variables("/l/$host.log"), "/l/*.log");
        assert_eq!(without_variables("/l/${host}_$uri$args/a"), "/l/*_*/a");
        assert_eq!(without_variables("/l/plain"), "/l/plain");
    }
}
