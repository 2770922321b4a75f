//! A section of the configuration in the form in which it is merged: its own lines, and the sections within it.

use std::sync::Arc;

use crate::effective::apache::options::Options;
use crate::effective::apache::pattern::Pattern;
use crate::formats::apache::evaluate::Effective as Written;
use crate::formats::apache::fnmatch;
use crate::model::Spot;

/// One directive.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name in lower case.
    pub key: String,
    pub args: Vec<String>,
    /// As written.
    pub text: String,
    pub at: Spot,
    /// Of `<Limit>` around it.
    pub methods: Option<Arc<Methods>>,
    /// What a section holds that is itself a value (`<RequireAll>`).
    pub inner: Vec<Line>,
}

/// Methods that a line is for.
#[derive(Clone, Debug)]
pub struct Methods {
    names: Vec<String>,
    except: bool,
    outer: Option<Arc<Methods>>,
}

/// What a section holds for.
#[derive(Clone, Debug)]
pub enum Scope {
    Server,
    Htaccess,
    /// A path and how it is matched; a directory's ends with a slash.
    Path(Path),
    If(String),
    ElseIf(String),
    Else,
}

#[derive(Clone, Debug)]
pub enum Path {
    Plain(String),
    Wild(String, Pattern),
    Regex(Pattern),
}

/// A section.
#[derive(Clone, Debug)]
pub struct Block {
    pub scope: Scope,
    pub at: Option<Spot>,
    pub lines: Vec<Line>,
    /// `<Files>` within it.
    pub files: Vec<Arc<Block>>,
    /// `<If>` within it, with what follows it.
    pub ifs: Vec<Arc<Block>>,
}

/// What stands at the level of a server.
#[derive(Clone, Debug)]
pub struct Server {
    pub at: Option<Spot>,
    pub block: Arc<Block>,
    pub directories: Vec<Arc<Block>>,
    pub locations: Vec<Arc<Block>>,
    pub proxies: Vec<Arc<Block>>,
}

impl Server {
    pub fn of(directives: &[Written], at: Option<Spot>) -> Self {
        let mut found = Collected { block: Block::empty(Scope::Server, at.clone()), ..Collected::default() };
        found.take(directives, None);
        Self {
            at,
            block: Arc::new(found.block),
            directories: found.directories,
            locations: found.locations,
            proxies: found.proxies,
        }
    }
}

impl Server {
    /// Whether a line of some kind stands anywhere in it: that alone gives a virtual host a module's settings of its own.
    pub fn has(&self, kind: impl Fn(&Line) -> bool) -> bool {
        let sections = self.directories.iter().chain(&self.locations).chain(&self.proxies);
        let mut open: Vec<&Arc<Block>> = sections.chain([&self.block]).collect();
        while let Some(block) = open.pop() {
            if block.lines.iter().any(&kind) {
                return true;
            }
            open.extend(block.files.iter().chain(&block.ifs));
        }
        false
    }
}

impl Block {
    pub fn of(scope: Scope, at: Option<Spot>, directives: &[Written]) -> Self {
        let mut found = Collected { block: Self::empty(scope, at), ..Collected::default() };
        found.take(directives, None);
        found.block
    }

    /// What it says of options.
    pub fn options(&self) -> Options {
        let mut options = Options::default();
        self.lines.iter().filter(|line| line.key == "options").for_each(|line| options.line(&line.args));
        options
    }

    fn empty(scope: Scope, at: Option<Spot>) -> Self {
        Self { scope, at, lines: Vec::new(), files: Vec::new(), ifs: Vec::new() }
    }

    fn nested(written: &Written, scope: Scope) -> Arc<Self> {
        Arc::new(Self::of(scope, Some(written.at.clone()), written.children()))
    }
}

#[derive(Default)]
struct Collected {
    block: Block,
    directories: Vec<Arc<Block>>,
    locations: Vec<Arc<Block>>,
    proxies: Vec<Arc<Block>>,
}

impl Default for Block {
    fn default() -> Self {
        Self::empty(Scope::Server, None)
    }
}

impl Collected {
    fn take(&mut self, directives: &[Written], methods: Option<&Arc<Methods>>) {
        for written in directives {
            if written.children.is_some() {
                self.take_section(written, methods);
            } else {
                self.block.lines.push(Line::of(written, methods));
            }
        }
    }

    fn take_section(&mut self, written: &Written, methods: Option<&Arc<Methods>>) {
        let name = written.name.to_ascii_lowercase();
        match name.as_str() {
            "directory" | "directorymatch" => {
                self.directories.extend(Path::of(written, true).map(|path| Block::nested(written, Scope::Path(path))));
            }
            "location" | "locationmatch" => {
                self.locations.extend(Path::of(written, false).map(|path| Block::nested(written, Scope::Path(path))));
            }
            "proxy" | "proxymatch" => {
                let path = Path::of(written, false).map(Path::of_a_proxy);
                self.proxies.extend(path.map(|path| Block::nested(written, Scope::Path(path))));
            }
            "files" | "filesmatch" => {
                let path = Path::of(written, false);
                self.block.files.extend(path.map(|path| Block::nested(written, Scope::Path(path))));
            }
            "if" => self.block.ifs.push(Block::nested(written, Scope::If(condition(written)))),
            "elseif" => self.block.ifs.push(Block::nested(written, Scope::ElseIf(condition(written)))),
            "else" => self.block.ifs.push(Block::nested(written, Scope::Else)),
            "limit" | "limitexcept" => {
                let limit = Methods { names: written.args(), except: name == "limitexcept", outer: methods.cloned() };
                self.take(written.children(), Some(&Arc::new(limit)));
            }
            "requireall" | "requireany" | "requirenone" => self.block.lines.push(Line::of(written, methods)),
            _ => {}
        }
    }
}

impl Line {
    pub(super) fn of(written: &Written, methods: Option<&Arc<Methods>>) -> Self {
        let (open, close) = if written.children.is_some() { ("<", "") } else { ("", "") };
        let mut text = format!("{open}{} {}{close}", written.name, written.text);
        text.truncate(text.trim_end().len());
        Self {
            key: written.name.to_ascii_lowercase(),
            args: written.args(),
            text,
            at: written.at.clone(),
            methods: methods.cloned(),
            inner: written.children().iter().map(|child| Self::of(child, methods)).collect(),
        }
    }

    pub fn arg(&self, at: usize) -> &str {
        self.args.get(at).map_or("", String::as_str)
    }

    /// Whether `<Limit>` around it lets it hold for a method; GET means HEAD as well.
    pub fn is_for(&self, method: &str) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.hold(method))
    }
}

impl Methods {
    fn hold(&self, method: &str) -> bool {
        let method = if method == "HEAD" { "GET" } else { method };
        let named = self.names.iter().any(|name| name == method || (name == "HEAD" && method == "GET"));
        named != self.except && self.outer.as_ref().is_none_or(|outer| outer.hold(method))
    }
}

impl Path {
    fn of(written: &Written, directory: bool) -> Option<Self> {
        let args = written.args();
        let (first, second) = (args.first()?, args.get(1));
        let by_name = written.name.to_ascii_lowercase().ends_with("match");
        match second {
            _ if by_name => Some(Self::Regex(Pattern::new(first.as_str()))),
            Some(pattern) if first == "~" => Some(Self::Regex(Pattern::new(pattern.as_str()))),
            _ => Some(Self::plain(first, directory)),
        }
    }

    fn plain(text: &str, directory: bool) -> Self {
        let mut path = text.to_owned();
        if directory && !path.ends_with('/') {
            path.push('/');
        }
        if fnmatch::is_pattern(text) {
            let pattern = Pattern::wildcard(&path);
            return Self::Wild(path, pattern);
        }
        if directory {
            path = super::path::normal(&path);
        }
        Self::Plain(path)
    }

    fn of_a_proxy(self) -> Self {
        match self {
            Self::Wild(text, _) => {
                let pattern = Pattern::wild_everywhere(&text);
                Self::Wild(text, pattern)
            }
            other => other,
        }
    }

    pub fn is_regex(&self) -> bool {
        matches!(self, Self::Regex(_))
    }

    /// Slashes of a directory; the root counts as none. Patterns are sorted by theirs as well (seen with 2.4.71).
    pub fn depth(&self) -> usize {
        let text = match self {
            Self::Plain(path) | Self::Wild(path, _) => path,
            Self::Regex(pattern) => pattern.text(),
        };
        if text == "/" { 0 } else { text.bytes().filter(|byte| *byte == b'/').count() }
    }
}

fn condition(written: &Written) -> String {
    written.args().into_iter().next().unwrap_or_default()
}
