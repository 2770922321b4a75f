//! The decodings attackers hide behind, each one pass, each able to say where every byte came from.

/// Takes decoded bytes; `at` is the offset in the input that the byte came from.
pub(in crate::detect) trait Out {
    fn put(&mut self, byte: u8, at: usize);

    fn run(&mut self, bytes: &[u8], at: usize) {
        for (i, byte) in bytes.iter().enumerate() {
            self.put(*byte, at + i);
        }
    }
}

impl Out for Vec<u8> {
    fn put(&mut self, byte: u8, _at: usize) {
        self.push(byte);
    }

    fn run(&mut self, bytes: &[u8], _at: usize) {
        self.extend_from_slice(bytes);
    }
}

/// Decoded bytes with their offsets in the input.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    pub bytes: Vec<u8>,
    pub at: Vec<usize>,
}

impl Mapped {
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), at: Vec::with_capacity(bytes) }
    }
}

impl Out for Mapped {
    fn put(&mut self, byte: u8, at: usize) {
        self.bytes.push(byte);
        self.at.push(at);
    }
}

/// Undoes a log's own escapes: `\xHH`, `\"`, `\\`, `\n`, `\t`, `\r`, `\b`, `\v`
/// (Apache's `ap_escape_logitem`, nginx's `ngx_http_log_escape`).
pub(in crate::detect) fn unescape(text: &[u8], out: &mut impl Out) {
    let mut at = 0;
    while let Some(slash) = memchr::memchr(b'\\', text.get(at..).unwrap_or_default()) {
        out.run(text.get(at..at + slash).unwrap_or_default(), at);
        at += slash;
        let (byte, len) = match text.get(at + 1..).unwrap_or_default() {
            [b'x' | b'X', high, low, ..] => match hex(*high, *low) {
                Some(byte) => (byte, 4),
                None => (b'\\', 1),
            },
            [b'n', ..] => (b'\n', 2),
            [b't', ..] => (b'\t', 2),
            [b'r', ..] => (b'\r', 2),
            [b'b', ..] => (8, 2),
            [b'v', ..] => (11, 2),
            [quoted @ (b'"' | b'\\'), ..] => (*quoted, 2),
            _ => (b'\\', 1),
        };
        out.put(byte, at);
        at += len;
    }
    out.run(text.get(at..).unwrap_or_default(), at);
}

/// Undoes `%XX` and `%uXXXX` once; folds overlong UTF-8 and full-width forms to the ASCII they stand for; drops NULs;
/// with `plus`, `+` is a space after the first `?`.
pub(super) fn percent(text: &[u8], plus: bool, out: &mut impl Out) {
    let mut fold = Fold { out, held: [(0, 0); 4], len: 0 };
    let mut query = false;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let rest = text.get(at + 1..).unwrap_or_default();
        let len = match (byte, rest) {
            (b'%', [b'u' | b'U', a, b, c, d, ..]) => match (hex(*a, *b), hex(*c, *d)) {
                (Some(high), Some(low)) => {
                    fold.wide(u16::from_be_bytes([high, low]), at);
                    6
                }
                _ => fold.plain(*byte, at),
            },
            (b'%', [high, low, ..]) => match hex(*high, *low) {
                Some(byte) => {
                    fold.take(byte, at);
                    3
                }
                None => fold.plain(*byte, at),
            },
            (b'+', _) if plus && query => fold.plain(b' ', at),
            _ => fold.plain(*byte, at),
        };
        query |= *byte == b'?';
        at += len;
    }
    fold.flush();
}

/// Paths that name the same file become the same: `\` → `/`, `//` and `/./` → `/`. `..` stays: it is evidence.
pub(super) fn normal_path(text: &[u8], out: &mut impl Out) {
    let slash = |at: usize| matches!(text.get(at), Some(b'/' | b'\\'));
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if !slash(at) {
            out.put(*byte, at);
            at += 1;
            continue;
        }
        out.put(b'/', at);
        at += 1;
        loop {
            if slash(at) {
                at += 1;
            } else if text.get(at) == Some(&b'.') && slash(at + 1) {
                at += 2;
            } else {
                break;
            }
        }
    }
}

fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// Holds back bytes that may begin an overlong or full-width form.
struct Fold<'o, O> {
    out: &'o mut O,
    held: [(u8, usize); 4],
    len: usize,
}

impl<O: Out> Fold<'_, O> {
    /// A byte that was not encoded; always one byte of input.
    fn plain(&mut self, byte: u8, at: usize) -> usize {
        self.take(byte, at);
        1
    }

    fn take(&mut self, byte: u8, at: usize) {
        if self.len == 0 && byte.is_ascii() {
            if byte != 0 {
                self.out.put(byte, at);
            }
            return;
        }
        if let Some(slot) = self.held.get_mut(self.len) {
            *slot = (byte, at);
            self.len += 1;
        }
        let [(a, from), (b, _), (c, _), (d, _)] = self.held;
        match (self.len, a) {
            (1, 0xC0 | 0xC1 | 0xE0 | 0xEF | 0xF0) => {}
            // Some decoders never look whether the second byte is a continuation: `%c0%2e` is a dot to them.
            (2, 0xC0 | 0xC1) if b < 0xC0 => self.folded((a & 1) << 6 | b & 0x3F, from),
            (2, 0xE0) if (0x80..0xA0).contains(&b) => {}
            (2, 0xEF) if b == 0xBC || b == 0xBD => {}
            (2, 0xF0) if (0x80..0x90).contains(&b) => {}
            (3, 0xE0) if (0x80..0x82).contains(&b) && is_continuation(c) => self.folded((b & 1) << 6 | c & 0x3F, from),
            (3, 0xEF) => match full_width(0xF000 | u16::from(b & 0x3F) << 6 | u16::from(c & 0x3F)) {
                Some(byte) if is_continuation(c) => self.folded(byte, from),
                _ => self.flush(),
            },
            (3, 0xF0) if b == 0x80 && (0x80..0x82).contains(&c) => {}
            (4, 0xF0) if is_continuation(d) => self.folded((c & 1) << 6 | d & 0x3F, from),
            _ => self.give_up(byte, at),
        }
    }

    /// The held bytes were no form after all; the last one may begin another.
    fn give_up(&mut self, byte: u8, at: usize) {
        if self.len <= 1 {
            return self.flush();
        }
        self.len -= 1;
        self.flush();
        self.take(byte, at);
    }

    fn folded(&mut self, byte: u8, at: usize) {
        self.len = 0;
        if byte != 0 {
            self.out.put(byte, at);
        }
    }

    /// A `%uXXXX` code unit.
    fn wide(&mut self, unit: u16, at: usize) {
        self.flush();
        match full_width(unit) {
            Some(byte) => self.folded(byte, at),
            None => {
                let mut utf8 = [0; 4];
                let text =
                    char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut utf8);
                for byte in text.bytes() {
                    self.out.put(byte, at);
                }
            }
        }
    }

    fn flush(&mut self) {
        for (byte, at) in self.held.iter().take(self.len) {
            self.out.put(*byte, *at);
        }
        self.len = 0;
    }
}

fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// The ASCII a code unit stands for: itself, its full-width form, or a slash that best-fit mappings make one.
fn full_width(unit: u16) -> Option<u8> {
    match unit {
        0..=0x7F => u8::try_from(unit).ok(),
        0xFF01..=0xFF5E => u8::try_from(unit - 0xFEE0).ok(),
        0x2044 | 0x2215 => Some(b'/'),
        0x2216 => Some(b'\\'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> String {
        let mut out = Vec::new();
        percent(text.as_bytes(), true, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn every_known_disguise_of_a_dot_falls() {
        for dot in
            ["%2e", "%2E", "%c0%ae", "%c0%2e", "%e0%80%ae", "%f0%80%80%ae", "%u002e", "%uff0e", "%ef%bc%8e", ".%00"]
        {
            assert_eq!(decoded(&format!("/{dot}/")), "/./", "{dot}");
        }
    }

    #[test]
    fn what_is_no_disguise_stays() {
        for text in ["/100%", "/%zz/%1", "/%u12g4", "/a+b", "/%%"] {
            assert_eq!(decoded(text), text);
        }
        assert_eq!(decoded("/a+b?c+d"), "/a+b?c d");
        assert_eq!(decoded("/%C3%A9%E2%82%AC%EF%BB%BF%F0%9F%98%80"), "/é€\u{feff}😀");
        assert_eq!(decoded("/%252e"), "/%2e");
        assert_eq!(decoded("/%c0"), "/\u{fffd}");
    }

    #[test]
    fn log_escapes_are_undone_and_know_where_they_were() {
        let mut out = Mapped::default();
        unescape(br#"a\x22b\"\\\q"#, &mut out);
        assert_eq!(out.bytes, br#"a"b"\\q"#);
        assert_eq!(out.at, [0, 1, 5, 6, 8, 10, 11]);
    }

    #[test]
    fn paths_take_normal_form() {
        let mut out = Vec::new();
        normal_path(br"//a/./b\..\.//c/.d/.", &mut out);
        assert_eq!(out, b"/a/b/../c/.d/.");
    }
}
