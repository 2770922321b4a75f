//! fail2ban's own tags in patterns: `<HOST>`, `<ADDR>`, `<F-USER>…</F-USER>`, `<SKIPLINES>` (jail.conf(5), "TAGS").

use std::collections::BTreeSet;

/// Dotted quad, perhaps as an IPv6 address.
const IP4: &str = r"(?:::f{4,6}:)?(?P<ip4>(?:\d{1,3}\.){3}\d{1,3})";
/// The last `:` can only follow another one, so that no look-behind is needed to say so.
const IP6: &str = r"(?P<ip6>(?:[0-9a-fA-F]{1,4}::?|::){1,7}(?:[0-9a-fA-F]{1,4}|:))";
const DNS: &str = r"(?P<dns>[\w\-.^_]*\w)";
const CIDR: &str = r"(?P<cidr>\d+)";

/// Puts fail2ban's tags in. `names` is false where host names are not wanted (`usedns = no`).
pub fn expand(pattern: &str, names: bool) -> String {
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut open = BTreeSet::new();
    let mut skips = 0;
    let mut rest = pattern;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(tag) = tag(rest) else {
            out.push('<');
            rest = &rest[1..];
            continue;
        };
        out.push_str(&put(&tag[1..tag.len() - 1], names, &mut open, &mut skips).unwrap_or_else(|| tag.to_owned()));
        rest = &rest[tag.len()..];
    }
    out.push_str(rest);
    local_flags(&out)
}

/// `</?[\w-]+/?>` at the start of a text.
fn tag(text: &str) -> Option<&str> {
    let inner = text.get(1..)?;
    let body = inner.strip_prefix('/').unwrap_or(inner);
    let word = body.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).filter(|end| *end > 0)?;
    let after = &body[word..];
    let after = after.strip_prefix('/').unwrap_or(after);
    let rest = after.strip_prefix('>')?;
    Some(&text[..text.len() - rest.len()])
}

fn put(tag: &str, names: bool, open: &mut BTreeSet<String>, skips: &mut u32) -> Option<String> {
    let addr = || format!(r"\[?(?:{IP4}|{IP6})\]?");
    Some(match tag {
        "HOST" if names => format!("(?:{}|{DNS})", addr()),
        "HOST" | "ADDR" | "F-ADDR/" => addr(),
        "IP4" | "F-IP4/" => IP4.to_owned(),
        "IP6" | "F-IP6/" => IP6.to_owned(),
        "CIDR" | "F-CIDR/" => CIDR.to_owned(),
        "SUBNET" | "F-SUBNET/" => format!(r"\[?(?:{IP4}|{IP6})(?:/{CIDR})?\]?"),
        "DNS" | "F-DNS/" => DNS.to_owned(),
        "F-ID/" => r"(?P<fid>\S+)".to_owned(),
        "F-PORT/" => r"(?P<fport>\w+)".to_owned(),
        "SKIPLINES" => {
            *skips += 1;
            format!(r"\n(?P<skiplines{}>(?:(?:.*\n)*?))", *skips - 1)
        }
        _ => return custom(tag, open),
    })
}

/// `F-NAME` opens a group, `/F-NAME` closes it.
fn custom(tag: &str, open: &mut BTreeSet<String>) -> Option<String> {
    let closing = tag.strip_prefix('/');
    let name = closing.unwrap_or(tag).strip_prefix("F-")?;
    let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(upper) {
        return None;
    }
    if closing.is_some() {
        return open.contains(name).then(|| ")".to_owned());
    }
    open.insert(name.to_owned());
    Some(format!("(?P<{}>", group(&name.to_lowercase())))
}

/// The group behind a tag's name.
pub fn group(name: &str) -> &str {
    match name {
        "id" => "fid",
        "port" => "fport",
        other => other,
    }
}

/// `((?i)x)` and `(?:(?i)x)` are read as `(?i:x)`.
fn local_flags(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find('(') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match flags_inside(rest).filter(|_| !out.ends_with('\\')) {
            Some((flags, after)) => {
                out.push_str(&format!("(?{flags}:"));
                rest = after;
            }
            None => {
                out.push('(');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn flags_inside(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("(?:").or_else(|| text.strip_prefix('('))?.strip_prefix("(?")?;
    let (flags, after) = inner.split_once(')')?;
    let letters = !flags.is_empty() && flags.chars().all(|c| c.is_ascii_lowercase());
    letters.then_some((flags, after))
}
