//! ModSecurity's transformations, as its 2.9 does them (apache2/msc_util.c, re_tfns.c), and by which bytes of a text one
//! can tell that a transformation leaves it alone.

mod code;
mod path;
mod space;
mod url;

pub use url::decode_path;

/// One step of a rule's `t:` list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transform {
    UrlDecode,
    UrlDecodeUni,
    Lowercase,
    HtmlEntityDecode,
    JsDecode,
    CssDecode,
    EscapeSeqDecode,
    Utf8ToUnicode,
    RemoveNulls,
    RemoveWhitespace,
    CompressWhitespace,
    ReplaceComments,
    RemoveComments,
    CmdLine,
    NormalizePath,
    NormalizePathWin,
    Trim,
    Base64Decode,
    HexDecode,
    Length,
}

/// Which bytes a text has that some transformation reacts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs(u16);

const PERCENT: u16 = 1;
const AMPERSAND: u16 = 1 << 1;
const BACKSLASH: u16 = 1 << 2;
const HIGH: u16 = 1 << 3;
const NUL: u16 = 1 << 4;
const BLANK: u16 = 1 << 5;
/// White space that is not one space between two words.
const ODD_SPACE: u16 = 1 << 6;
/// `//`, or a dot before a slash or an end.
const ODD_PATH: u16 = 1 << 7;
const STAR: u16 = 1 << 8;
const REMARK: u16 = 1 << 9;
const QUOTE: u16 = 1 << 10;
const CAPITAL: u16 = 1 << 11;
const ALWAYS: u16 = 1 << 15;

impl Signs {
    pub const AMPERSAND: Self = Self(AMPERSAND);
    /// Of bytes that make a text one to be decoded, whatever the rules.
    pub const ODD: Self = Self(PERCENT | BACKSLASH | HIGH | NUL | ODD_SPACE | STAR | QUOTE);
    pub const SPACES: Self = Self(BLANK | ODD_SPACE);
    pub const ALWAYS: Self = Self(ALWAYS);

    pub fn of(text: &[u8]) -> Self {
        let next = text.get(1..).unwrap_or_default();
        let single = text.iter().fold(0, |signs, byte| signs | SIGNS[usize::from(*byte)]);
        let pairs = text.iter().zip(next).fold(0, |signs, (a, b)| signs | pair(*a, *b));
        let end = if text.last() == Some(&b'.') { ODD_PATH } else { 0 };
        Self(single | pairs | end | ALWAYS)
    }

    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

const SIGNS: [u16; 256] = {
    let mut signs = [0; 256];
    let mut at = 0;
    while at < 256 {
        signs[at] = match at as u8 {
            b'%' | b'+' => PERCENT,
            b'&' => AMPERSAND,
            b'\\' => BACKSLASH,
            0x80.. => HIGH,
            0 => NUL,
            b' ' => BLANK,
            b'\t' | b'\r' | b'\n' | 0x0B | 0x0C => BLANK | ODD_SPACE,
            b'*' => STAR,
            b'#' => REMARK,
            b'"' | b'\'' | b'^' | b',' | b';' => QUOTE,
            b'A'..=b'Z' => CAPITAL,
            _ => 0,
        };
        at += 1;
    }
    signs
};

fn pair(a: u8, b: u8) -> u16 {
    // A part of a target may end where these stand.
    let ends = matches!(b, b'/' | b'&' | b'?' | b'=');
    let path = ((a == b'.') & ends) | ((a == b'/') & (b == b'/'));
    let space = (a == b' ') & ((b == b' ') | (b == b'/') | (b == b'('));
    (u16::from(path) * ODD_PATH) | (u16::from((a == b'-') & (b == b'-')) * REMARK) | (u16::from(space) * ODD_SPACE)
}

impl Transform {
    /// By its name in a rule; the aliases are ModSecurity's own.
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "urldecode" => Self::UrlDecode,
            "urldecodeuni" => Self::UrlDecodeUni,
            "lowercase" => Self::Lowercase,
            "htmlentitydecode" => Self::HtmlEntityDecode,
            "jsdecode" => Self::JsDecode,
            "cssdecode" => Self::CssDecode,
            "escapeseqdecode" => Self::EscapeSeqDecode,
            "utf8tounicode" => Self::Utf8ToUnicode,
            "removenulls" => Self::RemoveNulls,
            "removewhitespace" => Self::RemoveWhitespace,
            "compresswhitespace" => Self::CompressWhitespace,
            "replacecomments" => Self::ReplaceComments,
            "removecomments" => Self::RemoveComments,
            "cmdline" => Self::CmdLine,
            "normalizepath" | "normalisepath" => Self::NormalizePath,
            "normalizepathwin" | "normalisepathwin" => Self::NormalizePathWin,
            "trim" => Self::Trim,
            "base64decode" => Self::Base64Decode,
            "hexdecode" => Self::HexDecode,
            "length" => Self::Length,
            _ => return None,
        })
    }

    /// A text with none of these signs stays as it is, letter case aside.
    pub fn signs(self) -> Signs {
        Signs(match self {
            Self::UrlDecode | Self::UrlDecodeUni => PERCENT,
            Self::Lowercase => 0,
            Self::HtmlEntityDecode => AMPERSAND,
            Self::JsDecode | Self::CssDecode | Self::EscapeSeqDecode => BACKSLASH,
            Self::Utf8ToUnicode => HIGH | NUL,
            Self::RemoveNulls => NUL,
            Self::RemoveWhitespace | Self::Trim => BLANK | HIGH,
            Self::CompressWhitespace => ODD_SPACE | HIGH,
            Self::ReplaceComments => STAR,
            Self::RemoveComments => STAR | REMARK,
            Self::CmdLine => BACKSLASH | QUOTE | ODD_SPACE,
            Self::NormalizePath => ODD_PATH,
            Self::NormalizePathWin => ODD_PATH | BACKSLASH,
            Self::Base64Decode | Self::HexDecode | Self::Length => ALWAYS,
        })
    }

    /// False where a text with these signs stays exactly as it is.
    pub fn changes(self, signs: Signs) -> bool {
        let lowers = matches!(self, Self::Lowercase | Self::CmdLine);
        signs.meets(self.signs()) || lowers && signs.meets(Signs(CAPITAL))
    }

    /// Appends the transformed text.
    pub fn apply(self, text: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::UrlDecode => url::decode(text, out),
            Self::UrlDecodeUni => url::decode_uni(text, out),
            Self::Lowercase => out.extend(text.iter().map(u8::to_ascii_lowercase)),
            Self::HtmlEntityDecode => code::html_entities(text, out),
            Self::JsDecode => code::js(text, out),
            Self::CssDecode => code::css(text, out),
            Self::EscapeSeqDecode => code::c_escapes(text, out),
            Self::Utf8ToUnicode => url::utf8_to_unicode(text, out),
            Self::RemoveNulls => out.extend(text.iter().filter(|byte| **byte != 0)),
            Self::RemoveWhitespace => out.extend(text.iter().filter(|byte| !space::is_space(**byte))),
            Self::CompressWhitespace => space::compress(text, out),
            Self::ReplaceComments => space::replace_comments(text, out),
            Self::RemoveComments => space::remove_comments(text, out),
            Self::CmdLine => space::command_line(text, out),
            Self::NormalizePath => path::normalize(text, false, out),
            Self::NormalizePathWin => path::normalize(text, true, out),
            Self::Trim => out.extend_from_slice(space::trim(text)),
            Self::Base64Decode => url::base64(text, out),
            Self::HexDecode => url::hex_pairs(text, out),
            Self::Length => out.extend_from_slice(text.len().to_string().as_bytes()),
        }
    }
}

/// The value of two hexadecimal digits.
fn hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// The ASCII of a full-width code unit whose high byte is `FF`; else its low byte.
fn narrowed(high: u8, low: u8) -> u8 {
    if high == 0xFF && (0x01..0x5F).contains(&low) { low + 0x20 } else { low }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(super) fn all() -> Vec<Transform> {
        let names = "urlDecode urlDecodeUni lowercase htmlEntityDecode jsDecode cssDecode escapeSeqDecode utf8toUnicode \
            removeNulls removeWhitespace compressWhitespace replaceComments removeComments cmdLine normalizePath \
            normalizePathWin trim base64Decode hexDecode length";
        names.split_whitespace().map(|name| Transform::by_name(name).unwrap()).collect()
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let pieces: Vec<&[u8]> = vec![
            b"%",
            b"41",
            b"%u0041",
            b"+",
            b"&lt;",
            b"&#x41",
            b"\\",
            b"\\u0041",
            b"x4",
            b"\xc3\xa9",
            b"\0",
            b" ",
            b"  ",
            b"\t",
            b"/*",
            b"*/",
            b"--",
            b"#",
            b"'",
            b"^",
            b"a",
            b"Z",
            b"/",
            b"..",
            b".",
            b"(",
            b"a.b",
            b",",
            b"<!--",
            b"dGVzdA==",
            b"=",
            b"?",
        ];
        prop::collection::vec(prop::sample::select(pieces), 0..9).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn a_text_without_the_signs_stays_as_it_is(text in text()) {
            for transform in all() {
                let mut out = Vec::new();
                transform.apply(&text, &mut out);
                if !transform.signs().meets(Signs::of(&text)) {
                    prop_assert!(out.eq_ignore_ascii_case(&text), "{:?} {:?} {:?}", transform, text, out);
                }
                if !transform.changes(Signs::of(&text)) {
                    prop_assert_eq!(&out, &text, "{:?}", transform);
                }
            }
        }

        #[test]
        fn any_bytes_are_taken(text in prop::collection::vec(any::<u8>(), 0..60)) {
            for transform in all() {
                let mut out = Vec::new();
                transform.apply(&text, &mut out);
                prop_assert!(out.len() <= text.len() * 6 + 20);
            }
        }
    }

    #[test]
    fn each_does_what_modsecurity_does() {
        let cases: &[(&str, &[u8], &[u8])] = &[
            ("urlDecode", b"a+%41%4g%", b"a A%4g%"),
            ("urlDecodeUni", b"%u0041%uFF1c%u00zz+%2", b"A<%u00zz %2"),
            ("htmlEntityDecode", b"&lt;&#x41;&#66&foo;&#;&amp", b"<AB&foo;&#;&"),
            ("jsDecode", b"\\u0061\\x62\\143\\n\\q\\", b"abc\nq\\"),
            ("cssDecode", b"\\61 b\\000063\\q\\", b"abcq"),
            ("escapeSeqDecode", b"\\x41\\102\\n\\q\\xzz", b"AB\nqxzz"),
            ("utf8toUnicode", "a\u{e9}\u{20ac}".as_bytes(), b"a%u00e9%u20ac"),
            ("removeWhitespace", b" a\t\xa0b ", b"ab"),
            ("compressWhitespace", b"a \t\xa0b ", b"a b "),
            ("replaceComments", b"a/*x*/b/*", b"a b "),
            ("cmdLine", b"C^at,  /e\"tc;x (y", b"cat/etc x(y"),
            ("normalizePath", b"/a/./b//../c/../../x", b"/x"),
            ("normalizePathWin", b"\\a\\..\\b\\\\c", b"/b/c"),
            ("base64Decode", b"dGVzdA==", b"test"),
            ("hexDecode", b"414", b"A"),
            ("length", b"abc", b"3"),
            ("trim", b" a ", b"a"),
            ("removeNulls", b"a\0b", b"ab"),
        ];
        for (name, text, wanted) in cases {
            let mut out = Vec::new();
            Transform::by_name(name).unwrap().apply(text, &mut out);
            assert_eq!(out, *wanted, "{name}: {}", String::from_utf8_lossy(&out));
        }
    }
}
