//! The stream of `journalctl -o export`, <https://systemd.io/JOURNAL_EXPORT_FORMATS/>: bytes in, entries out, memory
//! bounded.

use std::collections::VecDeque;

use crate::formats::logs::clock::digits;
use crate::formats::logs::{Line, application, auth};
use crate::model::Millis;

/// A field beyond is left out.
const LONGEST_FIELD: usize = 1 << 20;

/// What we keep of a journal entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// `__CURSOR`: where to go on after a restart.
    pub cursor: Vec<u8>,
    /// `__REALTIME_TIMESTAMP`
    pub stamp: Option<Millis>,
    /// `_COMM`: the name of the process, which the kernel vouches for.
    pub comm: Vec<u8>,
    /// `_UID`
    pub uid: Option<u64>,
    /// `SYSLOG_IDENTIFIER`: the name the process gives itself.
    pub identifier: Vec<u8>,
    pub message: Vec<u8>,
}

impl Entry {
    /// The login it tells of, or what another program says. Anyone may call himself sshd: the process must be one, and
    /// root's.
    pub fn line(&self) -> Line<'_> {
        if self.comm == b"sudo" || (self.comm.starts_with(b"sshd") && self.uid.is_none_or(|uid| uid == 0)) {
            return auth::login(&self.comm, &self.message, self.stamp);
        }
        application::said(&self.identifier, &self.message, self.stamp)
    }

    fn set(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"__CURSOR" => self.cursor = value.to_vec(),
            b"__REALTIME_TIMESTAMP" => self.stamp = digits(value).map(|micros| Millis(micros / 1_000)),
            b"_COMM" => self.comm = value.to_vec(),
            b"_UID" => self.uid = digits(value).and_then(|uid| u64::try_from(uid).ok()),
            b"SYSLOG_IDENTIFIER" => self.identifier = value.to_vec(),
            b"MESSAGE" => self.message = value.to_vec(),
            _ => {}
        }
    }
}

/// Decodes the stream piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
    expects: Expects,
    entry: Entry,
    complete: VecDeque<Entry>,
}

#[derive(Clone, Debug, Default)]
enum Expects {
    /// `NAME=value`, a bare `NAME` before a binary value, or the empty line after an entry.
    #[default]
    Line,
    /// Eight bytes, little endian.
    Length {
        name: Vec<u8>,
    },
    Value {
        name: Vec<u8>,
        length: usize,
    },
    /// The rest of a value that is too long.
    Surplus {
        left: u64,
    },
    /// The rest of a line that is too long.
    LineEnd,
}

impl Decoder {
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        if matches!(self.expects, Expects::Value { length, .. } if self.pending.len() <= length) {
            return;
        }
        let mut pending = std::mem::take(&mut self.pending);
        let mut rest = pending.as_slice();
        while let Some(used) = self.step(rest) {
            rest = &rest[used..];
        }
        let used = pending.len() - rest.len();
        pending.drain(..used);
        self.pending = pending;
    }

    /// The oldest complete entry not yet taken.
    pub fn entry(&mut self) -> Option<Entry> {
        self.complete.pop_front()
    }

    /// How many bytes of `rest` are done with; none until more come.
    fn step(&mut self, rest: &[u8]) -> Option<usize> {
        match &mut self.expects {
            Expects::Line => self.line(rest),
            Expects::Length { name } => {
                let length = u64::from_le_bytes(*rest.first_chunk::<8>()?);
                self.expects = match usize::try_from(length) {
                    Ok(length) if length <= LONGEST_FIELD => Expects::Value { name: std::mem::take(name), length },
                    _ => Expects::Surplus { left: length.saturating_add(1) },
                };
                Some(8)
            }
            Expects::Value { name, length } => {
                let used = *length + 1;
                let value = rest.get(..used)?;
                self.entry.set(name, &value[..used - 1]);
                self.expects = Expects::Line;
                Some(used)
            }
            Expects::Surplus { left } => {
                let used = rest.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= used as u64;
                if *left == 0 {
                    self.expects = Expects::Line;
                }
                (used > 0).then_some(used)
            }
            Expects::LineEnd => {
                let newline = memchr::memchr(b'\n', rest);
                if newline.is_some() {
                    self.expects = Expects::Line;
                }
                Some(newline.map_or(rest.len(), |at| at + 1)).filter(|used| *used > 0)
            }
        }
    }

    fn line(&mut self, rest: &[u8]) -> Option<usize> {
        let Some(newline) = memchr::memchr(b'\n', rest) else {
            if rest.len() <= LONGEST_FIELD {
                return None;
            }
            self.expects = Expects::LineEnd;
            return Some(rest.len());
        };
        let line = &rest[..newline];
        match memchr::memchr(b'=', line) {
            Some(equals) => self.entry.set(&line[..equals], &line[equals + 1..]),
            None if line.is_empty() => self.finish(),
            None => self.expects = Expects::Length { name: line.to_vec() },
        }
        Some(newline + 1)
    }

    fn finish(&mut self) {
        let entry = std::mem::take(&mut self.entry);
        if entry != Entry::default() {
            self.complete.push_back(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::logs::Record;
    use crate::model::What;

    fn stream() -> Vec<u8> {
        let mut bytes = b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1795374000123456\n_COMM=sshd\n_UID=0\nSYSLOG_IDENTIFIER=sshd\nMESSAGE\n".to_vec();
        let message = b"Failed password for invalid user a\nb from 192.0.2.7 port 1 ssh2";
        bytes.extend_from_slice(&(message.len() as u64).to_le_bytes());
        bytes.extend_from_slice(message);
        bytes.extend_from_slice(b"\n_X=y\n\n\n_COMM=logger\n_UID=1000\nSYSLOG_IDENTIFIER=sshd\nMESSAGE=Failed password for root from 6.6.6.6 port 1 ssh2\n\n");
        bytes
    }

    #[test]
    fn entries_are_the_same_however_the_stream_is_cut() {
        for size in [1, 2, 7, 4096] {
            let mut decoder = Decoder::default();
            stream().chunks(size).for_each(|chunk| decoder.push(chunk));
            let (ssh, forged) = (decoder.entry().unwrap(), decoder.entry().unwrap());
            assert_eq!((ssh.cursor.as_slice(), ssh.stamp), (&b"s=1"[..], Some(Millis(1_795_374_000_123))));
            let Line::Record(record) = ssh.line() else { panic!("no login") };
            assert_eq!(record.client, "192.0.2.7".parse().ok());
            assert!(matches!(forged.line(), Line::Nothing));
            assert_eq!(decoder.entry(), None);
        }
    }

    #[test]
    fn other_programs_speak_for_themselves_alone() {
        let entry = |identifier: &[u8], comm: &[u8]| Entry {
            comm: comm.to_vec(),
            identifier: identifier.to_vec(),
            message: b"Login failed for a from 192.0.2.7".to_vec(),
            uid: Some(33),
            ..Entry::default()
        };
        let said = |entry: &Entry| match entry.line() {
            Line::Record(Record { what: What::Note(note), client: None, .. }) => note.code.to_vec(),
            _ => Vec::new(),
        };
        assert_eq!(said(&entry(b"roundcube", b"php-fpm")), b"roundcube");
        assert_eq!(said(&entry(b"sshd", b"php-fpm")), b"");
        assert_eq!(said(&entry(b"", b"php-fpm")), b"");
    }

    #[test]
    fn a_value_of_line_breaks_takes_linear_time() {
        let mut decoder = Decoder::default();
        decoder.push(b"_COMM=c\nMESSAGE\n");
        decoder.push(&(LONGEST_FIELD as u64).to_le_bytes());
        (0..=LONGEST_FIELD).for_each(|_| decoder.push(b"\n"));
        decoder.push(b"\n");
        assert_eq!(decoder.entry().map(|entry| entry.message.len()), Some(LONGEST_FIELD));
    }

    #[test]
    fn what_is_too_long_is_left_out_and_nothing_else() {
        let mut decoder = Decoder::default();
        decoder.push(b"MESSAGE\n");
        decoder.push(&(3 * LONGEST_FIELD as u64).to_le_bytes());
        for _ in 0..3 {
            decoder.push(&vec![b'x'; LONGEST_FIELD]);
            assert!(decoder.pending.len() <= LONGEST_FIELD + 1);
        }
        decoder.push(b"\nA=");
        decoder.push(&vec![b'x'; 2 * LONGEST_FIELD]);
        decoder.push(b"\n_COMM=c\n\n");
        assert_eq!(decoder.entry(), Some(Entry { comm: b"c".to_vec(), ..Entry::default() }));
    }
}
