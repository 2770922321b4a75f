//! An XML file: its text as it stands, and the elements in it with their lines. Entity bombs are refused.

use roxmltree::{Node, ParsingOptions};

/// Real files stay under ten; the bound keeps every walk over a document off the end of the stack.
const DEEPEST: usize = 64;
const MOST_NODES: u32 = 200_000;

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    source: Vec<u8>,
    /// None where the file is no XML.
    pub root: Option<Element>,
    /// Line from 1, and what is wrong there.
    pub problems: Vec<(u32, String)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    pub name: String,
    pub line: u32,
    /// In the order they are written.
    pub attributes: Vec<(String, String)>,
    /// The text right after its opening tag, trimmed.
    pub text: String,
    pub children: Vec<Element>,
}

impl Document {
    /// Reads one file; never fails, see `problems`.
    pub fn parse(source: &[u8]) -> Self {
        let mut document = Self { source: source.to_vec(), ..Self::default() };
        let text = text(source);
        let options = ParsingOptions { allow_dtd: true, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
        match roxmltree::Document::parse_with_options(&text, options) {
            Ok(xml) => {
                let mut reader = Reader { lines: Lines::of(&text), problems: Vec::new() };
                document.root = Some(reader.element(xml.root_element(), 1));
                document.problems = reader.problems;
            }
            Err(error) => document.problems.push((error.pos().row, error.to_string())),
        }
        document
    }

    /// The bytes it was read from.
    pub fn print(&self) -> &[u8] {
        &self.source
    }
}

/// UTF-8, or else every byte as the character of its number (ISO-8859-1, which old files are in).
fn text(source: &[u8]) -> String {
    match std::str::from_utf8(source) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => source.iter().map(|byte| char::from(*byte)).collect(),
    }
}

struct Reader {
    lines: Lines,
    problems: Vec<(u32, String)>,
}

impl Reader {
    fn element(&mut self, node: Node<'_, '_>, depth: usize) -> Element {
        let line = self.lines.at(node.range().start);
        let children: Vec<Node<'_, '_>> = node.children().filter(Node::is_element).collect();
        let too_deep = depth >= DEEPEST && !children.is_empty();
        if too_deep {
            self.problems
                .push((line, format!("elements are nested deeper than {DEEPEST}: the inner ones are not read")));
        }
        Element {
            name: node.tag_name().name().to_owned(),
            line,
            attributes: node.attributes().map(|pair| (pair.name().to_owned(), pair.value().to_owned())).collect(),
            text: node.text().unwrap_or_default().trim().to_owned(),
            children: match too_deep {
                true => Vec::new(),
                false => children.into_iter().map(|child| self.element(child, depth + 1)).collect(),
            },
        }
    }
}

/// Offsets of the newlines, so that a line number is a search and not a count from the start.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    fn at(&self, offset: usize) -> u32 {
        u32::try_from(self.0.partition_point(|newline| *newline < offset) + 1).unwrap_or(u32::MAX)
    }
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Children of this name.
    pub fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements_know_their_lines_and_attributes() {
        let document =
            Document::parse(b"<?xml version='1.0'?>\n<!-- <x> -->\n<a>\n <b k='1 &gt; &quot;0&quot;'/>\n</a>\n");
        let root = document.root.unwrap();
        assert_eq!((root.name.as_str(), root.line), ("a", 3));
        let b = root.named("b").next().unwrap();
        assert_eq!((b.line, b.attribute("k")), (4, Some("1 > \"0\"")));
    }

    #[test]
    fn broken_and_hostile_files_are_problems_with_a_line() {
        let bomb = "<!DOCTYPE a [<!ENTITY x0 'ha'>".to_owned()
            + &(1..30).map(|n| format!("<!ENTITY x{n} '&x{0};&x{0};&x{0};'>", n - 1)).collect::<String>()
            + "]>\n<a>&x29;</a>";
        for (source, line) in [("<a>\n<b>\n</a>", 3), ("", 1), (bomb.as_str(), 2)] {
            let document = Document::parse(source.as_bytes());
            assert_eq!(document.root, None);
            let [(at, what)] = document.problems.as_slice() else { panic!("{:?}", document.problems) };
            assert!(*at <= line && !what.is_empty(), "{at}: {what}");
        }
    }

    #[test]
    fn endless_nesting_is_cut_and_said() {
        let source = "<a k='/>'>".repeat(100_000) + &"</a>".repeat(100_000);
        let document = Document::parse(source.as_bytes());
        assert_eq!(
            document.problems,
            [(1, "elements are nested deeper than 64: the inner ones are not read".to_owned())]
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_kept(source in proptest::collection::vec(any::<u8>(), 0..300)) {
            let document = Document::parse(&source);
            prop_assert_eq!(document.print(), source.as_slice());
        }

        #[test]
        fn any_syntax_is_survived(source in "(<a>|</a>|<b/>|<!--|-->|<!DOCTYPE a|\\[|\\]|&x;|<!ENTITY x 'y'>|[<>='\" a&;]){0,60}") {
            Document::parse(source.as_bytes());
        }
    }
}
