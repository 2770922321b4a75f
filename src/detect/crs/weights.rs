//! What a hit of a CRS rule weighs: by its severity, less where ordinary requests meet it.

use crate::detect::crs::settings::Settings;
use crate::model::alert::{Class, Confidence, Severity};

pub struct Weight {
    pub level: Severity,
    pub confidence: Confidence,
    pub score: f32,
}

/// Rules that ordinary requests meet, or would if the log showed more: low level and confidence, one point, never what a
/// client is banned for. Seen on the requests of `cargo test --test crs`, those of CRS 4 on other logs.
const NOISY: &[(u32, &str)] = &[
    (911100, "applications and WebDAV use PUT, PATCH and DELETE"),
    (913101, "scripts are not attackers"),
    (913102, "crawlers are not attackers"),
    (920100, "the server refuses such lines by itself, and logs cut them"),
    (920220, "a percent sign in a title: /wiki/50%25"),
    (920270, "clients send broken bytes, too"),
    (920280, "monitors leave out Host"),
    (920320, "monitors leave out User-Agent"),
    (920330, "monitors send an empty User-Agent"),
    (920350, "monitors and local clients ask by number"),
    (920430, "old and new protocols are no attack"),
    (920440, "downloads end in .log, .sql, .conf, .dat"),
    (921130, "pages in a search: <html>"),
    (930100, "people search for ../"),
    (930110, "people search for ../"),
    (930120, "people search for files: .htaccess, package.json, /etc/fstab"),
    (930130, "pages are named for files: /wiki/package.json"),
    (931120, "links end in a question mark"),
    (932100, "people search for shell commands"),
    (932105, "people search for shell commands"),
    (932110, "people search for shell commands"),
    (932115, "people search for shell commands"),
    (932125, "aliases of PowerShell are words"),
    (932130, "templates and placeholders: ${name}"),
    (932140, "if and for begin sentences"),
    (932150, "commands begin searches: time zone, php tutorial, ls -la"),
    (932160, "people search for shell commands and files"),
    (932235, "commands are words"),
    (932270, "~+ and ~- stand in texts"),
    (933135, "variables of PHP are words"),
    (933100, "people paste XML"),
    (933140, "people search for php://"),
    (933150, "people search for functions of PHP"),
    (933160, "words of English in brackets: system (the), exec(s)"),
    (933210, "words with brackets"),
    (934100, "people search for functions of JavaScript"),
    (941100, "x=y looks like an attribute: style=modern"),
    (941110, "people search for tags"),
    (941130, "people search for attributes"),
    (941140, "people paste HTML"),
    (941160, "people search for tags"),
    (941170, "data: and javascript: begin titles"),
    (941180, "people search for document.cookie"),
    (941210, "javascript: the good parts"),
    (941250, "people paste HTML"),
    (941260, "people paste HTML"),
    (941310, "texts in old character sets"),
    (942100, "words of SQL are words: sleep (8) hours"),
    (942140, "names of system tables are words"),
    (942190, "union select committee"),
    (942230, "if (a = b)"),
    (942270, "union select from"),
    (942360, "select and alter are words"),
    (942550, "JSON in arguments"),
    (943120, "no Referer is no attack"),
    (944100, "people search for classes of Java"),
    (944110, "people search for classes of Java"),
    (944130, "people search for classes of Java"),
];

/// Severities are those of syslog, by name or number; what they add to the anomaly score is a setting of the rule set.
/// Above paranoia level 1 every rule is of the noisy kind.
pub fn of(id: u32, severity: Option<&str>, paranoia: u8, settings: &Settings) -> Weight {
    let (level, name, usual) = match severity.unwrap_or_default().to_ascii_uppercase().as_str() {
        "EMERGENCY" | "0" | "ALERT" | "1" | "CRITICAL" | "2" => (Severity::High, "critical_anomaly_score", 5.0),
        "ERROR" | "3" => (Severity::High, "error_anomaly_score", 4.0),
        "WARNING" | "4" => (Severity::Medium, "warning_anomaly_score", 3.0),
        _ => (Severity::Low, "notice_anomaly_score", 2.0),
    };
    if paranoia > 1 || NOISY.iter().any(|(noisy, _)| *noisy == id) {
        return Weight { level: Severity::Low, confidence: Confidence::Low, score: 1.0 };
    }
    let score = settings.number(name).filter(|score| (0.0..=100.0).contains(score)).unwrap_or(usual);
    Weight { level, confidence: Confidence::Medium, score }
}

/// By the rule set's own tags.
pub fn class(tags: &[String]) -> Class {
    let classes = [
        ("attack-sqli", Class::Sqli),
        ("attack-xss", Class::Xss),
        ("attack-lfi", Class::Traversal),
        ("attack-rfi", Class::Traversal),
        ("attack-rce", Class::Rce),
        ("attack-injection-", Class::Rce),
        ("attack-reputation-", Class::Scanner),
        ("attack-fixation", Class::Injection),
        ("attack-generic", Class::Injection),
    ];
    let has = |start: &str| tags.iter().any(|tag| tag.starts_with(start));
    classes.iter().find(|(tag, _)| has(tag)).map_or(Class::Protocol, |(_, class)| *class)
}
