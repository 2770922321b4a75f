//! A configuration file as a tree that keeps every byte: `print` gives back what was read.

use std::borrow::Cow;

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    pub items: Vec<Item>,
    /// White space after the last item.
    pub tail: Vec<u8>,
}

/// A comment, a directive, or a place that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// White space before it.
    pub before: Vec<u8>,
    /// From 1.
    pub line: u32,
    pub node: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// From `#` to the end of its line.
    Comment(Vec<u8>),
    Directive(Directive),
    /// Bytes that fit nowhere (often none: the fault is that something is missing).
    Error {
        text: Vec<u8>,
        fault: Fault,
    },
}

/// `name args… ;` or `name args… { … }`; never without a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    pub words: Vec<Word>,
    /// White space and comments before the `;` or `{`.
    pub before_end: Vec<u8>,
    pub end: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// White space and comments between the word before and this one.
    pub before: Vec<u8>,
    /// As written, with quotes and escapes.
    pub raw: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Semicolon,
    Block(Block),
    /// The body of a `…_by_lua_block`, braces included.
    Lua(Vec<u8>),
    /// Neither: an error entry follows.
    Missing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub items: Vec<Item>,
    /// White space before the closing brace.
    pub tail: Vec<u8>,
    pub closed: bool,
}

/// What nginx itself would refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("unexpected \"{0}\"")]
    Unexpected(char),
    #[error("directive is not terminated by \";\"")]
    NotTerminated,
    #[error("unexpected end of file, expecting \"}}\"")]
    BlockNotClosed,
    #[error("unexpected end of file inside a quoted word")]
    QuoteNotClosed,
    #[error("no white space after a closing quote")]
    GluedToQuote,
    #[error("blocks are nested deeper than {0}")]
    TooDeep(usize),
}

impl Tree {
    /// The bytes it was read from.
    pub fn print(&self) -> Vec<u8> {
        let mut out = Vec::new();
        print_items(&self.items, &mut out);
        out.extend_from_slice(&self.tail);
        out
    }
}

fn print_items(items: &[Item], out: &mut Vec<u8>) {
    for item in items {
        out.extend_from_slice(&item.before);
        match &item.node {
            Node::Comment(text) | Node::Error { text, .. } => out.extend_from_slice(text),
            Node::Directive(directive) => directive.print(out),
        }
    }
}

impl Directive {
    fn print(&self, out: &mut Vec<u8>) {
        for word in &self.words {
            out.extend_from_slice(&word.before);
            out.extend_from_slice(&word.raw);
        }
        out.extend_from_slice(&self.before_end);
        match &self.end {
            End::Semicolon => out.push(b';'),
            End::Lua(code) => out.extend_from_slice(code),
            End::Missing => {}
            End::Block(block) => {
                out.push(b'{');
                print_items(&block.items, out);
                out.extend_from_slice(&block.tail);
                out.extend_from_slice(if block.closed { b"}" } else { b"" });
            }
        }
    }

    /// The first word, without quotes.
    pub fn name(&self) -> Cow<'_, [u8]> {
        self.words.first().map(Word::value).unwrap_or_default()
    }
}

impl Word {
    /// What nginx takes it for: quotes off, `\"` `\'` `\\` `\t` `\r` `\n` read, other escapes kept.
    pub fn value(&self) -> Cow<'_, [u8]> {
        let bare = self.without_quotes();
        if !bare.contains(&b'\\') {
            return Cow::Borrowed(bare);
        }
        let mut value = Vec::with_capacity(bare.len());
        let mut bytes = bare.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            let read = match (byte, bytes.peek()) {
                (b'\\', Some(&escaped @ (b'"' | b'\'' | b'\\'))) => Some(escaped),
                (b'\\', Some(b't')) => Some(b'\t'),
                (b'\\', Some(b'r')) => Some(b'\r'),
                (b'\\', Some(b'n')) => Some(b'\n'),
                _ => None,
            };
            if read.is_some() {
                bytes.next();
            }
            value.push(read.unwrap_or(byte));
        }
        Cow::Owned(value)
    }

    pub(super) fn is_quoted(&self) -> bool {
        matches!(self.raw.first(), Some(b'"' | b'\''))
    }

    fn without_quotes(&self) -> &[u8] {
        match self.raw.split_first() {
            Some((quote @ (b'"' | b'\''), rest)) => rest.strip_suffix(&[*quote]).unwrap_or(rest),
            _ => &self.raw,
        }
    }
}
