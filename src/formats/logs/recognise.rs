//! What a log looks like where nothing declares it: the first format, strictest first, that reads most of a sample.

use jiff::tz::TimeZone;

use crate::formats::logs::access::Access;
use crate::formats::logs::{Line, LineFormat, Parser};

/// Lines looked at.
const SAMPLE: usize = 200;

pub fn recognise(sample: &[&[u8]]) -> Option<LineFormat> {
    let candidates = [
        LineFormat::JournalExport,
        LineFormat::ModsecurityAudit,
        LineFormat::Application,
        LineFormat::JsonLines,
        LineFormat::W3c,
        LineFormat::Access(Access::MAIN),
        LineFormat::Access(Access::VHOST_COMBINED),
        LineFormat::Access(Access::COMBINED),
        LineFormat::Access(Access::COMMON),
        LineFormat::ApacheError,
        LineFormat::NginxError,
        LineFormat::PhpFpm,
        LineFormat::Auth,
    ];
    candidates.into_iter().find(|format| fits(format, sample))
}

/// More than half of the lines that are not blank are read, and something is.
fn fits(format: &LineFormat, sample: &[&[u8]]) -> bool {
    let mut parser = Parser::new(format.clone()).zone(TimeZone::UTC);
    let (mut lines, mut read, mut records) = (0, 0, 0);
    for line in sample.iter().take(SAMPLE).filter(|line| !line.is_empty()) {
        lines += 1;
        match parser.parse(line) {
            Ok(Line::Record(record)) => {
                let sure = sure(format, line, record.client.is_some());
                read += usize::from(sure || !matches!(format, LineFormat::Application));
                records += usize::from(sure);
            }
            Ok(Line::Nothing) => read += usize::from(may_hold_nothing(format, line)),
            Err(_) => {}
        }
    }
    match format {
        LineFormat::ModsecurityAudit | LineFormat::JournalExport | LineFormat::Auth => lines > 0 && read * 2 > lines,
        LineFormat::W3c => read * 2 > lines && sample.iter().any(|line| line.starts_with(b"#Fields:")),
        _ => records > 0 && read * 2 > lines,
    }
}

/// An access line of a virtual host's log must name a client where the format says it stands.
fn sure(format: &LineFormat, line: &[u8], has_client: bool) -> bool {
    match format {
        LineFormat::Access(Access::VHOST_COMBINED) => has_client,
        // What it would read of any other text, its other formats read better.
        LineFormat::Application => line.starts_with(b"{"),
        LineFormat::Access(_) => has_client || !line.starts_with(b" "),
        _ => true,
    }
}

/// Lines that hold nothing speak for the formats that have such lines.
fn may_hold_nothing(format: &LineFormat, line: &[u8]) -> bool {
    match format {
        LineFormat::W3c => line.starts_with(b"#"),
        LineFormat::JournalExport => is_journal_field(line),
        LineFormat::ModsecurityAudit => !line.starts_with(b"{") || line.starts_with(b"{\"transaction\""),
        LineFormat::NginxError | LineFormat::PhpFpm => false,
        _ => true,
    }
}

/// `_NAME=value`
fn is_journal_field(line: &[u8]) -> bool {
    let name = memchr::memchr(b'=', line).map_or(&[][..], |equals| &line[..equals]);
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
}
