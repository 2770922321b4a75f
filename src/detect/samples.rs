//! The lines a rule carries, read as the guard would read them, against what the rule says of them.

use std::sync::Arc;

use crate::detect::rules::{Hit, RuleIx, RuleSet, Scanner};
use crate::formats::logs::{Line, LineFormat, Parser};
use crate::model::{At, Client, Event, Millis, Via};

/// 2026-11-22: the year of stamps that have none.
const NEAR: Millis = Millis::from_secs(1_795_374_000);
/// What a bare target is sent by.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// A sample that its rule judges otherwise than it says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    #[error("{file}:{line}: the rule misses {sample}; widen it, or move the sample to quiet")]
    Missed { file: String, line: u32, sample: String },
    #[error("{file}:{line}: the rule matches {sample}, which should be quiet; narrow it")]
    Alarmed { file: String, line: u32, sample: String },
    #[error("{file}:{line}: the sample is a line of no known log: {sample}")]
    Unread { file: String, line: u32, sample: String },
}

/// Every sample of every rule that is not judged as the rule says.
pub fn check(set: &Arc<RuleSet>) -> Vec<SampleError> {
    let mut scanner = Scanner::new(Arc::clone(set), 0);
    let mut wrong = Vec::new();
    for (rule, at) in set.rules().iter().zip((0..).map(RuleIx)) {
        let place = |sample: &str| (rule.file.clone(), rule.line, sample.to_owned());
        for (samples, should) in [(&rule.samples.must_match, true), (&rule.samples.quiet, false)] {
            for sample in samples {
                let (file, line, sample) = place(sample);
                match hits(&mut scanner, &line_of(&sample)).map(|hits| hits.iter().any(|hit| hit.rule == at)) {
                    None => wrong.push(SampleError::Unread { file, line, sample }),
                    Some(false) if should => wrong.push(SampleError::Missed { file, line, sample }),
                    Some(true) if !should => wrong.push(SampleError::Alarmed { file, line, sample }),
                    Some(_) => {}
                }
            }
        }
    }
    wrong
}

/// A sample as a log line: it is one already, or it is the target of a browser's GET in combined format.
pub fn line_of(sample: &str) -> String {
    let is_target = ["/", "http:", "https:"].iter().any(|start| sample.starts_with(start));
    if !is_target || sample.contains("] \"") {
        return sample.to_owned();
    }
    combined(sample, BROWSER)
}

/// A request for `/` by a user agent, in combined format.
pub fn line_by(agent: &str) -> String {
    combined("/", agent)
}

fn combined(target: &str, agent: &str) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let (target, agent) = (escaped(target), escaped(agent));
    format!("192.0.2.7 - - [22/Nov/2026:10:00:00 +0000] \"GET {target} HTTP/1.1\" 200 512 \"-\" \"{agent}\"")
}

/// Calls `see` with the event of a line in any known format; none where it is in none.
pub fn read<T>(line: &str, see: impl FnOnce(&Event<'_>) -> T) -> Option<T> {
    let raw = line.as_bytes();
    let mut parser = Parser::new(LineFormat::Mixed);
    parser.near(NEAR);
    let Ok(Line::Record(record)) = parser.parse(raw) else { return None };
    let client = record.client.map(|ip| Client { ip, via: Via::Direct });
    let (now, at) = (record.stamp.unwrap_or(NEAR), At::default());
    Some(see(&Event { now, stamp: record.stamp, at, client, site: b"", raw, what: record.what }))
}

fn hits(scanner: &mut Scanner, line: &str) -> Option<Vec<Hit>> {
    let mut hits = Vec::new();
    read(line, |event| scanner.scan(event, &mut hits))?;
    Some(hits)
}
