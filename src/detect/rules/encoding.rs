//! Value modifiers that rewrite a value: windash, base64, base64offset, UTF-16.

/// A rewriting of values before they are searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Windash,
    Base64,
    Base64Offset,
    Utf16Le,
    Utf16Be,
    /// UTF-16 with a byte order mark.
    Utf16,
}

impl Encoding {
    /// Every text that stands for `text`.
    pub fn apply(self, text: &[u8]) -> Vec<Vec<u8>> {
        match self {
            Self::Windash => windash(text),
            Self::Base64 => vec![base64(text)],
            Self::Base64Offset => (0..3).map(|shift| base64_at(text, shift)).collect(),
            Self::Utf16Le => vec![utf16(text, u16::to_le_bytes)],
            Self::Utf16Be => vec![utf16(text, u16::to_be_bytes)],
            Self::Utf16 => vec![[&[0xFF, 0xFE], utf16(text, u16::to_le_bytes).as_slice()].concat()],
        }
    }
}

/// Sigma's windash: each of `-`, `/`, en dash, em dash and horizontal bar in place of a word's leading dash or slash.
fn windash(text: &[u8]) -> Vec<Vec<u8>> {
    let starts: Vec<usize> = (0..text.len())
        .filter(|at| matches!(text.get(*at), Some(b'-' | b'/')))
        .filter(|at| *at == 0 || text.get(at.wrapping_sub(1)).is_some_and(|before| !before.is_ascii_alphanumeric()))
        .collect();
    let mut all = vec![text.to_vec()];
    if starts.is_empty() {
        return all;
    }
    for dash in ["-", "/", "–", "—", "―"] {
        let mut out = Vec::new();
        for (at, byte) in text.iter().enumerate() {
            if starts.contains(&at) { out.extend_from_slice(dash.as_bytes()) } else { out.push(*byte) }
        }
        if !all.contains(&out) {
            all.push(out);
        }
    }
    all
}

fn utf16(text: &[u8], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    String::from_utf8_lossy(text).encode_utf16().flat_map(bytes).collect()
}

/// What is sure to stand in the encoding of any text that has `text` at an offset of `shift` (mod 3).
fn base64_at(text: &[u8], shift: usize) -> Vec<u8> {
    let padded = [&[0; 3][..shift.min(3)], text].concat();
    let mut code = base64(&padded);
    let unsure_end = match padded.len() % 3 {
        0 => 0,
        1 => 3,
        _ => 2,
    };
    code.truncate(code.len().saturating_sub(unsure_end));
    let unsure_start = [0, 2, 3].get(shift).copied().unwrap_or(0);
    code.drain(..unsure_start.min(code.len()));
    code
}

fn base64(text: &[u8]) -> Vec<u8> {
    const CODE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(text.len().div_ceil(3) * 4);
    for chunk in text.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let code = CODE.get((bits >> (18 - 6 * digit) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if digit > chunk.len() as u32 { b'=' } else { code });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_rfc_4648() {
        for (text, code) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(text.as_bytes()), code.as_bytes());
        }
    }

    #[test]
    fn base64_at_any_offset_is_found() {
        for before in ["", "x", "xy", "xyz"] {
            let whole = base64(format!("{before}/etc/passwd tail").as_bytes());
            let codes = Encoding::Base64Offset.apply(b"/etc/passwd");
            assert!(codes.iter().any(|code| memchr::memmem::find(&whole, code).is_some()), "{before}");
        }
    }

    #[test]
    fn windash_varies_leading_dashes_only() {
        let all = windash(b"-a b-c /d");
        assert!(all.contains(&"–a b-c –d".as_bytes().to_vec()));
        assert_eq!(all.len(), 6);
        assert_eq!(windash(b"abc"), [b"abc".to_vec()]);
    }
}
