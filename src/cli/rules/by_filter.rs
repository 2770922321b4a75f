//! `peelhouse rules match --fail2ban FILTER[,option=value] FILE`: what one filter of fail2ban says of each line.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::detect::Settings;
use crate::detect::fail2ban::{Calendar, Loader};
use crate::host::{Host, clock};
use crate::model::Class;
use crate::monitor::{LineReader, MAX_LINE};

/// Where filters stand that are named and not given as a file.
const FOLDER: &str = "/etc/fail2ban";

/// A line that the filter takes for a failure.
#[derive(Serialize)]
struct Matched<'a> {
    /// From 1.
    line: usize,
    /// None where the filter finds the name of a host, or none at all.
    client: Option<IpAddr>,
    host: Option<&'a str>,
    rules: [&'a str; 1],
    class: Class,
    score: f32,
    alert: bool,
}

pub fn run(name: &str, file: &Path, settings: &Settings, out: &mut Output) -> Result<Exit, CliError> {
    let host = Host::live();
    let now = jiff::Timestamp::from_millisecond(clock::now().0).unwrap_or_default();
    let calendar = Calendar { now, zone: TimeZone::system() };
    let loader = Loader::new(&host, Path::new(FOLDER), calendar.year());
    let filter = Arc::new(loader.by_name(name)?);
    let verdicts = filter.lines(&calendar, &read(file)?);
    let costly = verdicts.iter().filter(|verdict| verdict.costly).count();
    let score = settings.score_failure;
    let mut matched = 0;
    for (verdict, line) in verdicts.iter().zip(1..).filter(|(verdict, _)| verdict.matched) {
        matched += 1;
        let (client, found) = (verdict.ip, verdict.host.as_deref());
        if out.is_json() {
            let (class, alert) = (Class::AuthFailure, score >= settings.score_alert);
            out.object(&Matched { line, client, host: found, rules: [name], class, score, alert })?;
        } else {
            out.line(&format!("{line:>8}  {}  {name}", found.unwrap_or("-")))?;
        }
    }
    if !out.is_json() {
        if costly > 0 {
            out.toned(
                Tone::Warn,
                &format!("{costly} lines were given up at the cost limit: whether they match is not known"),
            )?;
        }
        out.toned(Tone::Strong, &format!("{matched} of {} lines match {name}", verdicts.len()))?;
    }
    Ok(if costly == 0 { Exit::Done } else { Exit::Remark })
}

fn read(file: &Path) -> Result<Vec<u8>, CliError> {
    let mut lines = LineReader::open(file, MAX_LINE)?;
    let mut text = Vec::new();
    while let Some(line) = lines.next_line()? {
        text.extend_from_slice(line.bytes);
        text.push(b'\n');
    }
    Ok(text)
}
