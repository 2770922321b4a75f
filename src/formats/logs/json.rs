//! A reader of one JSON object a line. Over bytes, since nginx leaves invalid UTF-8 as it is and Apache's `\x` escapes
//! are no JSON: what a strict parser refuses would be lines lost.

use crate::formats::logs::Unparsed;

/// Deeper than this no log nests on purpose.
const DEEPEST: usize = 32;

/// Calls `see` with the keys that lead to each string, number or word, outermost first, and its raw text: strings
/// without their quotes, escapes undone by nobody. Values of an array share its keys.
pub fn scalars<'a>(line: &'a [u8], mut see: impl FnMut(&[&'a [u8]], &'a [u8])) -> Result<(), Unparsed> {
    let mut walk = Walk { line, at: 0, keys: [&[]; DEEPEST], is_object: [false; DEEPEST], depth: 0 };
    walk.value(&mut see)?;
    while walk.depth > 0 {
        walk.member(&mut see)?;
    }
    walk.blanks();
    if walk.at < line.len() { Err(walk.unparsed("the end of the line")) } else { Ok(()) }
}

struct Walk<'a> {
    line: &'a [u8],
    at: usize,
    keys: [&'a [u8]; DEEPEST],
    is_object: [bool; DEEPEST],
    depth: usize,
}

impl<'a> Walk<'a> {
    fn member(&mut self, see: &mut impl FnMut(&[&'a [u8]], &'a [u8])) -> Result<(), Unparsed> {
        self.blanks();
        if self.take(b',') {
            self.blanks();
        }
        let (is_object, close) = if self.is_object[self.depth - 1] { (true, b'}') } else { (false, b']') };
        if self.take(close) {
            self.depth -= 1;
            return Ok(());
        }
        if is_object {
            let key = self.string()?;
            self.keys[self.depth - 1] = key;
            self.blanks();
            if !self.take(b':') {
                return Err(self.unparsed("a colon after the key"));
            }
        }
        self.value(see)
    }

    fn value(&mut self, see: &mut impl FnMut(&[&'a [u8]], &'a [u8])) -> Result<(), Unparsed> {
        self.blanks();
        match self.line.get(self.at) {
            Some(b'{') => self.open(true),
            Some(b'[') => self.open(false),
            Some(b'"') => {
                let text = self.string()?;
                see(self.keys.get(..self.depth).unwrap_or_default(), text);
                Ok(())
            }
            Some(_) => {
                let rest = &self.line[self.at..];
                let length =
                    rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
                if length == 0 || self.depth == 0 {
                    return Err(self.unparsed("a JSON value"));
                }
                self.at += length;
                see(self.keys.get(..self.depth).unwrap_or_default(), &rest[..length]);
                Ok(())
            }
            None => Err(self.unparsed("a JSON value")),
        }
    }

    /// An array of an array, or in it, keeps the key before it.
    fn open(&mut self, is_object: bool) -> Result<(), Unparsed> {
        if self.depth == DEEPEST {
            return Err(self.unparsed("JSON that nests less deeply"));
        }
        self.at += 1;
        self.is_object[self.depth] = is_object;
        self.keys[self.depth] = b"";
        self.depth += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<&'a [u8], Unparsed> {
        if !self.take(b'"') {
            return Err(self.unparsed("a double quote"));
        }
        let start = self.at;
        let close = crate::formats::logs::text::closing_quote(self.line, start);
        self.at = close.ok_or(self.unparsed("the closing quote"))? + 1;
        Ok(&self.line[start..self.at - 1])
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.line.get(self.at) == Some(&byte);
        self.at += usize::from(there);
        there
    }

    fn blanks(&mut self) {
        while matches!(self.line.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn unparsed(&self, expected: &'static str) -> Unparsed {
        Unparsed { at: self.at, expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(line: &str) -> Result<Vec<String>, Unparsed> {
        let mut seen = Vec::new();
        scalars(line.as_bytes(), |keys, value| {
            let keys: Vec<_> = keys.iter().map(|key| String::from_utf8_lossy(key)).collect();
            seen.push(format!("{}={}", keys.join("."), String::from_utf8_lossy(value)));
        })?;
        Ok(seen)
    }

    #[test]
    fn every_scalar_is_seen_with_its_keys() {
        let line = r#" {"a": "x\"y", "b":{"c":[1, {"d":null}], "e":{}},"f":-1.5e3} "#;
        assert_eq!(flat(line).unwrap(), [r#"a=x\"y"#, "b.c.=1", "b.c..d=null", "f=-1.5e3"]);
    }

    #[test]
    fn broken_json_says_where() {
        for (line, at) in [("", 0), ("{", 1), (r#"{"a"}"#, 4), (r#"{"a":"x"#, 6), (r#"{"a":1}}"#, 7), ("5", 0)] {
            assert_eq!(flat(line).unwrap_err().at, at, "{line}");
        }
        assert!(flat(&"[".repeat(100_000)).is_err());
    }
}
