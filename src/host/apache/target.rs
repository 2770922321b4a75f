//! Where a log goes: a file, a program, syslog, nowhere.

use std::path::{Path, PathBuf};

use crate::formats::apache::evaluate::include;
use crate::formats::apache::words;
use crate::model::LogTarget;

/// Programs that write a log to files of their own, with the options that take a value.
static ROTATORS: &[(&str, &[&str])] =
    &[("rotatelogs", &["-L", "-p", "-n"]), ("cronolog", &["-H", "-S", "-P", "-l", "-p", "-d", "-z"])];

/// The first argument of CustomLog, ErrorLog and their kin.
pub fn parse(root: &Path, written: &str) -> LogTarget {
    if let Some(command) = written.strip_prefix('|') {
        let command = command.strip_prefix(['|', '$']).unwrap_or(command).trim().to_owned();
        let file = rotated(&command);
        return LogTarget::Pipe { command, file };
    }
    if let Some(rest) = written.strip_prefix("syslog") {
        return LogTarget::Syslog(rest.strip_prefix(':').unwrap_or(rest).to_owned());
    }
    if written == "journald" {
        return LogTarget::Syslog(written.to_owned());
    }
    match include::under(root, written) {
        null if null == Path::new("/dev/null") => LogTarget::Off,
        file => LogTarget::File(file),
    }
}

/// The files such a program writes, `*` for what changes.
fn rotated(command: &str) -> Option<PathBuf> {
    let words = words::all(command);
    let (program, mut rest) = words.split_first()?;
    let name = Path::new(program).file_name()?.to_str()?.trim_end_matches(|c: char| c.is_ascii_digit());
    let (rotator, valued) = ROTATORS.iter().find(|(rotator, _)| *rotator == name)?;
    let mut options = Vec::new();
    let file = loop {
        let (word, after) = rest.split_first()?;
        rest = after;
        if !word.starts_with('-') {
            break word;
        }
        if valued.contains(&word.as_str()) {
            rest = rest.get(1..)?;
        }
        options.push(word.as_str());
    };
    let pattern = starred(file);
    let plain = !pattern.contains('*') && *rotator == "rotatelogs";
    let pattern = match plain {
        true if options.contains(&"-n") => pattern + "*",
        // Without a date of its own a file gets the time it was begun.
        true if !options.contains(&"-t") => pattern + ".*",
        _ => pattern,
    };
    Some(PathBuf::from(pattern)).filter(|path| path.is_absolute())
}

/// strftime(3) conversions become `*`, neighbours one.
fn starred(file: &str) -> String {
    let mut pattern = String::new();
    let mut characters = file.chars();
    while let Some(character) = characters.next() {
        match (character, if character == '%' { characters.next() } else { None }) {
            ('%', Some('%')) => pattern.push('%'),
            ('%', Some('E' | 'O')) => {
                characters.next();
                star(&mut pattern);
            }
            ('%', Some(_)) => star(&mut pattern),
            _ => pattern.push(character),
        }
    }
    pattern
}

fn star(pattern: &mut String) {
    if !pattern.ends_with('*') {
        pattern.push('*');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piped(written: &str) -> Option<String> {
        match parse(Path::new("/etc/apache2"), written) {
            LogTarget::Pipe { file, .. } => file.map(|file| file.display().to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_stand_under_the_server_root() {
        let root = Path::new("/etc/httpd");
        assert_eq!(parse(root, "logs/a"), LogTarget::File("/etc/httpd/logs/a".into()));
        assert_eq!(parse(root, "/var/log/a"), LogTarget::File("/var/log/a".into()));
        assert_eq!(parse(root, "/dev/null"), LogTarget::Off);
        assert_eq!(parse(root, "syslog:local1:web"), LogTarget::Syslog("local1:web".into()));
        assert_eq!(parse(root, "syslog"), LogTarget::Syslog(String::new()));
    }

    #[test]
    fn rotators_tell_their_files() {
        assert_eq!(piped("|/usr/bin/rotatelogs /l/a.%Y-%m-%d 86400").as_deref(), Some("/l/a.*-*-*"));
        assert_eq!(piped("|$rotatelogs -l -L /l/now /l/%Y%m%d/a 86400").as_deref(), Some("/l/*/a"));
        assert_eq!(piped("||bin/rotatelogs /l/a 86400 60").as_deref(), Some("/l/a.*"));
        assert_eq!(piped("|rotatelogs -n 5 /l/a 10M").as_deref(), Some("/l/a*"));
        assert_eq!(piped("|rotatelogs -t /l/a 10M").as_deref(), Some("/l/a"));
        assert_eq!(piped("|/usr/sbin/cronolog -S /l/now \"/l/%Y/a b.log\"").as_deref(), Some("/l/*/a b.log"));
        assert_eq!(piped("|rotatelogs logs/a 1"), None);
        assert_eq!(piped("|/opt/own --to /l/a"), None);
        assert_eq!(piped("|"), None);
    }
}
