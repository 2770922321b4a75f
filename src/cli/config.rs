//! `peelhouse config FILE`: a server's configuration file as the tree it is read into.
//!
//! With `--json` one object a line, in the order of the file: file, line, depth, name, args; or file, line, depth and
//! `error` where something cannot be understood.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;

use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::formats::{nginx, tomcat};
use crate::host::Host;

#[derive(clap::Args)]
pub struct Args {
    /// The configuration file
    file: PathBuf,
    /// Whose file it is; told by its path and its text where this is not said
    #[arg(long, value_enum)]
    server: Option<Kind>,
    /// Print the file back from its tree, byte for byte
    #[arg(long)]
    print: bool,
    /// Put what the file includes in its place (nginx)
    #[arg(long, conflicts_with = "print")]
    follow: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Nginx,
    Tomcat,
}

/// One line of the tree.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Row {
    file: PathBuf,
    line: u32,
    depth: usize,
    #[serde(flatten)]
    node: Node,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Node {
    Setting { name: String, args: Vec<String> },
    Error { error: String },
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, CliError> {
    let host = Host::live();
    let path = std::path::absolute(&args.file).unwrap_or_else(|_| args.file.clone());
    let source = host.read_file(&path)?;
    let kind = args.server.unwrap_or_else(|| guess(&path, &source));
    if args.print {
        out.raw(&print(kind, &source))?;
        return Ok(Exit::Done);
    }
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    match kind {
        Kind::Nginx if args.follow => {
            let config = nginx::evaluate(&host, &path);
            settings(&config.settings, 0, &mut rows);
            problems = config.problems;
        }
        Kind::Nginx => items(&nginx::parse(&source).items, &path, 0, &mut rows),
        Kind::Tomcat => document(&tomcat::Document::parse(&source), &path, &mut rows),
    }
    show(&rows, &problems, out)?;
    let faulty = !problems.is_empty() || rows.iter().any(|row| matches!(row.node, Node::Error { .. }));
    Ok(if faulty { Exit::Remark } else { Exit::Done })
}

fn guess(path: &Path, source: &[u8]) -> Kind {
    let xml = source.trim_ascii_start().starts_with(b"<") || path.extension().is_some_and(|end| end == "xml");
    if xml { Kind::Tomcat } else { Kind::Nginx }
}

fn print(kind: Kind, source: &[u8]) -> Vec<u8> {
    match kind {
        Kind::Nginx => nginx::parse(source).print(),
        Kind::Tomcat => tomcat::Document::parse(source).print().to_vec(),
    }
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

fn settings(settings: &[nginx::Setting], depth: usize, rows: &mut Vec<Row>) {
    for setting in settings {
        let node = Node::Setting { name: setting.name.clone(), args: setting.args.clone() };
        rows.push(Row { file: setting.at.file.clone(), line: setting.at.line, depth, node });
        self::settings(setting.inside(), depth + 1, rows);
    }
}

fn document(document: &tomcat::Document, file: &Path, rows: &mut Vec<Row>) {
    if let Some(root) = &document.root {
        element(root, file, 0, rows);
    }
    for (line, error) in &document.problems {
        rows.push(Row { file: file.to_owned(), line: *line, depth: 0, node: Node::Error { error: error.clone() } });
    }
}

fn element(element: &tomcat::Element, file: &Path, depth: usize, rows: &mut Vec<Row>) {
    let args = element.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let node = Node::Setting { name: element.name.clone(), args };
    rows.push(Row { file: file.to_owned(), line: element.line, depth, node });
    for child in &element.children {
        self::element(child, file, depth + 1, rows);
    }
}

fn show(rows: &[Row], problems: &[String], out: &mut Output) -> Result<(), CliError> {
    for row in rows {
        if out.is_json() {
            out.object(row)?;
            continue;
        }
        let place = format!("{}:{}: {:indent$}", row.file.display(), row.line, "", indent = row.depth * 2);
        match &row.node {
            Node::Setting { name, args } => out.line(&format!("{place}{}", words(name, args)))?,
            Node::Error { error } => out.toned(Tone::Bad, &format!("{place}error: {error}"))?,
        }
    }
    for error in problems {
        match out.is_json() {
            true => out.object(&Node::Error { error: error.clone() })?,
            false => out.toned(Tone::Bad, &format!("error: {error}"))?,
        }
    }
    Ok(())
}

/// The words of a setting, with quotes where a word would not read as one.
fn words(name: &str, args: &[String]) -> String {
    let quoted = |word: &String| match word.is_empty() || word.contains(|c: char| c.is_whitespace() || c == '"') {
        true => format!("{word:?}"),
        false => word.clone(),
    };
    let words: Vec<String> = std::iter::once(name.to_owned()).chain(args.iter().map(quoted)).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_shown_with_line_and_depth() {
        let mut rows = Vec::new();
        items(&nginx::parse(b"http {\n root \"a b\";\n}\n}").items, Path::new("/f"), 0, &mut rows);
        let shown: Vec<(u32, usize)> = rows.iter().map(|row| (row.line, row.depth)).collect();
        assert_eq!(shown, [(1, 0), (2, 1), (4, 0)]);
        assert_eq!(rows[1].node, Node::Setting { name: "root".to_owned(), args: vec!["a b".to_owned()] });
        assert_eq!(rows[2].node, Node::Error { error: "unexpected \"}\"".to_owned() });
    }

    #[test]
    fn whose_file_it_is_is_told_by_its_text() {
        assert_eq!(guess(Path::new("/x"), b"\n<?xml version='1.0'?>"), Kind::Tomcat);
        assert_eq!(guess(Path::new("/x"), b"user www;"), Kind::Nginx);
    }
}
