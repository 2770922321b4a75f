//! The extent of a Lua body in a `…_by_lua_block`: braces in its strings and comments do not count.

/// Length of the body up to and with the brace that closes it, given the text after the opening brace.
pub(super) fn body_length(text: &[u8]) -> Option<usize> {
    let mut depth = 1_usize;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let here = text.get(at..)?;
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at + 1),
            b'}' => depth -= 1,
            _ => {}
        }
        at += match byte {
            b'"' | b'\'' => string_length(here),
            b'-' if here.starts_with(b"--") => comment_length(here),
            b'[' => long_bracket_length(here).unwrap_or(1),
            _ => 1,
        };
    }
    None
}

fn string_length(text: &[u8]) -> usize {
    let quote = text.first().copied();
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            // A plain Lua string ends with its line: a stray quote must not swallow the file.
            b'\n' => return at,
            byte if Some(byte) == quote => return at + 1,
            _ => at += 1,
        }
    }
    at
}

fn comment_length(text: &[u8]) -> usize {
    let long = text.get(2..).and_then(long_bracket_length).map(|length| length + 2);
    long.unwrap_or_else(|| memchr::memchr(b'\n', text).unwrap_or(text.len()))
}

/// `[[ … ]]`, `[==[ … ]==]`; none where the text does not open one.
fn long_bracket_length(text: &[u8]) -> Option<usize> {
    let level = text.get(1..)?.iter().take_while(|byte| **byte == b'=').count();
    if text.first() != Some(&b'[') || text.get(level + 1) != Some(&b'[') {
        return None;
    }
    let close = [b"]".as_slice(), &vec![b'='; level], b"]"].concat();
    let body = text.get(level + 2..)?;
    Some(memchr::memmem::find(body, &close).map_or(text.len(), |at| level + 2 + at + close.len()))
}

#[cfg(test)]
mod tests {
    use super::body_length;

    #[test]
    fn braces_in_strings_comments_and_long_brackets_do_not_count() {
        for body in [
            "}",
            " ngx.say('}') }",
            " local t = { a = { 1 } } }",
            " -- a } comment\n }",
            " --[[ } \n } ]] }",
            " local s = [==[ } ]] } ]==] }",
            " local s = \"\\\"}\" }",
            " a[1] = '}' }",
        ] {
            assert_eq!(body_length(format!("{body} rest;").as_bytes()), Some(body.len()), "{body}");
        }
        assert_eq!(body_length(b" { never closed }"), None);
    }
}
