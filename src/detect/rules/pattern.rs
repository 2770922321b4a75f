//! Sigma's string values: `*` and `?` are wildcards, a backslash before them takes that away.

/// One piece of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Text(Vec<u8>),
    /// `*`
    Many,
    /// `?`
    One,
    /// Any of the dashes and slashes that begin an option.
    Dash,
}

/// The pieces of a value as written in a rule.
pub(super) fn parts(value: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut text = Vec::new();
    let mut bytes = value.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let wildcard = match byte {
            b'\\' => {
                let escaped = bytes.next_if(|next| matches!(next, b'*' | b'?' | b'\\'));
                text.push(escaped.unwrap_or(b'\\'));
                continue;
            }
            b'*' => Part::Many,
            b'?' => Part::One,
            _ => {
                text.push(byte);
                continue;
            }
        };
        if !text.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut text)));
        }
        parts.push(wildcard);
    }
    if !text.is_empty() || parts.is_empty() {
        parts.push(Part::Text(text));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.into())
    }

    #[test]
    fn backslashes_escape_wildcards_only() {
        assert_eq!(parts("a*b?"), [text("a"), Part::Many, text("b"), Part::One]);
        assert_eq!(parts(r"\*\?"), [text("*?")]);
        assert_eq!(parts(r"C:\Win\x"), [text(r"C:\Win\x")]);
        assert_eq!(parts(r"a\\*"), [text(r"a\"), Part::Many]);
        assert_eq!(parts(""), [text("")]);
    }
}
