//! YAML as a small tree with lines. Aliases are refused and depth is bounded, so a bomb stays a small file.

use std::collections::HashSet;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::detect::rules::error::Problem;

const MAX_BYTES: usize = 1 << 20;
const MAX_DEPTH: usize = 32;

/// A value and the line it starts on, from 1.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub line: u32,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    /// `plain` is false where the text was quoted: `"null"` is a word.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub line: u32,
    pub text: String,
}

/// A problem and its line.
pub(super) type Bad = (u32, Problem);

/// The documents of a file, in order, empty ones left out; and what keeps the rest of it from being read.
pub(super) fn documents(text: &str) -> (Vec<Node>, Option<Bad>) {
    let mut builder = Builder::default();
    let bad = builder.fill(text).err();
    builder.done.retain(|node| !node.is_null());
    (builder.done, bad)
}

fn line(from_one: usize) -> u32 {
    u32::try_from(from_one).unwrap_or(u32::MAX).max(1)
}

#[derive(Default)]
struct Builder {
    done: Vec<Node>,
    open: Vec<Open>,
}

/// A list or map that is still being filled.
enum Open {
    List(u32, Vec<Node>),
    Map(u32, Vec<(Key, Node)>, Keys),
}

/// The keys of a map so far, and the one that waits for its value.
#[derive(Default)]
struct Keys {
    known: HashSet<String>,
    open: Option<Key>,
}

impl Builder {
    fn fill(&mut self, text: &str) -> Result<(), Bad> {
        if text.len() > MAX_BYTES {
            return Err((1, Problem::TooLarge { limit: MAX_BYTES }));
        }
        let mut parser = Parser::new_from_str(text);
        while let Some(next) = parser.next_event() {
            let (event, span) = next.map_err(|e| (line(e.marker().line()), Problem::Yaml(e.info().to_owned())))?;
            if matches!(event, Event::StreamEnd) {
                break;
            }
            self.take(event, line(span.start.line()))?;
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'_>, line: u32) -> Result<(), Bad> {
        match event {
            Event::Scalar(text, style, _, _) => {
                let plain = style == ScalarStyle::Plain;
                self.put(Node { line, value: Value::Scalar { text: text.into_owned(), plain } })
            }
            Event::SequenceStart(..) => self.open(Open::List(line, Vec::new()), line),
            Event::MappingStart(..) => self.open(Open::Map(line, Vec::new(), Keys::default()), line),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(line, items)) => self.put(Node { line, value: Value::List(items) }),
                Some(Open::Map(line, pairs, _)) => self.put(Node { line, value: Value::Map(pairs) }),
                None => Ok(()),
            },
            Event::Alias(_) => Err((line, Problem::Alias)),
            _ => Ok(()),
        }
    }

    fn open(&mut self, open: Open, line: u32) -> Result<(), Bad> {
        if self.open.len() >= MAX_DEPTH {
            return Err((line, Problem::TooDeep { limit: MAX_DEPTH }));
        }
        self.open.push(open);
        Ok(())
    }

    fn put(&mut self, node: Node) -> Result<(), Bad> {
        match self.open.last_mut() {
            None => self.done.push(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, pairs, keys)) => match keys.open.take() {
                Some(name) => pairs.push((name, node)),
                None => keys.open = Some(new_key(&mut keys.known, node)?),
            },
        }
        Ok(())
    }
}

fn new_key(known: &mut HashSet<String>, node: Node) -> Result<Key, Bad> {
    let Value::Scalar { text, .. } = node.value else {
        return Err((node.line, Problem::Shape { key: "a key".to_owned(), expected: "a word" }));
    };
    if !known.insert(text.clone()) {
        return Err((node.line, Problem::DuplicateKey(text)));
    }
    Ok(Key { line: node.line, text })
}

impl Node {
    /// The value of `key`, where this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.pairs().iter().find(|(name, _)| name.text == key).map(|(_, node)| node)
    }

    /// The pairs of a map; empty for anything else.
    pub fn pairs(&self) -> &[(Key, Node)] {
        match &self.value {
            Value::Map(pairs) => pairs,
            _ => &[],
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The items of a list; one for a scalar or map alone.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The text under `key`, or why there is none.
    pub fn word<'n>(&'n self, key: &'static str) -> Result<Option<&'n str>, Bad> {
        match self.get(key) {
            None => Ok(None),
            Some(node) => match node.text() {
                Some(text) => Ok(Some(text)),
                None => Err((node.line, Problem::Shape { key: key.to_owned(), expected: "a word" })),
            },
        }
    }

    /// The text under `key`, or a list of it; each with its line.
    pub fn words(&self, key: &'static str) -> Result<Vec<(u32, &str)>, Bad> {
        let Some(node) = self.get(key) else { return Ok(Vec::new()) };
        let word =
            |item: &'_ Node| (item.line, Problem::Shape { key: key.to_owned(), expected: "a word or a list of words" });
        node.items().iter().map(|item| item.text().map(|text| (item.line, text)).ok_or_else(|| word(item))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_documents_and_quotes_are_kept() {
        let (docs, bad) = documents("a: 1\nb:\n  - x\n  - 'null'\n---\nc: null\n---\n");
        assert_eq!((docs.len(), bad), (2, None));
        let list = docs[0].get("b").unwrap();
        assert_eq!(list.items()[1].line, 4);
        assert!(!list.items()[1].is_null());
        assert!(docs[1].get("c").unwrap().is_null());
    }

    #[test]
    fn what_stands_before_a_mistake_is_kept() {
        let (docs, bad) = documents("a: 1\n---\nb: 'open\n");
        assert!(docs.len() == 1 && matches!(bad, Some((_, Problem::Yaml(_)))));
    }

    #[test]
    fn bombs_and_deep_nests_are_refused() {
        let documents = |text: &str| documents(text).1.map_or(Ok(()), Err);
        assert!(matches!(documents("a: &x [1]\nb: [*x, *x]\n"), Err((2, Problem::Alias))));
        assert!(matches!(documents(&"[".repeat(40)), Err((_, Problem::TooDeep { .. }))));
        assert!(documents(&"[".repeat(100_000)).is_err());
        assert!(matches!(documents(&" ".repeat(2 << 20)), Err((1, Problem::TooLarge { .. }))));
        assert!(matches!(documents("a: 1\na: 2\n"), Err((2, Problem::DuplicateKey(_)))));
        assert!(matches!(documents("a: 'open\n"), Err((_, Problem::Yaml(_)))));
    }
}
