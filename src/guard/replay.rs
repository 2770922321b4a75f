//! Finished logs, oldest first, into a trial.

use std::path::{Path, PathBuf};

use crate::formats::logs::{Line, LineFormat, Parser};
use crate::guard::trial::Trial;
use crate::model::{At, Client, Event, Millis, SourceIx, Via};
use crate::monitor::{LineReader, MAX_LINE, ReadError};

/// Lines looked at to tell a format.
const SAMPLE: usize = 200;
/// Lines between two words on how far it is.
const TICK: u64 = 16_384;

/// One log, opened and recognised.
pub struct Log {
    pub path: PathBuf,
    format: LineFormat,
    first: Millis,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{}: its lines fit no format that is known; say --format, or declare it in the server's configuration", .0.display())]
    NoFormat(PathBuf),
}

/// What reading came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub lines: u64,
    pub unparsed: u64,
}

/// One log read through, or as far as it went.
pub struct Read {
    pub counted: Counted,
    pub problem: Option<ReplayError>,
}

impl Log {
    /// `format`: as declared; recognised from the first lines without one.
    pub fn open(path: &Path, format: Option<LineFormat>) -> Result<Self, ReplayError> {
        let sample = sample(path)?;
        let lines: Vec<&[u8]> = sample.iter().map(Vec::as_slice).collect();
        let format = format.or_else(|| LineFormat::recognise(&lines));
        let format = format.ok_or_else(|| ReplayError::NoFormat(path.to_path_buf()))?;
        let mut parser = Parser::new(format.clone());
        let first = lines.iter().find_map(|line| match parser.parse(line) {
            Ok(Line::Record(record)) => record.stamp,
            _ => None,
        });
        Ok(Self { path: path.to_path_buf(), format, first: first.unwrap_or_default() })
    }

    pub fn format(&self) -> &str {
        self.format.name()
    }

    /// When its first line was written.
    pub fn first(&self) -> Millis {
        self.first
    }

    /// Reads it through; `tick` hears how many bytes of how many were taken from the disk.
    pub fn read(self, ix: SourceIx, trial: &mut Trial, tick: &mut dyn FnMut(u64, u64)) -> Read {
        let mut counted = Counted::default();
        let problem = self.lines(ix, trial, tick, &mut counted).err();
        Read { counted, problem }
    }

    fn lines(
        self,
        ix: SourceIx,
        trial: &mut Trial,
        tick: &mut dyn FnMut(u64, u64),
        counted: &mut Counted,
    ) -> Result<(), ReplayError> {
        trial.source(ix, &self.path.to_string_lossy());
        let mut lines = LineReader::open(&self.path, MAX_LINE)?;
        let mut parser = Parser::new(self.format);
        let mut now = self.first;
        while let Some(raw) = lines.next_line()? {
            counted.lines += 1;
            match parser.parse(raw.bytes) {
                Ok(Line::Record(record)) => {
                    now = record.stamp.map_or(now, |stamp| stamp.max(now));
                    let client = record.client.map(|ip| Client { ip, via: Via::Direct });
                    let at = At { source: ix, offset: raw.offset, line: raw.number };
                    let (stamp, what) = (record.stamp, record.what);
                    trial.see(&Event { now, stamp, at, client, site: b"", raw: raw.bytes, what });
                }
                Ok(Line::Nothing) => {}
                Err(_) => counted.unparsed += 1,
            }
            if counted.lines % TICK == 0 {
                let (done, all) = lines.progress();
                tick(done, all);
            }
        }
        Ok(())
    }
}

fn sample(path: &Path) -> Result<Vec<Vec<u8>>, ReadError> {
    let mut lines = LineReader::open(path, MAX_LINE)?;
    let mut sample = Vec::new();
    while sample.len() < SAMPLE
        && let Some(line) = lines.next_line()?
    {
        sample.push(line.bytes.to_vec());
    }
    Ok(sample)
}
