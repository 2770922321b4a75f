//! Bytes → tree. Never fails: what nginx would refuse becomes an error entry and reading goes on.

use crate::formats::nginx::lexer::{Kind, Lexer, Token};
use crate::formats::nginx::lua;
use crate::formats::nginx::tree::{Block, Directive, End, Fault, Item, Node, Tree, Word};

/// Real files stay under ten; deeper ones are refused so that no walk over a tree can run out of stack.
const DEEPEST: usize = 64;

/// Reads one file; `print` of the tree is the input again.
pub fn parse(source: &[u8]) -> Tree {
    let mut parser = Parser { lexer: Lexer::new(source), levels: Vec::new(), level: Level::default() };
    loop {
        let token = parser.lexer.next();
        if let Kind::End = token.kind {
            return parser.finish(token);
        }
        parser.accept(token);
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The blocks around the one being read, outermost first.
    levels: Vec<Level>,
    level: Level,
}

#[derive(Default)]
struct Level {
    items: Vec<Item>,
    pending: Option<Pending>,
    /// Braces opened here that could not become blocks.
    strays: usize,
}

/// A directive whose end is not read yet.
struct Pending {
    before: Vec<u8>,
    line: u32,
    words: Vec<Word>,
    /// Comments since the last word.
    gap: Vec<u8>,
}

impl Parser<'_> {
    fn accept(&mut self, token: Token<'_>) {
        match token.kind {
            Kind::Word { raw, closed } => self.word(token, raw, closed),
            Kind::Comment(text) => self.comment(token, text),
            Kind::Semicolon => match self.level.pending.take() {
                Some(pending) => self.level.push_directive(pending, token.before, End::Semicolon),
                None => self.level.push_error(token, b";", Fault::Unexpected(';')),
            },
            Kind::Open => self.open(token),
            Kind::Close => self.close(token),
            Kind::End => {}
        }
    }

    fn word(&mut self, token: Token<'_>, raw: &[u8], closed: bool) {
        if let Some(pending) = &mut self.level.pending {
            let glued = token.before.is_empty()
                && pending.gap.is_empty()
                && !raw.starts_with(b")")
                && pending.words.last().is_some_and(Word::is_quoted);
            if glued {
                // nginx gives up here; what follows reads on as a new directive, after the error.
                self.level.give_up(token.line, Fault::GluedToQuote);
            }
        }
        match &mut self.level.pending {
            Some(pending) => {
                let mut before = std::mem::take(&mut pending.gap);
                before.extend_from_slice(token.before);
                pending.words.push(Word { before, raw: raw.to_vec() });
            }
            None => {
                let words = vec![Word { before: Vec::new(), raw: raw.to_vec() }];
                let before = token.before.to_vec();
                self.level.pending = Some(Pending { before, line: token.line, words, gap: Vec::new() });
            }
        }
        if !closed {
            self.level.give_up(token.line, Fault::QuoteNotClosed);
        }
    }

    fn comment(&mut self, token: Token<'_>, text: &[u8]) {
        match &mut self.level.pending {
            Some(pending) => {
                pending.gap.extend_from_slice(token.before);
                pending.gap.extend_from_slice(text);
            }
            None => self.level.push(token, Node::Comment(text.to_vec())),
        }
    }

    fn open(&mut self, token: Token<'_>) {
        let Some(mut pending) = self.level.pending.take() else {
            self.level.strays += 1;
            return self.level.push_error(token, b"{", Fault::Unexpected('{'));
        };
        if pending.words.first().is_some_and(|word| word.raw.ends_with(b"_by_lua_block")) {
            return self.lua(pending, token);
        }
        if self.levels.len() >= DEEPEST {
            self.level.strays += 1;
            self.level.push_directive(pending, b"", End::Missing);
            return self.level.push_error(token, b"{", Fault::TooDeep(DEEPEST));
        }
        pending.gap.extend_from_slice(token.before);
        self.level.pending = Some(pending);
        self.levels.push(std::mem::take(&mut self.level));
    }

    fn lua(&mut self, pending: Pending, token: Token<'_>) {
        let length = lua::body_length(self.lexer.rest());
        let mut code = b"{".to_vec();
        code.extend_from_slice(self.lexer.take(length.unwrap_or(usize::MAX)));
        self.level.push_directive(pending, token.before, End::Lua(code));
        if length.is_none() {
            self.level.push_fault(self.lexer.line(), Fault::BlockNotClosed);
        }
    }

    fn close(&mut self, token: Token<'_>) {
        self.level.give_up(token.line, Fault::NotTerminated);
        if self.level.strays > 0 {
            self.level.strays -= 1;
            return self.level.push_error(token, b"}", Fault::Unexpected('}'));
        }
        match self.levels.pop() {
            Some(outer) => self.leave(outer, token.before, true),
            None => self.level.push_error(token, b"}", Fault::Unexpected('}')),
        }
    }

    /// Ends the block being read and goes on in the one around it.
    fn leave(&mut self, outer: Level, tail: &[u8], closed: bool) {
        let inner = std::mem::replace(&mut self.level, outer);
        let block = Block { items: inner.items, tail: tail.to_vec(), closed };
        if let Some(pending) = self.level.pending.take() {
            self.level.push_directive(pending, b"", End::Block(block));
        }
    }

    fn finish(mut self, token: Token<'_>) -> Tree {
        self.level.give_up(token.line, Fault::NotTerminated);
        let mut tail = token.before;
        while let Some(outer) = self.levels.pop() {
            self.leave(outer, std::mem::take(&mut tail), false);
            self.level.push_fault(token.line, Fault::BlockNotClosed);
        }
        Tree { items: self.level.items, tail: tail.to_vec() }
    }
}

impl Level {
    fn push(&mut self, token: Token<'_>, node: Node) {
        self.items.push(Item { before: token.before.to_vec(), line: token.line, node });
    }

    fn push_error(&mut self, token: Token<'_>, text: &[u8], fault: Fault) {
        self.push(token, Node::Error { text: text.to_vec(), fault });
    }

    /// An error with no bytes of its own: something is missing here.
    fn push_fault(&mut self, line: u32, fault: Fault) {
        self.items.push(Item { before: Vec::new(), line, node: Node::Error { text: Vec::new(), fault } });
    }

    fn push_directive(&mut self, pending: Pending, before_end: &[u8], end: End) {
        let Pending { before, line, words, mut gap } = pending;
        gap.extend_from_slice(before_end);
        let node = Node::Directive(Directive { words, before_end: gap, end });
        self.items.push(Item { before, line, node });
    }

    /// Ends a directive that has no end of its own.
    fn give_up(&mut self, line: u32, fault: Fault) {
        if let Some(pending) = self.pending.take() {
            self.push_directive(pending, b"", End::Missing);
            self.push_fault(line, fault);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn faults(items: &[Item]) -> Vec<(u32, Fault)> {
        let mut found = Vec::new();
        for item in items {
            match &item.node {
                Node::Error { fault, .. } => found.push((item.line, *fault)),
                Node::Directive(Directive { end: End::Block(block), .. }) => found.extend(faults(&block.items)),
                _ => {}
            }
        }
        found
    }

    fn values(source: &str) -> Vec<String> {
        let tree = parse(source.as_bytes());
        assert_eq!(tree.print(), source.as_bytes());
        let Some(Node::Directive(directive)) = tree.items.first().map(|item| &item.node) else { panic!("{tree:?}") };
        directive.words.iter().map(|word| String::from_utf8_lossy(&word.value()).into_owned()).collect()
    }

    #[test]
    fn words_are_what_nginx_takes_them_for() {
        assert_eq!(values(r#"a "b c" 'd "e"';"#), ["a", "b c", "d \"e\""]);
        assert_eq!(values(r"a \; x\ y;"), ["a", r"\;", r"x\ y"]);
        assert_eq!(values(r#"a "q\"\t\d\\";"#), ["a", "q\"\t\\d\\"]);
        assert_eq!(values("a ${b}c$d {}"), ["a", "${b}c$d"]);
        assert_eq!(values("a x}y z#w; # c"), ["a", "x}y", "z#w"]);
        assert_eq!(values("a # ; in between {\n b;"), ["a", "b"]);
        assert_eq!(values("if ($a = \"b\") { c; }"), ["if", "($a", "=", "b", ")"]);
    }

    #[test]
    fn lua_blocks_are_kept_whole() {
        let source = "location / { content_by_lua_block { if a then b = '}' end -- }\n } deny all; }";
        let tree = parse(source.as_bytes());
        assert_eq!(tree.print(), source.as_bytes());
        assert_eq!(faults(&tree.items), []);
        let Node::Directive(Directive { end: End::Block(block), .. }) = &tree.items[0].node else { panic!() };
        assert_eq!(block.items.len(), 2);
    }

    #[test]
    fn faults_stand_where_nginx_stops() {
        for (source, expected) in [
            ("a b\n}", vec![(2, Fault::NotTerminated), (2, Fault::Unexpected('}'))]),
            ("a {\n b;", vec![(2, Fault::BlockNotClosed)]),
            (";", vec![(1, Fault::Unexpected(';'))]),
            ("{ a; }", vec![(1, Fault::Unexpected('{')), (1, Fault::Unexpected('}'))]),
            ("a 'b\n;", vec![(1, Fault::QuoteNotClosed)]),
            ("a 'b'c;", vec![(1, Fault::GluedToQuote)]),
            ("a", vec![(1, Fault::NotTerminated)]),
        ] {
            let tree = parse(source.as_bytes());
            assert_eq!(tree.print(), source.as_bytes());
            assert_eq!(faults(&tree.items), expected, "{source}");
        }
    }

    #[test]
    fn endless_nesting_is_refused_and_printed_back() {
        let source = "a {".repeat(100_000) + &"}".repeat(100_000);
        let tree = parse(source.as_bytes());
        assert_eq!(tree.print(), source.as_bytes());
        assert!(faults(&tree.items).iter().any(|(_, fault)| *fault == Fault::TooDeep(DEEPEST)));
    }

    proptest! {
        #[test]
        fn any_bytes_print_back(source in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(parse(&source).print(), source);
        }

        #[test]
        fn any_syntax_prints_back(source in "(a|x_by_lua_block|[ \t\r\n{};#\"'\\\\$()=\\[\\]-]){0,80}") {
            prop_assert_eq!(parse(source.as_bytes()).print(), source.as_bytes());
        }
    }
}
