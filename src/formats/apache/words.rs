//! The words of a directive, split as httpd's `ap_getword_conf` does.

use crate::formats::apache::lines::is_space;

/// Takes the first word off a text: quotes and backslashes undone, and the rest without leading space. An unclosed
/// quote reaches to the end.
pub fn first(text: &str) -> (String, &str) {
    let text = trim_start(text);
    match text.as_bytes().first() {
        Some(&quote @ (b'"' | b'\'')) => quoted(text, quote),
        _ => {
            let end = text.bytes().position(is_space).unwrap_or(text.len());
            let (word, rest) = text.split_at(end);
            (unescape(word, None), trim_start(rest))
        }
    }
}

/// All words of a text.
pub fn all(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = trim_start(text);
    while !rest.is_empty() {
        let (word, after) = first(rest);
        words.push(word);
        rest = after;
    }
    words
}

fn quoted(text: &str, quote: u8) -> (String, &str) {
    let bytes = text.as_bytes();
    let mut end = 1;
    while let Some(&byte) = bytes.get(end)
        && byte != quote
    {
        let escapes = byte == b'\\' && bytes.get(end + 1).is_some_and(|next| *next == quote || *next == b'\\');
        end += if escapes { 2 } else { 1 };
    }
    let word = unescape(text.get(1..end).unwrap_or_default(), Some(quote));
    (word, trim_start(text.get(end + 1..).unwrap_or_default()))
}

/// `\\` becomes `\`, and within quotes `\"` becomes `"`; every other backslash stays.
fn unescape(word: &str, quote: Option<u8>) -> String {
    if !word.contains('\\') {
        return word.to_owned();
    }
    let mut plain = String::with_capacity(word.len());
    let mut characters = word.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(&next) if character == '\\' && (next == '\\' || quote.is_some_and(|q| char::from(q) == next)) => {
                plain.push(next);
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    plain
}

fn trim_start(text: &str) -> &str {
    text.trim_start_matches(|character: char| u8::try_from(character).is_ok_and(is_space))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_quotes_and_escapes_as_httpd_does() {
        assert_eq!(all(r#" "%h \"%r\" \n" combined "#), [r#"%h "%r" \n"#, "combined"]);
        assert_eq!(all(r#"'a "b" \' c' d\\e f\"g"#), [r#"a "b" ' c"#, r"d\e", r#"f\"g"#]);
        assert_eq!(all(r#"a"b c"d "e"f"#), [r#"a"b"#, r#"c"d"#, "e", "f"]);
    }

    #[test]
    fn an_unclosed_quote_reaches_to_the_end() {
        assert_eq!(all("\"a b"), ["a b"]);
        assert_eq!(all("\""), [""]);
        assert_eq!(all("\"a\\"), ["a\\"]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_splits(text in ".*") {
            proptest::prop_assert!(all(&text).len() <= text.len());
        }
    }
}
