//! Where a text can stand in a request, how it is encoded there, and the log line that comes of it.

use crate::dice::Dice;

pub const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Parameter,
    Path,
    Agent,
}

pub const PLACES: [Place; 3] = [Place::Parameter, Place::Path, Place::Agent];

/// How a client encodes a text in an address.
#[derive(Clone, Copy, Debug)]
pub enum Encoding {
    /// Only what would end the parameter.
    Raw,
    /// Spaces, quotes and angle brackets, as browsers do.
    Browser,
    /// All but letters and digits.
    Full,
    /// The same, spaces as `+`.
    Form,
    /// All but letters and digits, twice.
    Twice,
}

pub const ENCODINGS: [Encoding; 5] =
    [Encoding::Raw, Encoding::Browser, Encoding::Full, Encoding::Form, Encoding::Twice];

impl Encoding {
    pub fn of(self, text: &str) -> String {
        match self {
            Self::Raw => percent(text, |byte| b"&# \n\t".contains(&byte) || byte >= 0x7f),
            Self::Browser => percent(text, |byte| b"&#+ \"<>`\n\t".contains(&byte) || byte >= 0x7f),
            Self::Full => percent(text, |byte| !unreserved(byte)),
            Self::Form => percent(text, |byte| byte != b' ' && !unreserved(byte)).replace(' ', "+"),
            Self::Twice => Self::Full.of(&Self::Full.of(text)),
        }
    }
}

fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)
}

fn percent(text: &str, is_special: impl Fn(u8) -> bool) -> String {
    let one = |byte: u8| if is_special(byte) { format!("%{byte:02X}") } else { char::from(byte).to_string() };
    text.bytes().map(one).collect()
}

/// A line in combined format with `text` at `place`.
pub fn line(text: &str, place: Place, encoding: Encoding, dice: &mut Dice) -> String {
    let encoded = encoding.of(text);
    let plain: &[&str] = &["/", "/index.php", "/shop/list?page=2", "/search"];
    match place {
        Place::Parameter => {
            let target = match dice.below(5) {
                0 => format!("/item.php?id={encoded}"),
                1 => format!("/list?sort=asc&page={encoded}&lang=en"),
                2 => format!("/search?q={encoded}"),
                3 => format!("/api/v1/users?name={encoded}&limit=10"),
                _ => format!("/?{}={encoded}", dice.word(4)),
            };
            combined(&target, "-", BROWSER)
        }
        Place::Path => {
            let path = encoded.replace('+', "%20");
            // What begins with a slash is a path by itself.
            let target = match path.strip_prefix('/') {
                Some(rest) => format!("/{rest}"),
                None if dice.one_in(2) => format!("/{path}"),
                None => format!("/shop/item/{path}"),
            };
            combined(&target, "-", BROWSER)
        }
        Place::Agent => combined(dice.pick::<&str>(plain), "-", text),
    }
}

pub fn combined(target: &str, referer: &str, agent: &str) -> String {
    answered(200, "GET", target, referer, agent)
}

pub fn answered(status: u16, method: &str, target: &str, referer: &str, agent: &str) -> String {
    format!(
        "192.0.2.7 - - [22/Nov/2026:10:00:00 +0000] \"{method} {} HTTP/1.1\" {status} 512 \"{}\" \"{}\"",
        escaped(target),
        escaped(referer),
        escaped(agent)
    )
}

/// As Apache writes it.
fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        b'\n' => "\\n".to_owned(),
        b'\t' => "\\t".to_owned(),
        0x20..0x7f => char::from(byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    };
    text.bytes().map(one).collect()
}
