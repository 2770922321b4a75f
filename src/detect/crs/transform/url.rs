//! Percent, `%uXXXX`, UTF-8, base64 and hexadecimal.

use crate::detect::crs::transform::{hex, narrowed};

/// `%XX` and `+`; what is not encoded right stays.
pub fn decode(text: &[u8], out: &mut Vec<u8>) {
    decoded(text, false, b' ', out);
}

/// `%XX` alone: what a server makes of a path.
pub fn decode_path(text: &[u8], out: &mut Vec<u8>) {
    decoded(text, false, b'+', out);
}

/// The same, and `%uXXXX` becomes its low byte, full-width forms their ASCII.
pub fn decode_uni(text: &[u8], out: &mut Vec<u8>) {
    decoded(text, true, b' ', out);
}

fn decoded(text: &[u8], wide: bool, plus: u8, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let (byte, len) = match (byte, after) {
            (b'%', [b'u' | b'U', a, b, c, d, ..]) if wide => match (hex(*a, *b), hex(*c, *d)) {
                (Some(high), Some(low)) => (narrowed(high, low), 6),
                _ => (b'%', 1),
            },
            (b'%', [high, low, ..]) => hex(*high, *low).map_or((b'%', 1), |byte| (byte, 3)),
            (b'+', _) => (plus, 1),
            (byte, _) => (*byte, 1),
        };
        out.push(byte);
        rest = rest.get(len..).unwrap_or_default();
    }
}

/// Characters of several bytes become `%uXXXX`; broken ones stay; an overlong one leaves its first byte behind, too.
pub fn utf8_to_unicode(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(first) = rest.first() {
        let tail = |at: usize| rest.get(at).filter(|byte| **byte & 0xC0 == 0x80).map(|byte| u32::from(byte & 0x3F));
        let lead = |bits: u8| u32::from(first & bits);
        let wide = match first {
            0xC0..=0xDF => tail(1).map(|b| (lead(0x1F) << 6 | b, 2, 0x80)),
            0xE0..=0xEF => tail(1).zip(tail(2)).map(|(b, c)| (lead(0x0F) << 12 | b << 6 | c, 3, 0x800)),
            0xF0..=0xF4 => tail(1)
                .zip(tail(2))
                .zip(tail(3))
                .map(|((b, c), d)| (lead(0x07) << 18 | b << 12 | c << 6 | d, 4, 0x1_0000)),
            _ => None,
        };
        let len = match wide {
            Some((code, len, least)) => {
                out.extend_from_slice(format!("%u{code:04x}").as_bytes());
                if code < least {
                    out.push(*first);
                }
                len
            }
            None => {
                if *first != 0 {
                    out.push(*first);
                }
                1
            }
        };
        rest = rest.get(len..).unwrap_or_default();
    }
}

/// Up to the first byte that is no digit of base64 (RFC 4648).
pub fn base64(text: &[u8], out: &mut Vec<u8>) {
    let digits = text.iter().map_while(|byte| digit(*byte));
    let (mut bits, mut count) = (0u32, 0u32);
    for value in digits {
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

pub fn hex_pairs(text: &[u8], out: &mut Vec<u8>) {
    out.extend(text.chunks_exact(2).map(|pair| hex(pair[0], pair[1]).unwrap_or(0)));
}
