//! Bytes → logical lines, as httpd's `ap_cfg_getline` reads them: a backslash at a line's end joins the next one.

use std::borrow::Cow;
use std::ops::Range;

/// One logical line: one or more physical lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it stands in the file, line ends included; the lines of a file cover it without gaps.
    pub bytes: Range<usize>,
    /// First physical line, from 1.
    pub first: u32,
    /// The line httpd names in its messages: the last physical one.
    pub last: u32,
    /// Joined and trimmed; what is not UTF-8 shows as U+FFFD.
    pub text: String,
}

/// All logical lines of a file.
pub fn read(source: &[u8]) -> Lines<'_> {
    Lines { source, at: 0, number: 0 }
}

pub struct Lines<'a> {
    source: &'a [u8],
    at: usize,
    number: u32,
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let (start, first) = (self.at, self.number.saturating_add(1));
        let mut text = Cow::Borrowed(&[][..]);
        loop {
            self.number = self.number.saturating_add(1);
            let Some(physical) = self.physical() else {
                if self.at == start {
                    return None;
                }
                break;
            };
            let (body, continues) = split_continuation(physical);
            if text.is_empty() {
                text = Cow::Borrowed(body);
            } else {
                text.to_mut().extend_from_slice(body);
            }
            if !continues {
                break;
            }
        }
        let text = String::from_utf8_lossy(trim(&text)).into_owned();
        Some(Line { bytes: start..self.at, first, last: self.number, text })
    }
}

impl<'a> Lines<'a> {
    fn physical(&mut self) -> Option<&'a [u8]> {
        let rest = self.source.get(self.at..).filter(|rest| !rest.is_empty())?;
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        self.at += length;
        rest.get(..length)
    }
}

/// httpd's strings end at a NUL byte, so such a line never continues.
fn split_continuation(physical: &[u8]) -> (&[u8], bool) {
    if let Some(nul) = memchr::memchr(0, physical) {
        return (physical.split_at(nul).0, false);
    }
    let Some(body) = physical.strip_suffix(b"\n") else { return (physical, false) };
    let unix = body.strip_suffix(b"\r").unwrap_or(body);
    match unix.strip_suffix(b"\\") {
        Some(joined) => (joined, true),
        None => (body, false),
    }
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

/// C's `isspace` in the C locale.
pub fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &[u8]) -> Vec<(u32, u32, String)> {
        read(source).map(|line| (line.first, line.last, line.text)).collect()
    }

    #[test]
    fn joins_continued_lines_and_counts_physical_ones() {
        assert_eq!(
            texts(b"  A 1 \\\r\n  2\\\n3\n\nB\n"),
            [(1, 3, "A 1   23".into()), (4, 4, String::new()), (5, 5, "B".into())]
        );
    }

    #[test]
    fn a_backslash_before_the_end_of_the_file_counts_one_line_more_as_httpd_does() {
        assert_eq!(texts(b"A \\\n"), [(1, 2, "A".into())]);
        assert_eq!(texts(b"A \\"), [(1, 1, "A \\".into())]);
    }

    #[test]
    fn a_nul_byte_ends_the_line() {
        assert_eq!(texts(b"A\0B \\\nC"), [(1, 1, "A".into()), (2, 2, "C".into())]);
    }
}
