//! nginx words, in the order and with the quirks of its own reader (`ngx_conf_read_token`).

/// One token with the white space before it; all tokens in a row are the input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) before: &'a [u8],
    pub(super) line: u32,
    pub(super) kind: Kind<'a>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind<'a> {
    Word {
        raw: &'a [u8],
        /// False where the input ends inside its quotes.
        closed: bool,
    },
    Comment(&'a [u8]),
    Semicolon,
    Open,
    Close,
    End,
}

pub(super) struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    line: u32,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        Self { source, at: 0, line: 1 }
    }

    pub(super) fn next(&mut self) -> Token<'a> {
        let space = self.rest().iter().take_while(|byte| is_space(**byte)).count();
        let before = self.take(space);
        let line = self.line;
        let kind = match self.rest().first() {
            None => Kind::End,
            Some(b';') => self.mark(Kind::Semicolon),
            Some(b'{') => self.mark(Kind::Open),
            Some(b'}') => self.mark(Kind::Close),
            Some(b'#') => Kind::Comment(self.take(comment_length(self.rest()))),
            Some(b'"' | b'\'') => self.quoted(),
            Some(_) => Kind::Word { raw: self.take(word_length(self.rest())), closed: true },
        };
        Token { before, line, kind }
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.source.get(self.at..).unwrap_or_default()
    }

    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// Reads so many bytes as they are.
    pub(super) fn take(&mut self, length: usize) -> &'a [u8] {
        let taken = self.rest().get(..length).unwrap_or(self.rest());
        self.at += taken.len();
        let lines = memchr::memchr_iter(b'\n', taken).count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        taken
    }

    fn mark(&mut self, kind: Kind<'a>) -> Kind<'a> {
        self.at += 1;
        kind
    }

    fn quoted(&mut self) -> Kind<'a> {
        let text = self.rest();
        let quote = text.first().copied().unwrap_or_default();
        let mut at = 1;
        while let Some(&byte) = text.get(at) {
            match byte {
                b'\\' => at += 2,
                byte if byte == quote => return Kind::Word { raw: self.take(at + 1), closed: true },
                _ => at += 1,
            }
        }
        Kind::Word { raw: self.take(text.len()), closed: false }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn comment_length(text: &[u8]) -> usize {
    memchr::memchr(b'\n', text).unwrap_or(text.len())
}

/// A bare word ends at white space, `;` or a `{` that is not the brace of `${…}`; `}` and `#` inside are its own.
fn word_length(text: &[u8]) -> usize {
    let mut at = 0;
    let mut variable = false;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' => {
                variable = false;
                at += 2;
                continue;
            }
            b'$' => variable = true,
            b'{' if variable => {}
            b';' | b'{' => return at,
            byte if is_space(byte) => return at,
            _ => variable = false,
        }
        at += 1;
    }
    text.len()
}
