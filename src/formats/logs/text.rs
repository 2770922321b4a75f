//! Small readings of bytes: addresses, numbers, escapes.

use std::net::{IpAddr, Ipv4Addr};

/// The address a field holds; brackets, a zone and the IPv4-in-IPv6 form are taken off.
pub fn address(field: &[u8]) -> Option<IpAddr> {
    match ipv4(field) {
        Some(ip) => Some(IpAddr::V4(ip)),
        None => ipv6(field),
    }
}

/// True where neither an address, a name nor a socket stands where the client should: `www.example.org:80`.
pub fn is_no_client(field: &[u8]) -> bool {
    field.contains(&b':') && !field.starts_with(b"unix:") && address(field).is_none()
}

/// An address with a port behind it: `1.2.3.4:80`, `[::1]:80`, and Apache's bare `::1:80`.
pub fn address_with_port(field: &[u8]) -> Option<IpAddr> {
    match memchr::memrchr(b':', field) {
        Some(colon) => address(&field[..colon]).or_else(|| address(field)),
        None => address(field),
    }
}

fn ipv4(field: &[u8]) -> Option<Ipv4Addr> {
    ipv4_ahead(field).filter(|(_, length)| *length == field.len()).map(|(ip, _)| ip)
}

/// The IPv4 address that `text` begins with, and how many bytes it takes.
pub fn ipv4_ahead(text: &[u8]) -> Option<(Ipv4Addr, usize)> {
    let mut rest = text;
    let mut bits = 0;
    for _ in 0..3 {
        let (octet, length) = octet(rest)?;
        rest = rest[length..].strip_prefix(b".")?;
        bits = bits << 8 | octet;
    }
    let (last, length) = octet(rest)?;
    Some((Ipv4Addr::from_bits(bits << 8 | last), text.len() - rest.len() + length))
}

/// One to three digits, and how many; at most 255.
fn octet(text: &[u8]) -> Option<(u32, usize)> {
    let digit = |at: usize| text.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10);
    let first = u32::from(digit(0)?);
    let Some(second) = digit(1) else { return Some((first, 1)) };
    let two = first * 10 + u32::from(second);
    let Some(third) = digit(2) else { return Some((two, 2)) };
    let three = two * 10 + u32::from(third);
    (three < 256).then_some((three, 3))
}

fn ipv6(field: &[u8]) -> Option<IpAddr> {
    let bare = field.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")).unwrap_or(field);
    let bare = memchr::memchr(b'%', bare).map_or(bare, |zone| &bare[..zone]);
    let ip: IpAddr = std::str::from_utf8(bare).ok()?.parse().ok()?;
    Some(ip.to_canonical())
}

/// A whole number of digits only.
pub fn number(field: &[u8]) -> Option<u64> {
    if field.is_empty() || field.len() > 19 {
        return None;
    }
    field.iter().try_fold(0u64, |sum, byte| match byte {
        b'0'..=b'9' => sum.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

/// A decimal number in units of `scale`, which is a power of ten: `decimal(b"0.25", 1_000)` is 250.
pub fn decimal(field: &[u8], scale: u64) -> Option<u64> {
    let dot = memchr::memchr(b'.', field).unwrap_or(field.len());
    let (whole, fraction) = field.split_at(dot);
    let mut sum = number(whole)?.checked_mul(scale)?;
    let mut unit = scale;
    for byte in fraction.iter().skip(1) {
        if !byte.is_ascii_digit() {
            return None;
        }
        unit /= 10;
        sum = sum.checked_add(unit * u64::from(byte - b'0'))?;
    }
    Some(sum)
}

/// `-` stands for nothing in every log format, Apache's `""` for an empty user.
pub fn dash_is_nothing(field: &[u8]) -> &[u8] {
    if field == b"-" || field == b"\"\"" { &[] } else { field }
}

/// The first `"` at or after `from` that no backslash escapes.
pub fn closing_quote(line: &[u8], from: usize) -> Option<usize> {
    let mut start = from;
    loop {
        let quote = start + memchr::memchr(b'"', line.get(start..)?)?;
        let slashes = line[start..quote].iter().rev().take_while(|byte| **byte == b'\\').count();
        if slashes % 2 == 0 {
            return Some(quote);
        }
        start = quote + 1;
    }
}

/// Appends `field` to `to` with the escapes of JSON (and Tomcat) undone; what is no escape stays as it is.
pub fn unescape_json(field: &[u8], to: &mut Vec<u8>) {
    let mut rest = field;
    while let Some(slash) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(slash);
        to.extend_from_slice(plain);
        rest = &escape[unescape_one(escape, to)..];
    }
    to.extend_from_slice(rest);
}

fn unescape_one(escape: &[u8], to: &mut Vec<u8>) -> usize {
    let byte = match escape.get(1) {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(plain @ (b'"' | b'\\' | b'/')) => *plain,
        Some(b'u') => return unescape_unicode(escape, to),
        _ => {
            to.push(b'\\');
            return 1;
        }
    };
    to.push(byte);
    2
}

fn unescape_unicode(escape: &[u8], to: &mut Vec<u8>) -> usize {
    let mut encoded = [0u8; 4];
    match hex4(escape, 2) {
        Some(high @ 0xd800..=0xdbff) => {
            if let (Some(b"\\u"), Some(low @ 0xdc00..=0xdfff)) = (escape.get(6..8), hex4(escape, 8)) {
                let point = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                to.extend_from_slice(char::from_u32(point).unwrap_or('\u{fffd}').encode_utf8(&mut encoded).as_bytes());
                return 12;
            }
            to.extend_from_slice("\u{fffd}".as_bytes());
            6
        }
        Some(point) => {
            to.extend_from_slice(char::from_u32(point).unwrap_or('\u{fffd}').encode_utf8(&mut encoded).as_bytes());
            6
        }
        None => {
            to.push(b'\\');
            1
        }
    }
}

fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.iter().try_fold(0u32, |sum, byte| Some(sum * 16 + char::from(*byte).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_all_their_dresses() {
        let v4: IpAddr = "192.0.2.7".parse().unwrap();
        let v6: IpAddr = "2001:db8::7".parse().unwrap();
        assert_eq!(address(b"192.0.2.7"), Some(v4));
        assert_eq!(address(b"::ffff:192.0.2.7"), Some(v4));
        assert_eq!(address(b"2001:db8::7%eth0"), Some(v6));
        assert_eq!(address(b"[2001:db8::7]"), Some(v6));
        assert_eq!(address_with_port(b"192.0.2.7:443"), Some(v4));
        assert_eq!(address_with_port(b"2001:db8::7:443"), Some(v6));
        assert_eq!(address_with_port(b"[2001:db8::7]:443"), Some(v6));
        for no in ["", "-", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.4444", "1..2.3", "unix:", "host.example"] {
            assert_eq!(address(no.as_bytes()), None, "{no}");
        }
    }

    #[test]
    fn decimals_scale() {
        assert_eq!(decimal(b"0.25", 1_000), Some(250));
        assert_eq!(decimal(b"12", 1_000_000), Some(12_000_000));
        assert_eq!(decimal(b"1.23456789", 1_000), Some(1_234));
        assert_eq!(decimal(b"-", 1), None);
        assert_eq!(decimal(b"99999999999999999999", 1), None);
    }

    #[test]
    fn quotes_close_where_no_backslash_stands() {
        assert_eq!(closing_quote(br#"a\"b" c"#, 0), Some(4));
        assert_eq!(closing_quote(br#"a\\" c"#, 0), Some(3));
        assert_eq!(closing_quote(br#"\\\" "#, 0), None);
        assert_eq!(closing_quote(b"", 5), None);
    }

    #[test]
    fn json_escapes_are_undone() {
        let mut out = Vec::new();
        unescape_json(br#"a\"b\\c\u0041\ud83d\ude00\ud83d\x22\u12\"#, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), "a\"b\\cA\u{1f600}\u{fffd}\\x22\\u12\\");
    }
}
