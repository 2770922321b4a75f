//! AccessLogValve and its kin: which files a container's requests are logged to, and how.

use std::path::Path;

use crate::formats::tomcat::properties::Properties;
use crate::formats::tomcat::xml::Element;
use crate::model::{DeclaredFormat, FormatSyntax, LogFile, LogKind, LogTarget, RealIp, Spot};

const COMMON: &str = "%h %l %u %t \"%r\" %s %b";
const COMBINED: &str = "%h %l %u %t \"%r\" %s %b \"%{Referer}i\" \"%{User-Agent}i\"";

/// The valves that write access logs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pattern,
    /// Each field a member of a JSON object; read without a declared format.
    Json,
    /// W3C extended; says its fields at the head of each file.
    Extended,
}

/// The log of a valve; none where it is another valve, or one that logs nothing.
pub(super) fn access_log(
    valve: &Element,
    at: &Spot,
    base: &Path,
    real_ip: &RealIp,
    known: &Properties,
    problems: &mut Vec<String>,
) -> Option<LogFile> {
    let kind = match valve.attribute("className")?.rsplit('.').next()? {
        "AccessLogValve" | "FastCommonAccessLogValve" => Kind::Pattern,
        "JsonAccessLogValve" => Kind::Json,
        "ExtendedAccessLogValve" => Kind::Extended,
        _ => return None,
    };
    let attribute = |name: &str| valve.attribute(name).map(|value| known.expand(value));
    if attribute("enabled").is_some_and(|value| value == "false") {
        return None;
    }
    let Some(pattern) = attribute("pattern") else {
        problems.push(format!("{at}: this valve declares no pattern and so logs nothing: add pattern=\"combined\""));
        return None;
    };
    let encoding = attribute("encoding").unwrap_or_default().to_ascii_uppercase();
    if encoding.starts_with("UTF-16") || encoding.starts_with("UTF-32") {
        problems.push(format!("{at}: the log is written in {encoding}, which is not read: declare UTF-8"));
    }
    let rewrites = attribute("requestAttributesEnabled").is_some_and(|value| value == "true");
    let blind = real_ip.header.is_some() && !rewrites && !pattern.to_ascii_lowercase().contains("forwarded-for");
    if blind {
        problems.push(format!(
            "{at}: logs the proxy's address, not the client's: set requestAttributesEnabled=\"true\" on this valve"
        ));
    }
    Some(LogFile {
        target: LogTarget::File(base.join(file_pattern(&attribute))),
        kind: LogKind::Access,
        format: (kind == Kind::Pattern).then(|| declared_format(pattern)),
        real_ip: RealIp { rewrites: rewrites && real_ip.header.is_some(), ..real_ip.clone() },
        at: at.clone(),
    })
}

fn declared_format(pattern: String) -> DeclaredFormat {
    let (name, pattern) = match pattern.as_str() {
        "common" => ("common", COMMON.to_owned()),
        "combined" => ("combined", COMBINED.to_owned()),
        _ => ("", pattern),
    };
    DeclaredFormat { syntax: FormatSyntax::Valve, name: name.to_owned(), pattern }
}

/// `logs/access_log*.txt`: the date between prefix and suffix changes with each file.
fn file_pattern(attribute: &impl Fn(&str) -> Option<String>) -> String {
    let directory = attribute("directory").unwrap_or_else(|| "logs".to_owned());
    let prefix = attribute("prefix").unwrap_or_else(|| "access_log".to_owned());
    let suffix = attribute("suffix").unwrap_or_default();
    let dated = attribute("rotatable").is_none_or(|value| value != "false");
    format!("{directory}/{prefix}{}{suffix}", if dated { "*" } else { "" })
}
