//! Files with what they include, merged: later files win, what they covered stays as `known/…`.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::formats::Files;
use crate::formats::fail2ban::ini::{self, Ini, Options, Value};
use crate::formats::fail2ban::problem::{Place, Problem, Wrong};

/// Files that one configuration may bring together.
const MOST_FILES: usize = 256;

/// A section's options by name.
pub type Section = Options;

/// Everything that a file and its includes say.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub defaults: Section,
    pub sections: BTreeMap<String, Section>,
    /// Sections in the order they first appeared.
    pub order: Vec<String>,
    /// Includes that are not there; fail2ban goes on without them.
    pub missing: Vec<Problem>,
    /// The files read, in the order they were merged.
    pub files: Vec<PathBuf>,
}

impl Config {
    /// `dir/name.conf`, `dir/name.d/*.conf`, then the same as `.local`.
    ///
    /// # Errors
    /// Where none of them is there, or one of them or of what they include is no ini file.
    pub fn named(files: &dyn Files, dir: &Path, name: &str) -> Result<Self, Problem> {
        let folder = dir.join(format!("{name}.d"));
        let inside = files.list(&folder).unwrap_or_default();
        let mut paths = Vec::new();
        for kind in [".conf", ".local"] {
            paths.push(dir.join(format!("{name}{kind}")));
            paths.extend(inside.iter().filter(|file| file.ends_with(kind)).map(|file| folder.join(file)));
        }
        Self::read(files, &paths)
    }

    /// The given files, those that exist; `.local` beside each.
    ///
    /// # Errors
    /// As [`Config::named`].
    pub fn read(files: &dyn Files, paths: &[PathBuf]) -> Result<Self, Problem> {
        let mut gathering = Gathering { files, parsed: BTreeMap::new(), order: Vec::new(), missing: Vec::new() };
        gathering.include(paths, &mut Vec::new(), None)?;
        let first = paths.first().map(|path| path.display().to_string()).unwrap_or_default();
        if gathering.order.is_empty() {
            return Err(Wrong::Unreadable("no such file".to_owned()).at(&Place::new(&first, 0)));
        }
        let Gathering { mut parsed, order, missing, .. } = gathering;
        let mut config = Self { missing, files: order.clone(), ..Self::default() };
        for path in &order {
            let Some(ini) = parsed.get_mut(path) else { continue };
            config.merge(ini.clone());
        }
        Ok(config)
    }

    /// The value that holds for an option of a section, before interpolation.
    pub fn raw(&self, section: &str, option: &str) -> Option<&Value> {
        self.sections.get(section).and_then(|options| options.get(option)).or_else(|| self.defaults.get(option))
    }

    pub fn has(&self, section: &str) -> bool {
        self.sections.contains_key(section)
    }

    fn merge(&mut self, ini: Ini) {
        for (name, mut options) in ini.sections {
            if name == "DEFAULT" {
                self.defaults.extend(options);
                continue;
            }
            let (name, condition) = name.split_once('?').unwrap_or((&name, ""));
            if !condition.is_empty() {
                options = options.into_iter().map(|(option, value)| (format!("{option}?{condition}"), value)).collect();
            }
            self.merge_section(name, options);
        }
    }

    fn merge_section(&mut self, name: &str, options: Options) {
        let Some(there) = self.sections.get_mut(name) else {
            self.order.push(name.to_owned());
            self.sections.insert(name.to_owned(), options);
            return;
        };
        let covered = there.iter().filter(|(option, _)| options.contains_key(*option));
        let covered: Vec<(String, Value)> = covered.map(|(name, value)| (name.clone(), value.clone())).collect();
        there.extend(options);
        self.sections.entry(format!("KNOWN/{name}")).or_default().extend(covered);
    }
}

struct Gathering<'f> {
    files: &'f dyn Files,
    parsed: BTreeMap<PathBuf, Ini>,
    order: Vec<PathBuf>,
    missing: Vec<Problem>,
}

impl Gathering<'_> {
    fn include(&mut self, paths: &[PathBuf], above: &mut Vec<PathBuf>, by: Option<&Place>) -> Result<(), Problem> {
        for path in paths {
            self.one(path, above, by)?;
            let local = path.with_extension("local");
            if !paths.contains(&local) {
                self.one(&local, above, None)?;
            }
        }
        Ok(())
    }

    fn one(&mut self, path: &Path, above: &mut Vec<PathBuf>, by: Option<&Place>) -> Result<(), Problem> {
        if !self.parse(path, by)? {
            return Ok(());
        }
        let whole = Place::new(&path.display().to_string(), 0);
        if self.order.len() >= MOST_FILES || above.len() >= MOST_FILES {
            return Err(Wrong::TooManyFiles(MOST_FILES).at(&whole));
        }
        above.push(path.to_owned());
        self.named_by(path, "before", above)?;
        self.order.push(path.to_owned());
        self.named_by(path, "after", above)?;
        above.pop();
        Ok(())
    }

    /// False where the file is not there.
    fn parse(&mut self, path: &Path, by: Option<&Place>) -> Result<bool, Problem> {
        if self.parsed.contains_key(path) {
            return Ok(true);
        }
        let name = path.display().to_string();
        let bytes = match self.files.read(path) {
            Ok(bytes) => bytes,
            Err(_) if !there(self.files, path) => {
                let optional = path.extension().is_some_and(|kind| kind == "local");
                self.missing.extend(by.filter(|_| !optional).map(|by| Wrong::IncludeMissing(name).at(by)));
                return Ok(false);
            }
            Err(why) => return Err(Wrong::Unreadable(why).at(&Place::new(&name, 0))),
        };
        self.parsed.insert(path.to_owned(), ini::parse(&name, &bytes)?);
        Ok(true)
    }

    fn named_by(&mut self, path: &Path, option: &str, above: &mut Vec<PathBuf>) -> Result<(), Problem> {
        let includes = self.parsed.get(path).and_then(|ini| ini.sections.iter().find(|(name, _)| name == "INCLUDES"));
        let Some(value) = includes.and_then(|(_, options)| options.get(option)).cloned() else { return Ok(()) };
        let folder = path.parent().unwrap_or(Path::new("/"));
        for name in value.text.lines().map(str::trim).filter(|name| !name.is_empty()) {
            let target = plain(&folder.join(name));
            if !above.contains(&target) {
                self.include(&[target], above, Some(&value.place))?;
            }
        }
        Ok(())
    }
}

fn there(files: &dyn Files, path: &Path) -> bool {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return false };
    let name = name.to_string_lossy();
    files.list(folder).is_ok_and(|names| names.iter().any(|there| *there == name))
}

/// `a/b/../c` → `a/c`, so that a file is known again.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}
