//! A place in a line: takes fields one after another and says where it stopped.

use crate::formats::logs::Unparsed;

#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    line: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    pub fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    pub fn unparsed(&self, expected: &'static str) -> Unparsed {
        Unparsed { at: self.at, expected }
    }

    pub fn skip(&mut self, literal: &[u8], expected: &'static str) -> Result<(), Unparsed> {
        if self.take_if(literal) { Ok(()) } else { Err(self.unparsed(expected)) }
    }

    pub fn take_if(&mut self, literal: &[u8]) -> bool {
        let there = self.rest().starts_with(literal);
        if there {
            self.at += literal.len();
        }
        there
    }

    /// The bytes up to `stop`, which is passed over.
    pub fn until(&mut self, stop: u8, expected: &'static str) -> Result<&'a [u8], Unparsed> {
        let rest = self.rest();
        let end = memchr::memchr(stop, rest).ok_or(self.unparsed(expected))?;
        self.at += end + 1;
        Ok(&rest[..end])
    }

    /// The bytes up to the first `stop`, which is passed over.
    pub fn until_str(&mut self, stop: &[u8], expected: &'static str) -> Result<&'a [u8], Unparsed> {
        let rest = self.rest();
        let end = memchr::memmem::find(rest, stop).ok_or(self.unparsed(expected))?;
        self.at += end + stop.len();
        Ok(&rest[..end])
    }
}
