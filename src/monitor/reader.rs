//! One log's lines → events: format, clock, client, and whether the lines still parse.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::client::{Origin, client};
use super::clock::LogClock;
use super::health::{Health, Limits, Misfit};
use super::line::RawLine;
use super::problem::Problem;
use super::source::Source;
use crate::formats::logs::{Line, LineFormat, Parser, Record, Unparsed};
use crate::model::{Alert, At, Client, Event, FormatSyntax, LogKind, Millis, RealIp, SourceIx, What};

/// Lines that did not fit, kept to recognise the format they are in.
const SAMPLE: usize = 20;
/// Bytes kept of each.
const SAMPLE_LINE: usize = 8 << 10;

pub(super) struct LogReader {
    pub path: PathBuf,
    file: String,
    ix: SourceIx,
    kind: LogKind,
    site: String,
    real_ip: RealIp,
    /// Stamps are of the request's start: its end is when the line was written.
    starts: bool,
    format: String,
    declared: bool,
    /// A record is several lines: none of them can be offered twice.
    joins: bool,
    /// False inside such a record.
    pub settled: bool,
    parser: Option<Parser>,
    plan: Option<Arc<Plan>>,
    pub clock: LogClock,
    pub health: Health,
    limits: Limits,
    misfits: VecDeque<Vec<u8>>,
    near: Millis,
}

/// What reading one line by itself needs to know of its log.
pub(super) struct Plan {
    format: LineFormat,
    site: String,
    real_ip: RealIp,
}

impl Plan {
    pub fn parser(&self) -> Parser {
        let parser = Parser::new(self.format.clone());
        match &self.real_ip.header {
            Some(header) => parser.forwarded_header(header),
            None => parser,
        }
    }

    pub fn client(&self, record: &Record<'_>) -> Option<Client> {
        let origin = Origin { client: record.client, peer: record.peer, forwarded: record.forwarded };
        client(origin, &self.real_ip)
    }

    /// Of a request that says it came to `host`.
    pub fn site<'a>(&'a self, host: &'a [u8]) -> &'a [u8] {
        if self.site.is_empty() { host } else { self.site.as_bytes() }
    }
}

/// What reading gives besides events.
#[derive(Debug, Default)]
pub(super) struct Aside {
    pub alarms: Vec<Alert>,
    pub problems: Vec<Problem>,
}

/// The line belongs after the limit: nothing was made of it yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Later(pub Millis);

impl LogReader {
    /// `now`: the log clock where reading goes on. `near`: a moment at or after the next lines.
    pub fn new(source: &Source, path: &Path, ix: SourceIx, now: Millis, near: Millis, aside: &mut Aside) -> Self {
        let mut reader = Self {
            path: path.to_path_buf(),
            file: path.display().to_string(),
            ix,
            kind: source.kind,
            site: source.site.clone(),
            real_ip: source.real_ip.clone(),
            starts: source.format.as_ref().is_some_and(|format| format.syntax == FormatSyntax::Apache),
            format: "any known format".to_owned(),
            declared: source.format.is_some(),
            joins: false,
            settled: true,
            parser: None,
            plan: None,
            clock: LogClock::at(now),
            health: Health::default(),
            limits: Limits::default(),
            misfits: VecDeque::new(),
            near,
        };
        match &source.format {
            Some(declared) => match LineFormat::compile(declared) {
                Ok(format) => reader.take(format),
                Err(cause) => {
                    reader.declared = false;
                    let (path, declared) = (path.to_path_buf(), declared.name.clone());
                    aside.problems.push(Problem::NoFormat { path, declared, cause: cause.to_string() });
                }
            },
            None if source.kind != LogKind::Access => reader.take(LineFormat::for_kind(source.kind)),
            None => {}
        }
        reader
    }

    /// Shows a log that is read on in the middle how it begins; makes no events.
    pub fn prime(&mut self, lines: &[Vec<u8>]) {
        let sample: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        if self.parser.is_none()
            && let Some(found) = LineFormat::recognise(&sample)
        {
            self.take(found);
        }
        if let Some(parser) = &mut self.parser {
            for header in sample.into_iter().filter(|line| line.starts_with(b"#")) {
                let _ = parser.parse(header);
            }
        }
    }

    /// Gives the event of a line, unless it happened after `limit`. A line not taken must be offered again.
    pub fn read(
        &mut self,
        line: RawLine<'_>,
        limit: Millis,
        each: &mut dyn FnMut(&Event<'_>),
        aside: &mut Aside,
    ) -> Result<(), Later> {
        if self.parser.is_none() {
            self.recognise(line.bytes, aside);
        }
        let Some(cause) = self.offer(line, limit, each)? else { return Ok(()) };
        self.keep(line.bytes);
        // A declared format is believed until it fails as often as would raise the alarm.
        let enough = if self.declared { self.misfits.len() >= SAMPLE } else { true };
        if enough && self.recognise(line.bytes, aside) && self.offer(line, limit, each)?.is_none() {
            return Ok(());
        }
        self.failed(line, cause, aside);
        Ok(())
    }

    /// None where the line was taken; otherwise why it does not fit.
    fn offer(
        &mut self,
        line: RawLine<'_>,
        limit: Millis,
        each: &mut dyn FnMut(&Event<'_>),
    ) -> Result<Option<Unparsed>, Later> {
        let Some(parser) = &mut self.parser else {
            return Ok(Some(Unparsed { at: 0, expected: "a line of a known format" }));
        };
        let record = match parser.parse(line.bytes) {
            Ok(Line::Record(record)) => record,
            Ok(Line::Nothing) => {
                self.settled = !self.joins;
                return Ok(None);
            }
            Err(cause) => {
                self.settled |= !self.joins;
                return Ok(Some(cause));
            }
        };
        let mut stamp = written(&record, self.starts);
        // Nothing says when such a line was written but that it was not before now.
        if self.kind == LogKind::Plain && stamp.is_none() {
            stamp = Some(self.near);
        }
        let now = advance(&mut self.clock, stamp, limit, self.joins)?;
        self.settled = true;
        self.health.parsed();
        self.misfits.clear();
        let origin = Origin { client: record.client, peer: record.peer, forwarded: record.forwarded };
        let site = match &record.what {
            What::Request(request) if self.site.is_empty() => request.host,
            _ => self.site.as_bytes(),
        };
        each(&Event {
            now,
            stamp: record.stamp,
            at: At { source: self.ix, offset: line.offset, line: line.number },
            client: client(origin, &self.real_ip),
            site,
            raw: line.bytes,
            what: record.what,
        });
        Ok(None)
    }

    /// Counts a line that was read, unless it happened after `limit`; the log clock after it.
    pub fn admit(&mut self, stamp: Option<Millis>, limit: Millis) -> Result<Millis, Later> {
        let now = advance(&mut self.clock, stamp, limit, self.joins)?;
        self.settled = true;
        self.health.parsed();
        self.misfits.clear();
        Ok(now)
    }

    /// How its lines can be read ahead, where each can be read by itself.
    pub fn plan(&self) -> Option<&Arc<Plan>> {
        self.plan.as_ref()
    }

    fn failed(&mut self, line: RawLine<'_>, cause: Unparsed, aside: &mut Aside) {
        let misfit = Misfit {
            file: &self.file,
            line: line.number,
            offset: line.offset,
            bytes: line.bytes,
            format: &self.format,
            cause: &cause,
        };
        aside.alarms.extend(self.health.unparsed(misfit, self.clock.now(), &self.limits));
    }

    fn keep(&mut self, line: &[u8]) {
        if self.misfits.len() == SAMPLE {
            self.misfits.pop_front();
        }
        self.misfits.push_back(line.get(..SAMPLE_LINE).unwrap_or(line).to_vec());
    }

    /// True where another format than the one in use was found.
    fn recognise(&mut self, line: &[u8], aside: &mut Aside) -> bool {
        if self.kind != LogKind::Access {
            return false;
        }
        let mut sample: Vec<&[u8]> = self.misfits.iter().map(Vec::as_slice).collect();
        if sample.is_empty() {
            sample.push(line);
        }
        let Some(found) = LineFormat::recognise(&sample) else { return false };
        if self.parser.is_some() && found.name() == self.format {
            return false;
        }
        if self.declared {
            let (declared, found) = (self.format.clone(), found.name().to_owned());
            aside.problems.push(Problem::OtherFormat { path: self.path.clone(), declared, found });
            self.declared = false;
        }
        self.misfits.clear();
        self.take(found);
        true
    }

    fn take(&mut self, format: LineFormat) {
        format.name().clone_into(&mut self.format);
        self.joins = matches!(format, LineFormat::ModsecurityAudit | LineFormat::JournalExport);
        let alone = matches!(format, LineFormat::Access(_));
        let plan = Plan { format, site: self.site.clone(), real_ip: self.real_ip.clone() };
        let mut parser = plan.parser();
        if self.kind == LogKind::Auth {
            parser = parser.every_line();
        }
        parser.near(self.near);
        self.parser = Some(parser);
        self.plan = alone.then(|| Arc::new(plan));
    }
}

/// The log clock after a line, unless it happened after `limit`; lines that join are never too late.
fn advance(clock: &mut LogClock, stamp: Option<Millis>, limit: Millis, joins: bool) -> Result<Millis, Later> {
    let mut after = *clock;
    let now = after.after(stamp);
    if now > limit && !joins {
        return Err(Later(now));
    }
    *clock = after;
    Ok(now)
}

/// When the line was written, as far as it says.
fn written(record: &Record<'_>, starts: bool) -> Option<Millis> {
    let stamp = record.stamp?;
    match &record.what {
        What::Request(request) if starts => {
            Some(stamp + std::time::Duration::from_micros(request.micros.unwrap_or_default()))
        }
        _ => Some(stamp),
    }
}
