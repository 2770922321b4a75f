//! Which sections hold for a request, in the order in which httpd merges them: server, directories with their `.htaccess`,
//! files, locations, conditions.

use std::sync::Arc;

use crate::effective::apache::block::{Block, Path, Scope};
use crate::effective::apache::disk::{Disk, Kind};
use crate::effective::apache::expr::{self, Known};
use crate::effective::apache::htaccess::{self, Allowed};
use crate::effective::apache::options::{self, Options};
use crate::effective::apache::{Config, Doubt, Site};

/// Conditions within conditions.
const DEEPEST: usize = 20;

/// Where a file name led.
#[derive(Clone, Debug, Default)]
pub struct Walked {
    /// The file, directory or first missing name.
    pub file: String,
    /// What of the name lies behind it.
    pub rest: String,
    pub kind: Kind,
    /// The sections of directories that were found.
    pub group: Vec<Arc<Block>>,
}

impl Walked {
    /// The directory by which httpd knows a walk again.
    fn directory(&self) -> &str {
        match self.kind {
            Kind::Directory => &self.file,
            _ => self.file.get(..=self.file.rfind('/').unwrap_or(0)).unwrap_or_default(),
        }
    }
}

/// Adds what the sections of directories and their `.htaccess` say. `before` is the walk of the request for which this
/// name is looked up (an index, a page of an error): in the same directory httpd takes its sections, those that were
/// matched by its file name too.
///
/// # Errors
/// A `.htaccess` that httpd refuses.
pub fn directories(
    site: &Site<'_>,
    disk: &Disk<'_>,
    config: &mut Config,
    name: &str,
    before: Option<&Walked>,
) -> Result<Walked, Doubt> {
    if let Some(before) = before {
        let whole = Walked { file: name.to_owned(), kind: disk.kind(name.trim_end_matches('/')), ..Walked::default() };
        if whole.kind != Kind::Missing && whole.directory() == before.directory() {
            config.push(before.group.clone());
            return Ok(Walked { group: before.group.clone(), ..whole });
        }
    }
    let mut walk = Walk { site, disk, config, group: Vec::new(), names: access_names(site) };
    let mut walked = walk.down(name)?;
    walk.by_pattern(&walked.file);
    walked.group = walk.group;
    config.push(walked.group.clone());
    Ok(walked)
}

struct Walk<'w, 'a> {
    site: &'w Site<'a>,
    disk: &'w Disk<'w>,
    config: &'w mut Config,
    group: Vec<Arc<Block>>,
    names: Vec<String>,
}

impl Walk<'_, '_> {
    fn down(&mut self, name: &str) -> Result<Walked, Doubt> {
        let whole = self.disk.kind(name.trim_end_matches('/'));
        let (mut at, mut rest) = (String::from("/"), name.trim_start_matches('/'));
        let mut depth = 1;
        self.level(&at, depth, true)?;
        while !rest.is_empty() {
            let (segment, after) = rest.split_once('/').map_or((rest, None), |(segment, after)| (segment, Some(after)));
            if segment.is_empty() {
                rest = after.unwrap_or_default();
                continue;
            }
            at.push_str(segment);
            let kind = self.disk.kind(&at);
            let behind = after.map(|after| format!("/{after}")).unwrap_or_default();
            if kind != Kind::Directory {
                // A file that is there and reached without looking for links counts as a directory of its own name.
                if kind == Kind::File && whole == Kind::File && self.follows_links() {
                    self.level(&format!("{at}/"), depth + 1, false)?;
                }
                return Ok(Walked { file: at, rest: behind, kind, ..Walked::default() });
            }
            depth += 1;
            rest = after.unwrap_or_default();
            at.push('/');
            self.level(&at, depth, true)?;
            if after.is_none() {
                at.pop();
            }
        }
        Ok(Walked { file: at, kind: Kind::Directory, ..Walked::default() })
    }

    /// One directory, with its slash: its sections, then its `.htaccess`.
    fn level(&mut self, dir: &str, depth: usize, real: bool) -> Result<(), Doubt> {
        let site = self.site;
        for block in site.directories.iter() {
            let Scope::Path(path) = &block.scope else { continue };
            if path.is_regex() {
                break;
            }
            let here = match path.depth() {
                0 => depth == 1,
                own => own == depth && self.is(path, dir, block),
            };
            if here {
                self.group.push(Arc::clone(block));
            }
        }
        let allowed = self.allowed();
        if real && !allowed.is_none() {
            let (files, server, doubts) = (self.disk.files, self.site.evaluation, &mut self.config.doubts);
            let found = htaccess::read(files, server, dir, &self.names, &allowed, doubts)?;
            self.group.extend(found);
        }
        Ok(())
    }

    fn by_pattern(&mut self, file: &str) {
        let site = self.site;
        for block in site.directories.iter() {
            let Scope::Path(path @ Path::Regex(_)) = &block.scope else { continue };
            if self.is(path, file, block) {
                self.group.push(Arc::clone(block));
            }
        }
    }

    fn is(&mut self, path: &Path, dir: &str, block: &Arc<Block>) -> bool {
        let matched = match path {
            Path::Plain(plain) => Some(plain == dir),
            Path::Wild(_, pattern) | Path::Regex(pattern) => pattern.matches(dir),
        };
        self.config.told(matched, block)
    }

    fn so_far(&self) -> impl Iterator<Item = &Arc<Block>> {
        self.config.blocks().chain(&self.group)
    }

    fn follows_links(&self) -> bool {
        let set = self.so_far().map(|block| block.options()).fold(Options::default_of_server(), Options::merged).set;
        set & (options::FOLLOW | options::OWNER_MATCH) == options::FOLLOW
    }

    fn allowed(&self) -> Allowed {
        let mut allowed = Allowed::unsaid();
        for line in self.so_far().flat_map(|block| &block.lines) {
            match line.key.as_str() {
                "allowoverride" => {
                    let names = std::mem::take(&mut allowed.names);
                    allowed = Allowed { names, ..Allowed::read(&line.args) };
                }
                "allowoverridelist" => {
                    allowed.names.clone_from(&line.args);
                    allowed.names.retain(|name| !name.eq_ignore_ascii_case("none"));
                }
                _ => {}
            }
        }
        allowed
    }
}

fn access_names(site: &Site<'_>) -> Vec<String> {
    let mut names = vec![".htaccess".to_owned()];
    for block in site.servers() {
        if let Some(line) = block.lines.iter().rfind(|line| line.key == "accessfilename") {
            names.clone_from(&line.args);
        }
    }
    names
}

/// Adds what `<Files>` says of a file, by its last name.
pub fn files(config: &mut Config, file: &str) {
    let name = file.rsplit('/').next().unwrap_or_default();
    let sections: Vec<Arc<Block>> = config.blocks().flat_map(|block| block.files.iter().cloned()).collect();
    matching(config, sections, |path| match path {
        Path::Plain(plain) => Some(plain == name),
        Path::Wild(_, pattern) | Path::Regex(pattern) => pattern.matches(name),
    });
}

/// Adds what `<Location>` says of a URL.
pub fn locations(config: &mut Config, site: &Site<'_>, uri: &str) {
    matching(config, site.locations(), |path| match path {
        Path::Plain(plain) => {
            Some(uri.strip_prefix(plain.as_str()).is_some_and(|rest| {
                plain.is_empty() || plain.ends_with('/') || rest.is_empty() || rest.starts_with('/')
            }))
        }
        Path::Wild(_, pattern) | Path::Regex(pattern) => pattern.matches(uri),
    });
}

/// Adds what `<Proxy>` says of the URL that a request goes on to.
pub fn proxies(config: &mut Config, site: &Site<'_>, target: &str) {
    matching(config, site.proxies(), |path| match path {
        Path::Plain(plain) => Some(target.starts_with(plain.as_str())),
        Path::Wild(_, pattern) | Path::Regex(pattern) => pattern.matches(target),
    });
}

fn matching(config: &mut Config, sections: Vec<Arc<Block>>, fits: impl Fn(&Path) -> Option<bool>) {
    let mut group = Vec::new();
    for block in sections {
        let Scope::Path(path) = &block.scope else { continue };
        if config.told(fits(path), &block) {
            group.push(block);
        }
    }
    config.push(group);
}

/// Adds what `<If>` says, with the conditions within those that hold.
pub fn conditions(config: &mut Config, known: &Known) {
    let mut open: Vec<Arc<Block>> = config.blocks().flat_map(|block| block.ifs.iter().cloned()).collect();
    for depth in 0..DEEPEST {
        if open.is_empty() {
            return;
        }
        if depth == 1 {
            config.plain = Some(config.groups.len());
        }
        let group = holding(config, &open, known);
        if group.is_empty() {
            return;
        }
        open = group.iter().flat_map(|block| block.ifs.iter().cloned()).collect();
        config.push(group);
    }
}

fn holding(config: &mut Config, sections: &[Arc<Block>], known: &Known) -> Vec<Arc<Block>> {
    let mut group = Vec::new();
    // Whether one before it in the chain held.
    let mut before = Some(false);
    for block in sections {
        let (own, chained) = match &block.scope {
            Scope::If(text) => (expr::holds(text, known), false),
            Scope::ElseIf(text) => (expr::holds(text, known), true),
            _ => (Some(true), true),
        };
        let taken = if chained { before } else { Some(false) };
        let matched = match (taken, own) {
            (Some(true), _) | (_, Some(false)) => Some(false),
            (Some(false), own) => own,
            (None, _) => None,
        };
        before = match (taken, own) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (taken, Some(false)) => taken,
            _ => None,
        };
        if config.told(matched, block) {
            group.push(Arc::clone(block));
        }
    }
    group
}
