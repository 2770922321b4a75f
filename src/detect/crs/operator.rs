//! Operators: what a rule asks of a transformed text.

use std::net::IpAddr;
use std::sync::OnceLock;

use ipnet::IpNet;
use libinjectionrs::{SqliFlags, SqliState, detect_xss};

use crate::detect::crs::moment::Moment;
use crate::detect::crs::pattern::Pattern;
use crate::detect::crs::plain;
use crate::detect::crs::report::Refused;
use crate::detect::crs::template::Template;
use crate::detect::rules::required;
use crate::detect::rules::sieve::Sieve;
use crate::formats::seclang;

/// An operator with its argument.
#[derive(Debug)]
pub enum Op {
    Rx(Box<Pattern>),
    /// Any of many phrases, case aside.
    Phrases(Box<Phrases>),
    Contains(Template),
    /// The text stands in the argument.
    Within(Template),
    BeginsWith(Template),
    EndsWith(Template),
    Equal(Template),
    Compare(Compare, Template),
    Net(Vec<IpNet>),
    /// True where a byte is none of these.
    ByteRange(Box<[bool; 256]>),
    UrlEncoding,
    Sqli,
    Xss,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    Equal,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

/// Phrases, and a sieve over them made when first needed.
#[derive(Debug)]
pub struct Phrases {
    list: Vec<Vec<u8>>,
    sieve: OnceLock<Sieve>,
}

/// Literals, lower case, one of which stands in every text that an operator matches; None where nothing is sure.
#[derive(Clone, Debug, Default)]
pub struct Literals {
    pub any: Option<Vec<Vec<u8>>>,
    /// The same for texts that no transformation changes.
    pub plain: Option<Vec<Vec<u8>>>,
}

/// An operator and what it cannot match without.
type Parsed = Result<(Op, Option<Vec<Vec<u8>>>), Refused>;

/// An empty literal says nothing.
fn filled(literals: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    literals.filter(|all| all.iter().all(|text| !text.is_empty()))
}

impl Op {
    /// Also what it cannot match without.
    pub fn new(operator: &seclang::Operator) -> Result<(Self, Literals), Refused> {
        if operator.name.eq_ignore_ascii_case("rx") {
            let (pattern, meaning) = Pattern::new(&operator.argument)?;
            let any = required::literals(&meaning);
            let plain = plain::reduce(&meaning).map_or(Some(Vec::new()), |rest| required::literals(&rest));
            return Ok((Self::Rx(Box::new(pattern)), Literals { any: filled(any), plain: filled(plain) }));
        }
        let (op, any) = Self::of(operator)?;
        let is_plain = |text: &&Vec<u8>| text.iter().all(|byte| plain::is_plain(*byte));
        let plain = any.as_ref().map(|any| any.iter().filter(is_plain).cloned().collect());
        Ok((op, Literals { any: filled(any), plain: filled(plain) }))
    }

    fn of(operator: &seclang::Operator) -> Parsed {
        let argument = operator.argument.as_str();
        let template = || Template::parse(argument);
        let bare = |op| Ok((op, None));
        match operator.name.to_ascii_lowercase().as_str() {
            "pm" => Ok(Self::phrases(argument.split_ascii_whitespace())),
            "pmfromfile" | "pmf" => Ok(Self::phrases(operator.phrases.iter().map(String::as_str))),
            "contains" | "strmatch" => with_literal(template()?, Self::Contains),
            "beginswith" => with_literal(template()?, Self::BeginsWith),
            "endswith" => with_literal(template()?, Self::EndsWith),
            "streq" => with_literal(template()?, Self::Equal),
            "within" => bare(Self::Within(template()?)),
            "eq" => bare(Self::Compare(Compare::Equal, template()?)),
            "lt" => bare(Self::Compare(Compare::Less, template()?)),
            "le" => bare(Self::Compare(Compare::LessOrEqual, template()?)),
            "gt" => bare(Self::Compare(Compare::More, template()?)),
            "ge" => bare(Self::Compare(Compare::MoreOrEqual, template()?)),
            "ipmatch" => bare(Self::Net(nets(argument.split(','))?)),
            "ipmatchfromfile" | "ipmatchf" => bare(Self::Net(nets(operator.phrases.iter().map(String::as_str))?)),
            "validatebyterange" => byte_range(argument),
            "validateurlencoding" => Ok((Self::UrlEncoding, Some(vec![b"%".to_vec()]))),
            "detectsqli" => bare(Self::Sqli),
            "detectxss" => bare(Self::Xss),
            "unconditionalmatch" => bare(Self::Always),
            "nomatch" => Ok((Self::Never, Some(Vec::new()))),
            _ => Err(Refused::Operator(operator.name.chars().take(60).collect())),
        }
    }

    fn phrases<'a>(list: impl Iterator<Item = &'a str>) -> (Self, Option<Vec<Vec<u8>>>) {
        let list: Vec<Vec<u8>> = list.map(|phrase| phrase.to_ascii_lowercase().into_bytes()).collect();
        let phrases = Phrases { list: list.clone(), sieve: OnceLock::new() };
        (Self::Phrases(Box::new(phrases)), Some(list))
    }

    /// What the operator says of a text; None where an argument of it is not known.
    pub fn holds(&self, text: &[u8], moment: &Moment) -> Option<bool> {
        Some(match self {
            Self::Rx(pattern) => pattern.find(text),
            Self::Phrases(phrases) => phrases.find(text),
            Self::Contains(wanted) => memchr::memmem::find(text, &wanted.expand(moment)?).is_some(),
            Self::Within(whole) => memchr::memmem::find(&whole.expand(moment)?, text).is_some(),
            Self::BeginsWith(wanted) => text.starts_with(&wanted.expand(moment)?),
            Self::EndsWith(wanted) => text.ends_with(&wanted.expand(moment)?),
            Self::Equal(wanted) => text == wanted.expand(moment)?.as_ref(),
            Self::Compare(compare, with) => compare.holds(number(text), number(&with.expand(moment)?)),
            Self::Net(nets) => {
                let address: Option<IpAddr> = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
                address.is_some_and(|address| nets.iter().any(|net| net.contains(&address)))
            }
            Self::ByteRange(allowed) => text.iter().any(|byte| !allowed[usize::from(*byte)]),
            Self::UrlEncoding => breaks_url_encoding(text),
            Self::Sqli => is_sqli(text),
            Self::Xss => is_xss(text),
            Self::Always => true,
            Self::Never => false,
        })
    }

    /// The parts that a regex captured; of other operators nothing.
    pub fn captures(&self, text: &[u8]) -> Option<Vec<Vec<u8>>> {
        let Self::Rx(pattern) = self else { return Some(vec![text.to_vec()]) };
        let captured = pattern.captures(text)?;
        Some(
            captured
                .iter()
                .take(10)
                .map(|part| part.map(|part| part.as_bytes().to_vec()).unwrap_or_default())
                .collect(),
        )
    }
}

/// An operator that needs its argument to stand in the text, where the argument is fixed.
fn with_literal(template: Template, op: fn(Template) -> Op) -> Parsed {
    let literal = template.fixed().filter(|text| !text.is_empty()).map(|text| vec![text.to_ascii_lowercase()]);
    Ok((op(template), literal))
}

fn nets<'a>(list: impl Iterator<Item = &'a str>) -> Result<Vec<IpNet>, Refused> {
    let net = |text: &str| {
        let text = text.trim();
        let single = || text.parse::<IpAddr>().ok().map(IpNet::from);
        text.parse().ok().or_else(single).ok_or_else(|| Refused::Argument(text.chars().take(60).collect()))
    };
    list.map(net).collect()
}

/// `9,10,32-126`; where few bytes are left out, those are what must be there.
fn byte_range(argument: &str) -> Parsed {
    let mut allowed = Box::new([false; 256]);
    for part in argument.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| text.trim().parse::<u8>();
        let (Ok(from), Ok(to)) = (number(from), number(to)) else {
            return Err(Refused::Argument(argument.chars().take(60).collect()));
        };
        (from..=to).for_each(|byte| allowed[usize::from(byte)] = true);
    }
    let missing: Vec<Vec<u8>> =
        (0..=255u8).filter(|byte| !allowed[usize::from(*byte)]).map(|byte| vec![byte]).collect();
    let missing = (missing.len() <= 4).then_some(missing);
    Ok((Op::ByteRange(allowed), missing))
}

/// True where a `%` is not followed by two hexadecimal digits.
fn breaks_url_encoding(text: &[u8]) -> bool {
    memchr::memchr_iter(b'%', text)
        .any(|at| !text.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

/// As ModSecurity asks it: libinjection over the bare text (MySQL and ANSI, in every quote context it tries itself).
fn is_sqli(text: &[u8]) -> bool {
    may_be_sqli(text) && SqliState::new(text, SqliFlags::FLAG_NONE).detect()
}

fn is_xss(text: &[u8]) -> bool {
    may_be_xss(text) && detect_xss(text).is_injection()
}

/// One word or number is no statement.
pub fn may_be_sqli(text: &[u8]) -> bool {
    !text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Markup begins with `<`, an attribute that says anything has `=`.
pub fn may_be_xss(text: &[u8]) -> bool {
    memchr::memchr2(b'<', b'=', text).is_some()
}

/// As C's atoi reads it.
fn number(text: &[u8]) -> i64 {
    let digits: String = text.iter().map(|byte| char::from(*byte)).skip_while(|c| c.is_ascii_whitespace()).collect();
    let end = digits.char_indices().find(|(at, c)| !(c.is_ascii_digit() || *at == 0 && *c == '-')).map(|(at, _)| at);
    digits.get(..end.unwrap_or(digits.len())).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

impl Compare {
    fn holds(self, seen: i64, value: i64) -> bool {
        match self {
            Self::Equal => seen == value,
            Self::Less => seen < value,
            Self::LessOrEqual => seen <= value,
            Self::More => seen > value,
            Self::MoreOrEqual => seen >= value,
        }
    }
}

impl Phrases {
    fn find(&self, text: &[u8]) -> bool {
        let sieve = self
            .sieve
            .get_or_init(|| Sieve::new(self.list.iter().map(Vec::as_slice).filter(|phrase| !phrase.is_empty())));
        let mut found = false;
        sieve.scan(text, |_| found = true);
        found
    }
}
