//! The lines of a configuration tree, whatever server it is of.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::formats::{apache, nginx, tomcat};

/// One line of a tree.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    pub file: PathBuf,
    /// From 1.
    pub line: u32,
    pub depth: usize,
    #[serde(flatten)]
    pub node: Node,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Node {
    Setting { name: String, args: Vec<String> },
    Error { error: String },
}

/// One nginx file.
pub fn nginx(tree: &nginx::Tree, file: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    items(&tree.items, file, 0, &mut rows);
    rows
}

fn items(items: &[nginx::Item], file: &Path, depth: usize, rows: &mut Vec<Row>) {
    for item in items {
        let node = match &item.node {
            nginx::Node::Comment(_) => continue,
            nginx::Node::Error { fault, .. } => Node::Error { error: fault.to_string() },
            nginx::Node::Directive(directive) => {
                let mut words = directive.words.iter().map(|word| String::from_utf8_lossy(&word.value()).into_owned());
                Node::Setting { name: words.next().unwrap_or_default(), args: words.collect() }
            }
        };
        rows.push(Row { file: file.to_owned(), line: item.line, depth, node });
        if let nginx::Node::Directive(nginx::Directive { end: nginx::End::Block(block), .. }) = &item.node {
            self::items(&block.items, file, depth + 1, rows);
        }
    }
}

/// An nginx configuration with its includes in their places.
pub fn nginx_followed(config: &nginx::Config) -> Vec<Row> {
    let mut rows = Vec::new();
    settings(&config.settings, 0, &mut rows);
    rows
}

fn settings(settings: &[nginx::Setting], depth: usize, rows: &mut Vec<Row>) {
    for setting in settings {
        let node = Node::Setting { name: setting.name.clone(), args: setting.args.clone() };
        rows.push(Row { file: setting.at.file.clone(), line: setting.at.line, depth, node });
        self::settings(setting.inside(), depth + 1, rows);
    }
}

/// One Apache file.
pub fn apache(tree: &apache::tree::Tree, file: &Path) -> Vec<Row> {
    use apache::tree::Kind;
    let mut rows = Vec::new();
    let mut depths: Vec<usize> = Vec::with_capacity(tree.entries.len());
    for entry in &tree.entries {
        let depth = entry.parent.and_then(|parent| depths.get(parent)).map_or(0, |depth| depth + 1);
        depths.push(depth);
        let setting = |name: String, args| Node::Setting { name, args };
        let node = match &entry.kind {
            Kind::Blank | Kind::Comment | Kind::End { start: Some(_), .. } => continue,
            Kind::Directive(directive) => setting(directive.name.clone(), directive.args()),
            Kind::Section { head, .. } => setting(format!("<{}>", head.name), head.args()),
            Kind::End { name, start: None } => Node::Error { error: format!("</{name}> closes no open section") },
        };
        rows.push(Row { file: file.to_owned(), line: entry.line, depth, node });
        if let Kind::Section { head, end: None } = &entry.kind {
            let node = Node::Error { error: format!("<{}> is never closed", head.name) };
            rows.push(Row { file: file.to_owned(), line: entry.line, depth, node });
        }
    }
    rows
}

/// An Apache configuration with what holds of its includes and conditions.
pub fn apache_followed(evaluation: &apache::evaluate::Evaluation) -> Vec<Row> {
    let mut rows = Vec::new();
    effective(&evaluation.directives, 0, &mut rows);
    rows
}

fn effective(directives: &[apache::evaluate::Effective], depth: usize, rows: &mut Vec<Row>) {
    for directive in directives {
        let section = directive.children.is_some();
        let name = if section { format!("<{}>", directive.name) } else { directive.name.clone() };
        let node = Node::Setting { name, args: directive.args() };
        rows.push(Row { file: directive.at.file.clone(), line: directive.at.line, depth, node });
        effective(directive.children(), depth + 1, rows);
    }
}

/// One XML file of Tomcat.
pub fn tomcat(document: &tomcat::Document, file: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(root) = &document.root {
        element(root, file, 0, &mut rows);
    }
    for (line, error) in &document.problems {
        rows.push(Row { file: file.to_owned(), line: *line, depth: 0, node: Node::Error { error: error.clone() } });
    }
    rows
}

fn element(element: &tomcat::Element, file: &Path, depth: usize, rows: &mut Vec<Row>) {
    let args = element.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let node = Node::Setting { name: element.name.clone(), args };
    rows.push(Row { file: file.to_owned(), line: element.line, depth, node });
    for child in &element.children {
        self::element(child, file, depth + 1, rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rows: &[Row]) -> Vec<(u32, usize, String)> {
        let words = |node: &Node| match node {
            Node::Setting { name, args } => format!("{name} {}", args.join("|")),
            Node::Error { error } => format!("error: {error}"),
        };
        rows.iter().map(|row| (row.line, row.depth, words(&row.node))).collect()
    }

    #[test]
    fn an_nginx_tree_is_shown_with_line_and_depth() {
        let rows = nginx(&nginx::parse(b"http {\n root \"a b\";\n}\n}"), Path::new("/f"));
        let expected = [(1, 0, "http "), (2, 1, "root a b"), (4, 0, "error: unexpected \"}\"")];
        assert_eq!(shown(&rows), expected.map(|(line, depth, text)| (line, depth, text.to_owned())));
    }

    #[test]
    fn an_apache_tree_is_shown_with_line_and_depth() {
        let source = b"<VirtualHost *:80>\n# c\n Alias /a \"/b c\"\n</VirtualHost>\n</Directory>\n<If \"x\">\n";
        let rows = apache(&apache::tree::Tree::parse(source), Path::new("/f"));
        let expected = [
            (1, 0, "<VirtualHost> *:80"),
            (3, 1, "Alias /a|/b c"),
            (5, 0, "error: </Directory> closes no open section"),
            (6, 0, "<If> x"),
            (6, 0, "error: <If> is never closed"),
        ];
        assert_eq!(shown(&rows), expected.map(|(line, depth, text)| (line, depth, text.to_owned())));
    }
}
