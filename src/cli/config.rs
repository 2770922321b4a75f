//! `peelhouse config FILE`: a server's configuration file as the tree it is read into.
//!
//! With `--json` one object a line, in the order of the file: file, line, depth, name, args; or file, line, depth and
//! `error` where something cannot be understood.

mod rows;

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::config::rows::{Node, Row};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Tone};
use crate::formats::{apache, nginx, tomcat};
use crate::host::{self, Host};

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
    /// Take it as the main file of its server: what it includes in its place, and of conditions what holds
    #[arg(long, conflicts_with = "print")]
    follow: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Apache,
    Nginx,
    Tomcat,
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
    let (rows, problems) = match kind {
        Kind::Nginx if args.follow => {
            let config = nginx::evaluate(&host, &path);
            (rows::nginx_followed(&config), config.problems)
        }
        Kind::Nginx => (rows::nginx(&nginx::parse(&source), &path), Vec::new()),
        Kind::Apache if args.follow => {
            let evaluation = apache::evaluate::evaluate(&host, start(&host, &path));
            let problems = evaluation.problems.iter().map(ToString::to_string).collect();
            (rows::apache_followed(&evaluation), problems)
        }
        Kind::Apache => (rows::apache(&apache::tree::Tree::parse(&source), &path), Vec::new()),
        Kind::Tomcat => (rows::tomcat(&tomcat::Document::parse(&source), &path), Vec::new()),
    };
    show(&rows, &problems, out)?;
    let faulty = !problems.is_empty() || rows.iter().any(|row| matches!(row.node, Node::Error { .. }));
    Ok(if faulty { Exit::Remark } else { Exit::Done })
}

/// The file as the main one of a server whose root is its directory; a `ServerRoot` in it says better.
fn start(host: &Host, path: &Path) -> apache::evaluate::Start {
    let root = path.parent().unwrap_or(Path::new("/")).to_owned();
    host::apache::start(host, root, &path.to_string_lossy())
}

/// By the path, else by how most of its lines end: nginx closes them with `;`, `{` or `}`.
fn guess(path: &Path, source: &[u8]) -> Kind {
    let name = path.to_string_lossy();
    if path.extension().is_some_and(|end| end == "xml") || source.trim_ascii_start().starts_with(b"<?xml") {
        return Kind::Tomcat;
    }
    match (name.contains("nginx"), name.contains("apache") || name.contains("httpd")) {
        (true, false) => return Kind::Nginx,
        (false, true) => return Kind::Apache,
        _ => {}
    }
    let lines = source.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let said = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let (ended, others): (Vec<&[u8]>, Vec<&[u8]>) =
        said.partition(|line| line.ends_with(b";") || line.ends_with(b"{") || line.ends_with(b"}"));
    if ended.len() >= others.len() { Kind::Nginx } else { Kind::Apache }
}

fn print(kind: Kind, source: &[u8]) -> Vec<u8> {
    match kind {
        Kind::Nginx => nginx::parse(source).print(),
        Kind::Apache => apache::tree::Tree::parse(source).print(),
        Kind::Tomcat => tomcat::Document::parse(source).print().to_vec(),
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
    fn whose_file_it_is_is_told_by_path_then_text() {
        for (path, source, kind) in [
            ("/x", "\n<?xml version='1.0'?>", Kind::Tomcat),
            ("/etc/tomcat10/context.xml", "", Kind::Tomcat),
            ("/etc/apache2/x", "user www;", Kind::Apache),
            ("/etc/nginx/x", "User www", Kind::Nginx),
            ("/x", "server {\n listen 80;\n}\n", Kind::Nginx),
            ("/x", "# a;\n<VirtualHost *:80>\n ServerName a\n</VirtualHost>\n", Kind::Apache),
        ] {
            assert_eq!(guess(Path::new(path), source.as_bytes()), kind, "{path}: {source}");
        }
    }
}
