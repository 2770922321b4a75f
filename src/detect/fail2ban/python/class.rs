//! Character classes: `[…]`, `\d`, `\s`, `\w`, as Python understands them in text.

/// A set of characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Class {
    pub negated: bool,
    pub items: Vec<Item>,
}

/// A part of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    Range(char, char),
    /// `d`, `D`, `s`, `S`, `w`, `W`
    Kind(char),
}

impl Class {
    /// `\d` and the like.
    pub fn kind(kind: char) -> Self {
        Self { negated: false, items: vec![Item::Kind(kind)] }
    }

    pub fn has(&self, c: char) -> bool {
        self.items.iter().any(|item| item.has(c)) != self.negated
    }

    /// The class for Rust's engines.
    pub fn write(&self, to: &mut String) {
        if let ([Item::Kind(kind)], false) = (self.items.as_slice(), self.negated) {
            return write_kind(*kind, to);
        }
        to.push_str(if self.negated { "[^" } else { "[" });
        for item in &self.items {
            match item {
                Item::Kind(kind) => write_kind(*kind, to),
                Item::Range(from, upto) if from == upto => write_char(*from, to),
                Item::Range(from, upto) => {
                    write_char(*from, to);
                    to.push('-');
                    write_char(*upto, to);
                }
            }
        }
        to.push(']');
    }
}

impl Item {
    fn has(self, c: char) -> bool {
        match self {
            Self::Range(from, upto) => (from..=upto).contains(&c),
            Self::Kind(kind) => {
                let inside = match kind.to_ascii_lowercase() {
                    'd' => c.is_ascii_digit(),
                    's' => c.is_whitespace() || ('\x1c'..='\x1f').contains(&c),
                    _ => c.is_alphanumeric() || c == '_',
                };
                inside != kind.is_ascii_uppercase()
            }
        }
    }
}

/// Python's `\w` has no combining marks, and its `\s` has the four separators of ASCII.
fn write_kind(kind: char, to: &mut String) {
    to.push_str(match kind {
        'd' => r"\d",
        'D' => r"\D",
        's' => r"[\s\x1c-\x1f]",
        'S' => r"[^\s\x1c-\x1f]",
        'w' => r"[\p{L}\p{N}_]",
        _ => r"[^\p{L}\p{N}_]",
    });
}

/// One character so that it stands for itself, in classes and outside.
pub fn write_char(c: char, to: &mut String) {
    match c {
        c if c.is_alphanumeric() || c == '_' || c == ' ' => to.push(c),
        c if c.is_ascii_graphic() && !matches!(c, '<' | '>') => to.extend(['\\', c]),
        c => {
            use std::fmt::Write;
            let _ = write!(to, "\\x{{{:x}}}", u32::from(c));
        }
    }
}
