//! Variable lists: `ARGS|!ARGS:foo|&REQUEST_HEADERS:Host|REQUEST_COOKIES:/__utm/`.

use crate::formats::seclang::Problem;

/// One entry of a variable list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// In upper case.
    pub name: String,
    /// What follows the colon; a regex stands between slashes.
    pub selector: Option<String>,
    /// `&`: how many there are.
    pub count: bool,
    /// `!`: not this one.
    pub exclude: bool,
}

/// The entries of a list; `|` and `,` part them, except within the slashes or quotes of a selector.
pub(super) fn parse(list: &str) -> Result<Vec<Target>, Problem> {
    split(list).into_iter().map(|entry| target(entry.trim())).collect()
}

fn split(list: &str) -> Vec<&str> {
    let mut entries = Vec::new();
    let (mut start, mut closing, mut before) = (0, None, b' ');
    for (at, byte) in list.bytes().enumerate() {
        match closing {
            Some(close) => closing = (byte != close || before == b'\\').then_some(close),
            None if matches!(byte, b'/' | b'\'') && before == b':' => closing = Some(byte),
            None if matches!(byte, b'|' | b',') => {
                entries.push(list.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            None => {}
        }
        before = byte;
    }
    entries.push(list.get(start..).unwrap_or_default());
    entries
}

fn target(entry: &str) -> Result<Target, Problem> {
    let exclude = entry.starts_with('!');
    let count = entry.starts_with('&');
    let rest = entry.trim_start_matches(['!', '&']);
    let (name, selector) = match rest.split_once(':') {
        Some((name, selector)) => (name, Some(selector.trim_matches('\'').to_owned())),
        None => (rest, None),
    };
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(Problem::Target(entry.chars().take(60).collect()));
    }
    Ok(Target { name: name.to_ascii_uppercase(), selector, count, exclude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_split_outside_of_slashes() {
        let list = parse("ARGS|!ARGS:/a|b/|&REQUEST_HEADERS:Host|XML:/*").unwrap();
        let names: Vec<&str> = list.iter().map(|target| target.name.as_str()).collect();
        assert_eq!(names, ["ARGS", "ARGS", "REQUEST_HEADERS", "XML"]);
        assert_eq!(list[1].selector.as_deref(), Some("/a|b/"));
        assert!(list[1].exclude && list[2].count && !list[0].exclude);
        assert!(parse("ARGS||X").is_err() && parse("AR GS").is_err());
    }
}
