//! A tree → text for Rust's engines: the linear one where it can, the backtracking one where it must.

use std::collections::BTreeSet;

use crate::detect::fail2ban::python::class::write_char;
use crate::detect::fail2ban::python::{Flags, Greed, Node, Tree};

/// Which engine the text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Linear time, no look-around and no back-references.
    Linear,
    /// Backtracking, with a limit of its cost.
    Backtracking,
}

/// Text and the engine it needs.
#[derive(Clone, Debug)]
pub struct Emitted {
    pub text: String,
    pub dialect: Dialect,
}

/// Writes a tree. `one_line`: the texts it will see hold one newline, at their end. `multi_line`: `^` and `$` also match
/// at inner newlines, from the start. Groups without a name are captured only where a part refers to them, or where they
/// are number `keep`; they are then called [`group_name`].
pub fn emit(tree: &Tree, one_line: bool, multi_line: bool, keep: Option<u32>) -> Emitted {
    let mut referred = BTreeSet::new();
    referred.extend(keep);
    let dialect = if needs_backtracking(&tree.root, &mut referred) { Dialect::Backtracking } else { Dialect::Linear };
    let mut emitter = Emitter { tree, referred, dialect, one_line, multi_line, text: String::new() };
    emitter.node(&tree.root);
    if emitter.dialect == Dialect::Linear && emitter.text.contains(EXACT_END) {
        emitter.dialect = Dialect::Backtracking;
        emitter.text.clear();
        emitter.node(&tree.root);
    }
    Emitted { text: emitter.text, dialect: emitter.dialect }
}

/// The name of a captured group.
pub fn group_name(tree: &Tree, number: u32) -> String {
    let named = tree.names.get(number as usize).cloned().flatten();
    named.unwrap_or_else(|| format!("g__{number}"))
}

/// Before the last newline or at the end: `$` of Python outside its multi-line mode.
const EXACT_END: &str = r"(?=\n?\z)";

/// Gathers the groups that parts refer to, too, so it looks at every part.
fn needs_backtracking(node: &Node, referred: &mut BTreeSet<u32>) -> bool {
    match node {
        Node::Concat(parts) | Node::Alternate(parts) => {
            parts.iter().filter(|part| needs_backtracking(part, referred)).count() > 0
        }
        Node::Repeat { node, greed, .. } => needs_backtracking(node, referred) | (*greed == Greed::Possessive),
        Node::Group(_, node) | Node::Flagged(_, node) => needs_backtracking(node, referred),
        Node::Look { node, .. } | Node::Atomic(node) => {
            needs_backtracking(node, referred);
            true
        }
        Node::Back(group) => {
            referred.insert(*group);
            true
        }
        Node::Conditional { group, yes, no } => {
            needs_backtracking(yes, referred);
            needs_backtracking(no, referred);
            referred.insert(*group);
            true
        }
        _ => false,
    }
}

struct Emitter<'t> {
    tree: &'t Tree,
    referred: BTreeSet<u32>,
    dialect: Dialect,
    one_line: bool,
    multi_line: bool,
    text: String,
}

impl Emitter<'_> {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Literal(c) => write_char(*c, &mut self.text),
            Node::Any => self.text.push('.'),
            Node::Class(class) => class.write(&mut self.text),
            Node::LineStart => self.text.push_str(if self.multi_line { "(?m:^)" } else { r"\A" }),
            Node::LineEnd => self.text.push_str(if self.multi_line || self.one_line { "(?m:$)" } else { EXACT_END }),
            Node::TextStart => self.text.push_str(r"\A"),
            Node::TextEnd => self.text.push_str(r"\z"),
            Node::Boundary(true) => self.text.push_str(r"\b"),
            Node::Boundary(false) => self.text.push_str(r"\B"),
            Node::NotInWord if self.dialect == Dialect::Linear => {
                self.text.push_str(r"(?:\b{start-half}|\b{end-half})");
            }
            Node::NotInWord => self.text.push_str(r"(?:(?<![\p{L}\p{N}_])|(?![\p{L}\p{N}_]))"),
            Node::Concat(parts) => parts.iter().for_each(|part| self.part(part)),
            Node::Alternate(branches) => self.branches(branches),
            Node::Repeat { node, least, most, greed } => self.repeat(node, *least, *most, *greed),
            Node::Group(number, node) => self.group(*number, node),
            Node::Flagged(flags, node) => self.flagged(*flags, node),
            Node::Look { ahead, wanted, node } => {
                let sign = match (ahead, wanted) {
                    (true, true) => "(?=",
                    (true, false) => "(?!",
                    (false, true) => "(?<=",
                    (false, false) => "(?<!",
                };
                self.wrapped(sign, node);
            }
            Node::Atomic(node) => self.wrapped("(?>", node),
            Node::Back(number) => {
                let name = group_name(self.tree, *number);
                self.text.push_str(&format!(r"\k<{name}>"));
            }
            Node::Conditional { group, yes, no } => {
                let name = group_name(self.tree, *group);
                self.text.push_str(&format!("(?(<{name}>)"));
                self.wrapped("(?:", yes);
                self.text.push('|');
                self.wrapped("(?:", no);
                self.text.push(')');
            }
        }
    }

    fn part(&mut self, node: &Node) {
        if matches!(node, Node::Alternate(_)) { self.wrapped("(?:", node) } else { self.node(node) }
    }

    fn wrapped(&mut self, open: &str, node: &Node) {
        self.text.push_str(open);
        self.node(node);
        self.text.push(')');
    }

    fn branches(&mut self, branches: &[Node]) {
        for (at, branch) in branches.iter().enumerate() {
            if at > 0 {
                self.text.push('|');
            }
            self.node(branch);
        }
    }

    fn repeat(&mut self, node: &Node, least: u32, most: Option<u32>, greed: Greed) {
        if greed == Greed::Possessive {
            self.text.push_str("(?>");
        }
        self.wrapped("(?:", node);
        match (least, most) {
            (0, None) => self.text.push('*'),
            (1, None) => self.text.push('+'),
            (0, Some(1)) => self.text.push('?'),
            (least, None) => self.text.push_str(&format!("{{{least},}}")),
            (least, Some(most)) => self.text.push_str(&format!("{{{least},{most}}}")),
        }
        match greed {
            Greed::Greedy => {}
            Greed::Lazy => self.text.push('?'),
            Greed::Possessive => self.text.push(')'),
        }
    }

    fn group(&mut self, number: u32, node: &Node) {
        let named = self.tree.names.get(number as usize).is_some_and(Option::is_some);
        if named || self.referred.contains(&number) {
            let name = group_name(self.tree, number);
            self.wrapped(&format!("(?P<{name}>"), node);
        } else {
            self.wrapped("(?:", node);
        }
    }

    fn flagged(&mut self, flags: Flags, node: &Node) {
        let before = self.multi_line;
        self.multi_line = flags.multi_line.unwrap_or(before);
        let letters = [(flags.ignore_case, 'i'), (flags.dot_all, 's')];
        let chosen = |on: bool| letters.iter().filter(move |(set, _)| *set == Some(on)).map(|(_, letter)| *letter);
        let mut sign: String = std::iter::once("(?").flat_map(str::chars).chain(chosen(true)).collect();
        if chosen(false).next().is_some() {
            sign.push('-');
            sign.extend(chosen(false));
        }
        sign.push(':');
        self.wrapped(&sign, node);
        self.multi_line = before;
    }
}
