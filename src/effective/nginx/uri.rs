//! A request target as nginx matches it: decoded, without dot segments (ngx_http_parse.c).

/// What locations are matched against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub path: String,
    /// Behind the `?`, as sent.
    pub args: String,
}

/// Reads a target as sent (`/a/../b%20c?x=1`); none where nginx answers 400.
pub fn normalise(target: &str, merge_slashes: bool) -> Option<Target> {
    let bytes = target.as_bytes();
    let valid = bytes.first() == Some(&b'/') && bytes.iter().all(|byte| *byte > b' ' && *byte != 0x7f);
    if !valid {
        return None;
    }
    let without_fragment = target.split('#').next().unwrap_or_default();
    let (path, args) = without_fragment.split_once('?').unwrap_or((without_fragment, ""));
    Some(Target { path: path_of(path, merge_slashes)?, args: args.to_owned() })
}

fn path_of(path: &str, merge_slashes: bool) -> Option<String> {
    // `%2F` separates segments as a plain `/` does.
    let decoded = decode(path.as_bytes())?;
    let mut out: Vec<u8> = Vec::with_capacity(decoded.len());
    let mut segments = decoded.split(|byte| *byte == b'/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            b"." => out.extend_from_slice(if last { b"/" } else { b"" }),
            b".." => {
                let parent = out.iter().rposition(|byte| *byte == b'/')?;
                out.truncate(parent);
                out.extend_from_slice(if last { b"/" } else { b"" });
            }
            b"" if merge_slashes && !last => {}
            plain => {
                out.push(b'/');
                out.extend_from_slice(plain);
            }
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

fn decode(path: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        let mut byte = *byte;
        if byte == b'%' {
            let (high, low) = (hex(rest.first()?)?, hex(rest.get(1)?)?);
            byte = high * 16 + low;
            rest = rest.get(2..)?;
            if byte == 0 {
                return None;
            }
        }
        out.push(byte);
    }
    Some(out)
}

fn hex(digit: &u8) -> Option<u8> {
    char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_read_as_nginx_reads_them() {
        let path = |target: &str| normalise(target, true).map(|target| target.path);
        for (target, expected) in [
            ("/", "/"),
            ("/a//b", "/a/b"),
            ("/a/./b/../c", "/a/c"),
            ("/a/b/..", "/a/"),
            ("/a/.", "/a/"),
            ("/a/..%2fb%3fc", "/b?c"),
            ("/%2e%2e/a", ""),
            ("/..a/.b", "/..a/.b"),
            ("/a%", ""),
            ("/a%00", ""),
            ("a", ""),
            ("/a b", ""),
            ("/a//", "/a/"),
        ] {
            assert_eq!(path(target).unwrap_or_default(), expected, "{target}");
        }
        assert_eq!(normalise("/a//b?c#d", false), Some(Target { path: "/a//b".to_owned(), args: "c".to_owned() }));
    }
}
