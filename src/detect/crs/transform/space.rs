//! White space, comments and the disguises of command lines.

/// C's `isspace`, and the no-break space of Latin 1.
pub fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0B || byte == 0xA0
}

pub fn trim(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_space(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_space(*last)
    {
        text = rest;
    }
    text
}

/// Each run of white space becomes one space.
pub fn compress(text: &[u8], out: &mut Vec<u8>) {
    let mut before = false;
    for byte in text {
        let space = is_space(*byte);
        if !space {
            out.push(*byte);
        } else if !before {
            out.push(b' ');
        }
        before = space;
    }
}

/// Each `/* … */`, closed or not, becomes one space.
pub fn replace_comments(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(start) = memchr::memmem::find(rest, b"/*") {
        out.extend_from_slice(rest.get(..start).unwrap_or_default());
        out.push(b' ');
        let inside = rest.get(start + 2..).unwrap_or_default();
        rest = match memchr::memmem::find(inside, b"*/") {
            Some(end) => inside.get(end + 2..).unwrap_or_default(),
            None => &[],
        };
    }
    out.extend_from_slice(rest);
}

/// `/* … */` and `<!-- … -->` go; `--` and `#` end the text.
pub fn remove_comments(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    let mut inside = false;
    while let Some((byte, after)) = rest.split_first() {
        let skip = match rest {
            [b'*', b'/', ..] if inside => 2,
            [b'-', b'-', b'>', ..] if inside => 3,
            _ if inside => 0,
            [b'/', b'*', ..] => 2,
            [b'<', b'!', b'-', b'-', ..] => 4,
            [b'-', b'-', ..] | [b'#', ..] => {
                out.push(b' ');
                return;
            }
            _ => 0,
        };
        if skip == 0 {
            if !inside {
                out.push(*byte);
            }
            rest = after;
            continue;
        }
        rest = rest.get(skip..).unwrap_or_default();
        // ModSecurity takes the byte behind a comment as it is.
        if inside && let Some((byte, after)) = rest.split_first() {
            out.push(*byte);
            rest = after;
        }
        inside = !inside;
    }
    if inside {
        out.push(b' ');
    }
}

/// What shells do not see goes: quotes, carets, backslashes; separators become one space, none before `/` and `(`.
pub fn command_line(text: &[u8], out: &mut Vec<u8>) {
    let mut space = false;
    for byte in text {
        match byte {
            b'"' | b'\'' | b'\\' | b'^' => {}
            b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                if !space {
                    out.push(b' ');
                }
                space = true;
            }
            b'/' | b'(' => {
                if space {
                    out.pop();
                }
                out.push(*byte);
                space = false;
            }
            _ => {
                out.push(byte.to_ascii_lowercase());
                space = false;
            }
        }
    }
}
