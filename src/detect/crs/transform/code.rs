//! The escapes of HTML, JavaScript, CSS and C.

use crate::detect::crs::transform::{hex, narrowed};

const NBSP: u8 = 0xA0;

/// `&lt;`, `&#60`, `&#x3c;`; of the named ones only quot, amp, lt, gt and nbsp.
pub fn html_entities(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(byte) = rest.first() {
        match entity(rest) {
            Some((decoded, len)) if *byte == b'&' => {
                out.push(decoded);
                let len = if rest.get(len) == Some(&b';') { len + 1 } else { len };
                rest = rest.get(len..).unwrap_or_default();
            }
            _ => {
                out.push(*byte);
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
}

/// What an entity stands for, and its length without the semicolon.
fn entity(text: &[u8]) -> Option<(u8, usize)> {
    let run = |from: usize, is: fn(&u8) -> bool| text.get(from..).map(|rest| rest.iter().take_while(|b| is(b)).count());
    let number = |from: usize, len: usize, base: u32| {
        let digits = text.get(from..from + len)?.iter().filter_map(|byte| char::from(*byte).to_digit(base));
        Some(digits.fold(0u32, |sum, digit| sum.saturating_mul(base).saturating_add(digit)) as u8)
    };
    match text.get(1..)? {
        [b'#', b'x' | b'X', ..] => match run(3, u8::is_ascii_hexdigit)? {
            0 => None,
            len => Some((number(3, len, 16)?, 3 + len)),
        },
        [b'#', ..] => match run(2, u8::is_ascii_digit)? {
            0 => None,
            len => Some((number(2, len, 10)?, 2 + len)),
        },
        _ => {
            let len = run(1, u8::is_ascii_alphanumeric)?;
            let decoded = match text.get(1..=len)?.to_ascii_lowercase().as_slice() {
                b"quot" => b'"',
                b"amp" => b'&',
                b"lt" => b'<',
                b"gt" => b'>',
                b"nbsp" => NBSP,
                _ => return None,
            };
            Some((decoded, 1 + len))
        }
    }
}

/// `\uXXXX`, `\xXX`, `\ooo`, `\n` and the like; otherwise the backslash goes.
pub fn js(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let (byte, len) = match (byte, after) {
            (b'\\', [b'u', a, b, c, d, ..]) if let (Some(high), Some(low)) = (hex(*a, *b), hex(*c, *d)) => {
                (narrowed(high, low), 6)
            }
            (b'\\', [b'x', a, b, ..]) if let Some(byte) = hex(*a, *b) => (byte, 4),
            (b'\\', [b'0'..=b'7', ..]) => octal(after),
            (b'\\', [next, ..]) => (control(*next).unwrap_or(*next), 2),
            _ => (*byte, 1),
        };
        out.push(byte);
        rest = rest.get(len..).unwrap_or_default();
    }
}

/// The byte of up to three octal digits, and the length with the backslash.
fn octal(digits: &[u8]) -> (u8, usize) {
    let mut len = digits.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
    if len == 3 && digits.first().is_some_and(|first| *first > b'3') {
        len = 2;
    }
    (digits.iter().take(len).fold(0, |sum, digit| sum << 3 | (digit - b'0')), 1 + len)
}

fn control(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        _ => return None,
    })
}

/// `\` and up to six hexadecimal digits, of which the last two count, and one space behind them (CSS 2.1 §4.1.3).
pub fn css(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        if *byte != b'\\' {
            out.push(*byte);
            rest = after;
            continue;
        }
        let digits = after.iter().take(6).take_while(|digit| digit.is_ascii_hexdigit()).count();
        rest = match (digits, after) {
            (0, [b'\n', rest @ ..]) => rest,
            (0, [next, rest @ ..]) => {
                out.push(*next);
                rest
            }
            (0, []) => after,
            _ => {
                out.push(css_code(after.get(..digits).unwrap_or_default()));
                let rest = after.get(digits..).unwrap_or_default();
                if rest.first().is_some_and(u8::is_ascii_whitespace) { rest.get(1..).unwrap_or_default() } else { rest }
            }
        };
    }
}

fn css_code(digits: &[u8]) -> u8 {
    let (leading, code) = digits.split_at(digits.len().saturating_sub(4));
    let code = [&[b'0'; 4][..4 - code.len()], code].concat();
    let (high, low) = match code.as_slice() {
        [a, b, c, d] => (hex(*a, *b).unwrap_or(0), hex(*c, *d).unwrap_or(0)),
        _ => (0, 0),
    };
    if leading.iter().all(|digit| *digit == b'0') { narrowed(high, low) } else { low }
}

/// ANSI C's escapes; the backslash of others goes.
pub fn c_escapes(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let (byte, len) = match (byte, after) {
            (b'\\', [b'x' | b'X', a, b, ..]) if let Some(byte) = hex(*a, *b) => (byte, 4),
            (b'\\', [b'0'..=b'7', ..]) => {
                let len = after.iter().take(3).take_while(|digit| matches!(digit, b'0'..=b'7')).count();
                (after.iter().take(len).fold(0u32, |sum, digit| sum << 3 | u32::from(digit - b'0')) as u8, 1 + len)
            }
            (b'\\', [next, ..]) => (control(*next).unwrap_or(*next), 2),
            _ => (*byte, 1),
        };
        out.push(byte);
        rest = rest.get(len..).unwrap_or_default();
    }
}
