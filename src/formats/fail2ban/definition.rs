//! One filter's file → what its options say once everything is put in: the patterns as text, not yet compiled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::formats::Files;
use crate::formats::fail2ban::config::Config;
use crate::formats::fail2ban::ini::Value;
use crate::formats::fail2ban::interpolate::{Vars, get, get_of};
use crate::formats::fail2ban::problem::{Place, Problem, Wrong};
use crate::formats::fail2ban::tags;

const SECTION: &str = "Definition";
/// What a filter may define.
const DEFINED: [&str; 7] =
    ["usedns", "prefregex", "failregex", "ignoreregex", "maxlines", "datepattern", "journalmatch"];

/// Where a filter's text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `DIR/filter.d/NAME.conf` with its `.local` and `.d`.
    Named { dir: PathBuf, name: String },
    /// One file, with what it includes.
    File(PathBuf),
}

/// A filter as its files define it.
#[derive(Clone, Debug, Default)]
pub struct Definition {
    pub prefregex: Option<Value>,
    pub failregex: Vec<Value>,
    pub ignoreregex: Vec<Value>,
    pub datepattern: Option<Value>,
    pub journalmatch: Option<Value>,
    pub usedns: Option<Value>,
    /// Lines that one pattern may span.
    pub maxlines: u32,
    /// The pattern of what stands before every message, where the filter names one.
    pub prefix: Option<String>,
    /// Which daemon writes the log, as a pattern.
    pub daemon: Option<String>,
    /// All options with everything put in, for jails that name them as `known/…`.
    pub known: BTreeMap<String, Value>,
    /// Includes that are not there.
    pub missing: Vec<Problem>,
    pub place: Option<Place>,
}

impl Definition {
    /// Reads a filter with the options it is given.
    ///
    /// # Errors
    /// Where its files cannot be read or its values cannot be put together.
    pub fn read(files: &dyn Files, source: &Source, options: &Vars) -> Result<Self, Problem> {
        Self::read_for(files, source, options, &Vars::new())
    }

    /// The same for a jail, whose own values for filter options win.
    ///
    /// # Errors
    /// As [`Definition::read`].
    pub fn read_for(files: &dyn Files, source: &Source, options: &Vars, jail: &Vars) -> Result<Self, Problem> {
        let config = open(files, source)?;
        let mut given = options.clone();
        let own = config.sections.get(SECTION);
        if !jail.contains_key("failregex") && own.is_none_or(|_| config.raw(SECTION, "failregex").is_none()) {
            let place = config.files.first().map(|path| Place::new(&path.display().to_string(), 0));
            return Ok(Self { place, ..Self::default() });
        }
        if !given.contains_key("logtype") && own.is_none_or(|own| !own.contains_key("logtype")) {
            given.insert("logtype".to_owned(), "file".to_owned());
        }
        let mut vars: Vars = jail.clone();
        vars.extend(given.clone());
        let combined = combine(&config, given, &vars, jail)?;
        Self::of(&config, combined, &vars)
    }

    /// Sets one option anew.
    pub(super) fn set(&mut self, option: &str, value: Value) {
        let some = Some(value.clone()).filter(|value| !value.text.trim().is_empty());
        match option {
            "usedns" => self.usedns = some,
            "prefregex" => self.prefregex = some,
            "failregex" => self.failregex = each(&value),
            "ignoreregex" => self.ignoreregex = each(&value),
            "datepattern" => self.datepattern = some,
            "journalmatch" => self.journalmatch = some,
            "maxlines" => self.maxlines = number(&value).unwrap_or(self.maxlines),
            _ => {}
        }
    }

    fn of(config: &Config, combined: BTreeMap<String, Value>, vars: &Vars) -> Result<Self, Problem> {
        let take = |name: &str| combined.get(name).filter(|value| !value.text.is_empty()).cloned();
        let list = |name: &str| take(name).map(|value| each(&value)).unwrap_or_default();
        let maxlines = match combined.get("maxlines") {
            Some(value) => number(value)?,
            None => 1,
        };
        Ok(Self {
            prefregex: take("prefregex"),
            failregex: list("failregex"),
            ignoreregex: list("ignoreregex"),
            datepattern: take("datepattern"),
            journalmatch: take("journalmatch"),
            usedns: take("usedns"),
            maxlines,
            prefix: beside(config, &combined, vars, "__prefix_line"),
            daemon: beside(config, &combined, vars, "_daemon"),
            place: config.files.first().map(|path| Place::new(&path.display().to_string(), 0)),
            missing: config.missing.clone(),
            known: combined,
        })
    }
}

fn open(files: &dyn Files, source: &Source) -> Result<Config, Problem> {
    match source {
        Source::Named { dir, name } => Config::named(files, &dir.join("filter.d"), name),
        Source::File(path) => Config::read(files, std::slice::from_ref(path)),
    }
}

/// What is defined, covered by what was given, covered by nothing; then [Init], then tags.
fn combine(config: &Config, given: Vars, vars: &Vars, jail: &Vars) -> Result<BTreeMap<String, Value>, Problem> {
    let whole = Place::new(&config.files.first().map(|path| path.display().to_string()).unwrap_or_default(), 0);
    if !config.has(SECTION) {
        return Err(Wrong::SectionMissing(SECTION.to_owned()).at(&whole));
    }
    let mut combined = BTreeMap::new();
    for name in DEFINED.into_iter().filter(|name| !jail.contains_key(*name) && !vars.contains_key(*name)) {
        if let Some(value) = get(config, SECTION, name, vars)? {
            combined.insert(name.to_owned(), value);
        }
    }
    for (name, text) in given {
        combined.insert(name, Value { text, place: whole.clone() });
    }
    for name in config.sections.get("Init").into_iter().flat_map(BTreeMap::keys) {
        let Some(value) = get(config, "Init", name, &Vars::new())? else { continue };
        combined.entry(format!("known/{name}")).or_insert_with(|| value.clone());
        combined.entry(name.clone()).or_insert(value);
    }
    let beyond = |name: &str| Ok(get_of(config, SECTION, name, vars)?.map(|value| value.text));
    tags::fill(&mut combined, beyond)?;
    Ok(combined)
}

/// One value a line, empty ones left out, each with its own line number.
fn each(value: &Value) -> Vec<Value> {
    let lines = value.text.split('\n').filter(|line| !line.is_empty());
    lines.map(|line| Value { text: line.to_owned(), place: value.place.clone() }).collect()
}

fn number(value: &Value) -> Result<u32, Problem> {
    let wrong = || Wrong::Value { name: "maxlines".into(), value: value.text.clone(), expected: "a number from 1 on" };
    value.text.trim().parse().ok().filter(|lines| *lines > 0).ok_or_else(|| wrong().at(&value.place))
}

/// What an option that fail2ban itself does not know stands for.
fn beside(config: &Config, combined: &BTreeMap<String, Value>, vars: &Vars, name: &str) -> Option<String> {
    let value = get_of(config, SECTION, name, vars).ok()??;
    let mut all = combined.clone();
    all.insert(name.to_owned(), value);
    let beyond = |name: &str| Ok(get_of(config, SECTION, name, vars)?.map(|value| value.text));
    tags::fill(&mut all, beyond).ok()?;
    all.remove(name).map(|value| value.text).filter(|text| !text.is_empty())
}

/// Every filter of a configuration: the names in `DIR/filter.d`, those that others only include left out.
///
/// # Errors
/// Where the folder cannot be listed.
pub fn names(files: &dyn Files, dir: &Path) -> Result<Vec<String>, Problem> {
    let folder = dir.join("filter.d");
    let place = Place::new(&folder.display().to_string(), 0);
    let mut names: Vec<String> = files.list(&folder).map_err(|why| Wrong::Unreadable(why).at(&place))?;
    names.retain(|name| !files.is_dir(&folder.join(name)));
    let stems = names.iter().filter_map(|name| name.strip_suffix(".conf").or_else(|| name.strip_suffix(".local")));
    let mut stems: Vec<String> = stems.map(str::to_owned).collect();
    stems.sort_unstable();
    stems.dedup();
    Ok(stems)
}
