//! httpd's expressions (`ap_expr`) as `<If>`, `Require expr` and `Header … expr=` hold them, as far as a request that is
//! asked about decides them: true, false, or not to be told.

mod parse;
mod value;

use std::net::IpAddr;

use crate::effective::apache::pattern::Pattern;

/// What is known of a request.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub uri: String,
    pub method: String,
    pub host: Option<String>,
    pub client: Option<IpAddr>,
    pub port: Option<u16>,
    pub tls: Option<bool>,
    pub file: Option<String>,
    pub document_root: Option<String>,
    pub server_name: Option<String>,
    /// The server asks itself, for the index of a directory.
    pub within: bool,
}

/// A condition, read.
#[derive(Debug)]
pub enum Condition {
    Constant(bool),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    /// `==`, `-lt` and their like; the operator as it is written.
    Compare(Word, &'static str, Word),
    Matches(Word, Pattern),
    In(Word, Vec<Word>),
    /// `-z`, `-n`, `-T`.
    Unary(char, Word),
    /// Understood as a condition, but not to be decided from a configuration.
    Unknown,
}

/// A string, of pieces.
#[derive(Debug, Default)]
pub struct Word(pub Vec<Piece>);

#[derive(Debug)]
pub enum Piece {
    Text(String),
    /// `%{NAME}`
    Variable(String),
    /// A function or reference that a configuration does not decide.
    Unknown,
}

/// Whether a condition holds for a request; none: it cannot be told.
pub fn holds(text: &str, known: &Known) -> Option<bool> {
    parse::read(text)?.decide(known)
}

impl Condition {
    fn decide(&self, known: &Known) -> Option<bool> {
        match self {
            Self::Constant(value) => Some(*value),
            Self::Not(inner) => inner.decide(known).map(|value| !value),
            Self::And(left, right) => match (left.decide(known), right.decide(known)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(left, right) => match (left.decide(known), right.decide(known)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Compare(left, operator, right) => compare(&left.text(known)?, operator, &right.text(known)?),
            Self::Matches(word, pattern) => pattern.matches(&word.text(known)?),
            Self::In(word, list) => {
                let word = word.text(known)?;
                let list: Option<Vec<String>> = list.iter().map(|entry| entry.text(known)).collect();
                list.map(|list| list.contains(&word))
            }
            Self::Unary(kind, word) => {
                let text = word.text(known)?;
                match kind {
                    'z' => Some(text.is_empty()),
                    'n' => Some(!text.is_empty()),
                    'T' => {
                        let off = ["", "0", "off", "false", "no"];
                        Some(!off.iter().any(|off| text.eq_ignore_ascii_case(off)))
                    }
                    _ => None,
                }
            }
            Self::Unknown => None,
        }
    }
}

fn compare(left: &str, operator: &str, right: &str) -> Option<bool> {
    let text = left.cmp(right);
    let number = left.trim().parse::<i64>().unwrap_or(0).cmp(&right.trim().parse::<i64>().unwrap_or(0));
    Some(match operator {
        "==" => text.is_eq(),
        "!=" => text.is_ne(),
        "<" => text.is_lt(),
        "<=" => text.is_le(),
        ">" => text.is_gt(),
        ">=" => text.is_ge(),
        "-eq" => number.is_eq(),
        "-ne" => number.is_ne(),
        "-lt" => number.is_lt(),
        "-le" => number.is_le(),
        "-gt" => number.is_gt(),
        "-ge" => number.is_ge(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_decided_as_far_as_they_can_be() {
        let known = Known {
            uri: "/a/b.php".into(),
            method: "GET".into(),
            host: Some("www.example.org".into()),
            port: Some(443),
            ..Known::default()
        };
        for (text, expected) in [
            ("%{REQUEST_URI} == '/a/b.php'", Some(true)),
            ("%{REQUEST_URI} =~ m#^/a/.*\\.PHP$#i", Some(true)),
            ("%{REQUEST_URI} !~ /php$/", Some(false)),
            ("%{REQUEST_METHOD} in { 'GET', 'HEAD' }", Some(true)),
            ("! (%{HTTP_HOST} = 'x') && %{SERVER_PORT} -eq 443", Some(true)),
            ("-n %{HTTP_HOST} || %{HTTP:X-A} == 'b'", Some(true)),
            ("%{HTTP:X-A} == 'b'", None),
            ("%{HTTP:X-A} == 'b' and false", Some(false)),
            ("true", Some(true)),
            ("-R '10.0.0.0/8'", None),
            ("req('X') == 'y'", None),
            ("'%{REQUEST_METHOD}:x' == 'GET:x'", Some(true)),
            ("%{REQUEST_URI} -strmatch '/a/*'", None),
            ("%{REQUEST_URI} ==", None),
            ("2 -gt 10", Some(false)),
        ] {
            assert_eq!(holds(text, &known), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken(text in ".{0,60}", hard in "[(!%{}'\"=~m#a -]{0,200}") {
            holds(&text, &Known::default());
            holds(&hard, &Known::default());
        }
    }
}
