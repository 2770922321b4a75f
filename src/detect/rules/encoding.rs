//! Value modifiers that rewrite a value: windash, base64, base64offset, UTF-16.

use crate::detect::rules::error::Problem;
use crate::detect::rules::item::wrong;
use crate::detect::rules::pattern::Part;

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

/// Every form that a value takes once it is rewritten, in the order of the modifiers.
pub(super) fn apply(parts: Vec<Part>, encodings: &[Encoding]) -> Result<Vec<Vec<Part>>, Problem> {
    let mut forms = vec![parts];
    for encoding in encodings {
        let each = forms.iter().map(|parts| encoding.form(parts)).collect::<Result<Vec<_>, _>>()?;
        forms = each.concat();
    }
    Ok(forms)
}

impl Encoding {
    fn form(self, parts: &[Part]) -> Result<Vec<Vec<Part>>, Problem> {
        match (self, parts) {
            (Self::Windash, _) => Ok(vec![parts.iter().flat_map(windash).collect()]),
            (Self::Base64, [Part::Text(text)]) => Ok(vec![vec![Part::Text(base64(text))]]),
            (Self::Base64Offset, [Part::Text(text)]) => {
                Ok((0..3).map(|shift| vec![Part::Text(base64_at(text, shift))]).collect())
            }
            (Self::Base64 | Self::Base64Offset, _) => {
                Err(wrong("base64", "a wildcard has no encoding; write the value without `*` and `?`"))
            }
            _ if parts.contains(&Part::Dash) => {
                Err(wrong("windash", "let it stand alone; UTF-16 has no dashes of DOS"))
            }
            _ => Ok(vec![parts.iter().map(|part| self.wide(part)).collect()]),
        }
    }

    /// UTF-16 of text; wildcards stay.
    fn wide(self, part: &Part) -> Part {
        let Part::Text(text) = part else { return part.clone() };
        Part::Text(match self {
            Self::Utf16Be => utf16(text, u16::to_be_bytes),
            Self::Utf16 => [&[0xFF, 0xFE], utf16(text, u16::to_le_bytes).as_slice()].concat(),
            _ => utf16(text, u16::to_le_bytes),
        })
    }
}

/// Any dash in place of each that begins a word, as in pySigma: not after a word, and before one.
fn windash(part: &Part) -> Vec<Part> {
    let Part::Text(text) = part else { return vec![part.clone()] };
    let word =
        |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let begins = |at: usize| !word(at.checked_sub(1)) && word(Some(at + 1));
    let mut parts = Vec::new();
    let mut from = 0;
    for at in (0..text.len()).filter(|at| matches!(text.get(*at), Some(b'-' | b'/')) && begins(*at)) {
        parts.extend(text.get(from..at).filter(|text| !text.is_empty()).map(|text| Part::Text(text.to_vec())));
        parts.push(Part::Dash);
        from = at + 1;
    }
    parts.extend(text.get(from..).filter(|text| !text.is_empty()).map(|text| Part::Text(text.to_vec())));
    parts
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
            let forms = apply(vec![Part::Text(b"/etc/passwd".to_vec())], &[Encoding::Base64Offset]).unwrap();
            let found = |form: &Vec<Part>| match form.as_slice() {
                [Part::Text(code)] => memchr::memmem::find(&whole, code).is_some(),
                _ => false,
            };
            assert!(forms.iter().any(found), "{before}");
        }
    }

    #[test]
    fn windash_varies_leading_dashes_only() {
        let shape = |text: &str| {
            let parts = windash(&Part::Text(text.as_bytes().to_vec()));
            let show = |part| match part {
                Part::Text(text) => String::from_utf8(text).unwrap(),
                _ => "~".to_owned(),
            };
            parts.into_iter().map(show).collect::<String>()
        };
        assert_eq!(shape("-a b-c /d - x --long"), "~a b-c ~d - x -~long");
        assert_eq!(shape("abc"), "abc");
    }

    #[test]
    fn wide_text_keeps_its_wildcards_and_base64_has_none() {
        let parts = vec![Part::Text(b"a".to_vec()), Part::Many];
        let wide = apply(parts.clone(), &[Encoding::Utf16Be]).unwrap();
        assert_eq!(wide, [vec![Part::Text(vec![0, b'a']), Part::Many]]);
        assert!(apply(parts, &[Encoding::Base64]).is_err());
    }
}
