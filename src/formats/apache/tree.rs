//! The lossless tree of one configuration file. It is flat, with links up: nesting of any depth costs no stack.

use std::collections::HashMap;
use std::ops::Range;

use crate::formats::apache::{lines, words};

/// One file. `print` gives back the bytes it was parsed from, whatever they were.
#[derive(Clone, Debug)]
pub struct Tree {
    source: Vec<u8>,
    /// In file order; a section is followed by what it holds and by its end.
    pub entries: Vec<Entry>,
}

/// One logical line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Place in the file, line ends included.
    pub bytes: Range<usize>,
    /// First physical line, from 1.
    pub line: u32,
    /// Index of the section it stands in.
    pub parent: Option<usize>,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Blank,
    Comment,
    Directive(Directive),
    /// `<Name …>`; `end` is the index of its closing entry, none: it was never closed.
    Section {
        head: Directive,
        end: Option<usize>,
    },
    /// `</Name>`; `start` is the index of its section, none: there was none to close.
    End {
        name: String,
        start: Option<usize>,
    },
}

/// A name and what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// As written, without `<`.
    pub name: String,
    /// As written, without the `>` of a section.
    pub text: String,
}

/// A section that was not closed, or an end that closes nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    #[error("line {line}: <{name}> is never closed; add </{name}>")]
    Unclosed { line: u32, name: String },
    #[error("line {line}: </{name}> closes no open section; remove it or open <{name}> before it")]
    Stray { line: u32, name: String },
}

impl Directive {
    /// The arguments, quotes and escapes undone.
    pub fn args(&self) -> Vec<String> {
        words::all(&self.text)
    }
}

impl Tree {
    /// Any bytes make a tree.
    pub fn parse(source: &[u8]) -> Self {
        let mut nesting = Nesting::default();
        for line in lines::read(source) {
            nesting.take(line);
        }
        Self { source: source.to_vec(), entries: nesting.entries }
    }

    /// The bytes of the file.
    pub fn print(&self) -> Vec<u8> {
        let mut printed = Vec::with_capacity(self.source.len());
        for entry in &self.entries {
            printed.extend_from_slice(self.raw(entry));
        }
        printed
    }

    /// The bytes of one entry.
    pub fn raw(&self, entry: &Entry) -> &[u8] {
        self.source.get(entry.bytes.clone()).unwrap_or_default()
    }

    /// Sections left open and ends that close nothing, in file order.
    pub fn errors(&self) -> impl Iterator<Item = TreeError> + '_ {
        self.entries.iter().filter_map(|entry| match &entry.kind {
            Kind::Section { head, end: None } => {
                Some(TreeError::Unclosed { line: entry.line, name: head.name.clone() })
            }
            Kind::End { name, start: None } => Some(TreeError::Stray { line: entry.line, name: name.clone() }),
            _ => None,
        })
    }
}

/// Builds the links; every section is opened and closed once, so it is linear in the file.
#[derive(Default)]
struct Nesting {
    entries: Vec<Entry>,
    open: Vec<(usize, String)>,
    /// How many sections of a name are open, so that a stray end costs no walk.
    names: HashMap<String, usize>,
}

impl Nesting {
    fn take(&mut self, line: lines::Line) {
        let kind = self.kind(&line.text);
        let index = self.entries.len();
        let parent = match &kind {
            Kind::End { start: Some(start), .. } => self.entries.get(*start).and_then(|entry| entry.parent),
            _ => self.open.last().map(|(open, _)| *open),
        };
        if let Kind::End { start: Some(start), .. } = kind
            && let Some(Entry { kind: Kind::Section { end, .. }, .. }) = self.entries.get_mut(start)
        {
            *end = Some(index);
        }
        if let Kind::Section { head, .. } = &kind {
            let key = head.name.to_ascii_lowercase();
            *self.names.entry(key.clone()).or_default() += 1;
            self.open.push((index, key));
        }
        self.entries.push(Entry { bytes: line.bytes, line: line.first, parent, kind });
    }

    fn kind(&mut self, text: &str) -> Kind {
        if text.is_empty() {
            return Kind::Blank;
        }
        if text.starts_with('#') {
            return Kind::Comment;
        }
        if let Some(end) = text.strip_prefix("</") {
            let name = end.split(['>', ' ', '\t']).next().unwrap_or_default().to_owned();
            let start = self.close(&name.to_ascii_lowercase());
            return Kind::End { name, start };
        }
        match text.strip_prefix('<') {
            Some(head) => Kind::Section { head: section_head(head), end: None },
            None => {
                let (name, text) = words::first(text);
                Kind::Directive(Directive { name, text: text.to_owned() })
            }
        }
    }

    /// Closes the innermost open section of that name; those left open within it stay without an end.
    fn close(&mut self, key: &str) -> Option<usize> {
        self.names.get(key).filter(|count| **count > 0)?;
        while let Some((index, name)) = self.open.pop() {
            if let Some(count) = self.names.get_mut(&name) {
                *count -= 1;
            }
            if name == key {
                return Some(index);
            }
        }
        None
    }
}

fn section_head(text: &str) -> Directive {
    let inner = text.strip_suffix('>').unwrap_or(text);
    let (name, text) = words::first(inner);
    Directive { name, text: text.trim_end().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(tree: &Tree) -> Vec<(u32, Option<usize>, String)> {
        tree.entries
            .iter()
            .filter_map(|entry| match &entry.kind {
                Kind::Directive(directive) => Some((entry.line, entry.parent, directive.name.clone())),
                Kind::Section { head, .. } => Some((entry.line, entry.parent, head.name.clone())),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_tree_knows_lines_names_and_arguments() {
        let tree =
            Tree::parse(b"# c\n<VirtualHost *:80 [::]:80>\r\n  ServerAlias a \\\n \"b c\"\n</VirtualHost>\nUser x");
        assert_eq!(
            names(&tree),
            [(2, None, "VirtualHost".into()), (3, Some(1), "ServerAlias".into()), (6, None, "User".into())]
        );
        let Kind::Directive(alias) = &tree.entries[2].kind else { panic!("not a directive") };
        assert_eq!(alias.args(), ["a", "b c"]);
        let Kind::Section { head, end } = &tree.entries[1].kind else { panic!("not a section") };
        assert_eq!((head.args(), *end), (vec!["*:80".to_owned(), "[::]:80".to_owned()], Some(3)));
        assert_eq!(tree.errors().count(), 0);
    }

    #[test]
    fn broken_nesting_is_told_with_its_line() {
        let tree = Tree::parse(b"<A>\n<B>\nx\n</a>\n</C>\n<D\n");
        let told: Vec<_> = tree.errors().map(|error| error.to_string()).collect();
        assert_eq!(
            told,
            [
                "line 2: <B> is never closed; add </B>",
                "line 5: </C> closes no open section; remove it or open <C> before it",
                "line 6: <D> is never closed; add </D>"
            ]
        );
    }

    #[test]
    fn any_number_of_open_sections_costs_no_stack() {
        let deep = "<a>\n".repeat(300_000) + &"</b>\n".repeat(300_000);
        let tree = Tree::parse(deep.as_bytes());
        assert_eq!(tree.errors().count(), 600_000);
        assert_eq!(tree.print(), deep.as_bytes());
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "reads the corpus beside the repository")]
    fn every_file_of_the_corpus_prints_back() {
        let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/certbot-apache");
        let Ok(files) = std::fs::read_dir(&corpus) else {
            println!("skipped: no corpus at {}", corpus.display());
            return;
        };
        let mut seen = 0;
        for file in files {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            assert!(Tree::parse(&bytes).print() == bytes, "{} differs", path.display());
            seen += 1;
        }
        assert!(seen > 0, "the corpus is empty");
    }

    fn grammar() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop::sample::select(vec![
            &b"<VirtualHost *:80>"[..],
            &b"</VirtualHost>"[..],
            &b"<If \"a\">"[..],
            &b"</If"[..],
            &b"</"[..],
            &b"<"[..],
            &b"# note"[..],
            &b"LogFormat \"%h \\\"%r\\\"\" x"[..],
            &b"\r\n"[..],
            &b"\n"[..],
            &b"\\\n"[..],
            &b" \t"[..],
            &b"\xff\0"[..],
        ]);
        prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_bytes_print_back(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert_eq!(Tree::parse(&bytes).print(), bytes);
        }

        #[test]
        fn anything_like_a_configuration_prints_back(bytes in grammar()) {
            let tree = Tree::parse(&bytes);
            prop_assert_eq!(tree.print(), bytes);
            for (index, entry) in tree.entries.iter().enumerate() {
                prop_assert!(entry.parent.is_none_or(|parent| parent < index));
            }
        }
    }
}
