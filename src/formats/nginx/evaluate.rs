//! The configuration nginx would run: one file and all it includes, each directive with its place.

use std::path::{Path, PathBuf};

use crate::formats::nginx::parse::parse;
use crate::formats::nginx::tree::{Directive, End, Item, Node};
use crate::formats::{Files, glob};
use crate::model::Spot;

/// Blocks and includes inside one another.
const DEEPEST: usize = 100;
/// Files that may be read for one configuration; a file that includes others twice, thrice over, grows without end.
const MOST_FILES: usize = 10_000;
const MOST_SETTINGS: usize = 1_000_000;

/// All files of a configuration as one tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    pub settings: Vec<Setting>,
    /// As `nginx -T` prints them: in the order of their first reading, each once.
    pub files: Vec<PathBuf>,
    /// `file:line: what is wrong`
    pub problems: Vec<String>,
}

/// One directive, its words as nginx takes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub args: Vec<String>,
    pub at: Spot,
    pub block: Option<Vec<Setting>>,
}

/// Reads a configuration from its main file; includes are relative to that file's directory (glob(3)).
pub fn evaluate(files: &dyn Files, main: &Path) -> Config {
    let base = main.parent().unwrap_or(Path::new("/"));
    let mut run = Run { files, base, open: Vec::new(), read: 0, kept: 0, config: Config::default() };
    run.config.settings = match run.read(main, 0) {
        Ok(settings) => settings,
        Err(cause) => {
            run.config.problems.push(format!("{}: {cause}", main.display()));
            Vec::new()
        }
    };
    run.config
}

struct Run<'a> {
    files: &'a dyn Files,
    base: &'a Path,
    /// Files being read, outermost first.
    open: Vec<PathBuf>,
    read: usize,
    kept: usize,
    config: Config,
}

impl Run<'_> {
    fn read(&mut self, path: &Path, depth: usize) -> Result<Vec<Setting>, String> {
        if self.open.iter().any(|open| open == path) {
            return Err("includes itself".to_owned());
        }
        if self.read >= MOST_FILES {
            return Err(format!("not read: more than {MOST_FILES} files are included"));
        }
        let source = self.files.read(path)?;
        self.read += 1;
        if !self.config.files.iter().any(|known| known == path) {
            self.config.files.push(path.to_owned());
        }
        self.open.push(path.to_owned());
        let settings = self.items(&parse(&source).items, path, depth);
        self.open.pop();
        Ok(settings)
    }

    fn items(&mut self, items: &[Item], file: &Path, depth: usize) -> Vec<Setting> {
        let mut settings = Vec::new();
        for item in items {
            let at = Spot { file: file.to_owned(), line: item.line };
            match &item.node {
                Node::Comment(_) => {}
                Node::Error { fault, .. } => self.problem(&at, &fault.to_string()),
                Node::Directive(directive) if depth >= DEEPEST => {
                    let name = text(&directive.name());
                    self.problem(&at, &format!("{name} is nested deeper than {DEEPEST}"));
                }
                Node::Directive(directive) => self.directive(directive, at, depth, &mut settings),
            }
        }
        settings
    }

    fn directive(&mut self, directive: &Directive, at: Spot, depth: usize, settings: &mut Vec<Setting>) {
        let mut words = directive.words.iter().map(|word| text(&word.value()));
        let name = words.next().unwrap_or_default();
        let args: Vec<String> = words.collect();
        let block = match &directive.end {
            End::Block(block) => Some(self.items(&block.items, &at.file, depth + 1)),
            _ => None,
        };
        if name == "include" && block.is_none() {
            match args.first() {
                Some(target) => return self.include(target, &at, depth, settings),
                None => self.problem(&at, "include names no file"),
            }
        }
        self.kept += 1;
        match self.kept {
            kept if kept <= MOST_SETTINGS => settings.push(Setting { name, args, at, block }),
            kept if kept == MOST_SETTINGS + 1 => {
                self.problem(&at, &format!("not read on: more than {MOST_SETTINGS} directives"));
            }
            _ => {}
        }
    }

    fn include(&mut self, target: &str, at: &Spot, depth: usize, settings: &mut Vec<Setting>) {
        let target = self.base.join(target);
        let paths = match target.to_str() {
            Some(pattern) if glob::is_pattern(pattern) => glob::expand(self.files, &target),
            _ => vec![target],
        };
        for path in paths {
            match self.read(&path, depth + 1) {
                Ok(included) => settings.extend(included),
                Err(cause) => self.problem(at, &format!("include {}: {cause}", path.display())),
            }
        }
    }

    fn problem(&mut self, at: &Spot, what: &str) {
        self.config.problems.push(format!("{at}: {what}"));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Setting {
    /// The first argument, empty where there is none.
    pub fn first(&self) -> &str {
        self.args.first().map_or("", String::as_str)
    }

    /// What stands in its block; empty without one.
    pub fn inside(&self) -> &[Setting] {
        self.block.as_deref().unwrap_or_default()
    }
}
