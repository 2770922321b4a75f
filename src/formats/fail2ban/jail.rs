//! jail.conf with everything it includes → jails: which log, which filter, which thresholds.

use std::path::Path;

use crate::formats::Files;
use crate::formats::fail2ban::config::Config;
use crate::formats::fail2ban::definition::{Definition, Source};
use crate::formats::fail2ban::ini::Value;
use crate::formats::fail2ban::interpolate::{Vars, get};
use crate::formats::fail2ban::options::name_and_options;
use crate::formats::fail2ban::problem::{Place, Problem, Wrong};
use crate::formats::fail2ban::span::seconds;

/// fail2ban's own values, where no file says any.
const RETRIES: u32 = 3;
const FIND_TIME: i64 = 600;
const BAN_TIME: i64 = 600;
/// Options of a filter that a jail may set itself.
const OWN: [&str; 7] = ["usedns", "prefregex", "failregex", "ignoreregex", "maxlines", "datepattern", "journalmatch"];

/// All jails, in the order of the files.
#[derive(Debug, Default)]
pub struct Jails {
    pub jails: Vec<Jail>,
    /// Includes that are not there.
    pub problems: Vec<Problem>,
}

/// How bans grow with every further one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Growth {
    pub on: bool,
    pub factor: Option<String>,
    pub formula: Option<String>,
    pub multipliers: Option<String>,
    /// Seconds.
    pub longest: Option<i64>,
    /// Seconds added by chance.
    pub random: Option<i64>,
    pub over_all_jails: bool,
}

/// One jail.
#[derive(Debug)]
pub struct Jail {
    pub name: String,
    pub place: Place,
    pub enabled: bool,
    /// As written, everything put in: `sshd[mode=normal]`.
    pub filter: String,
    /// The filter with the jail's own options; `None` where it cannot be read.
    pub definition: Option<Definition>,
    pub backend: String,
    pub logs: Vec<Value>,
    pub maxretry: u32,
    /// Seconds.
    pub findtime: i64,
    /// Seconds; negative is for ever.
    pub bantime: i64,
    pub growth: Growth,
    /// Addresses, prefixes and names.
    pub ignoreip: Vec<Value>,
    pub ignoreself: bool,
    pub ignorecommand: String,
    pub port: String,
    pub protocol: String,
    /// What is not valid; the value that holds instead is fail2ban's own.
    pub problems: Vec<Problem>,
}

/// Reads the jails of a configuration.
///
/// # Errors
/// Where its files cannot be read at all; what is wrong in one jail is told there.
pub fn jails(files: &dyn Files, dir: &Path) -> Result<Jails, Problem> {
    let mut config = Config::named(files, dir, "jail")?;
    let whole = Place::new(&dir.join("jail.conf").display().to_string(), 0);
    for (name, text) in [("fail2ban_version", "1.0.2".to_owned()), ("fail2ban_confpath", dir.display().to_string())] {
        config.defaults.insert(name.to_owned(), Value { text, place: whole.clone() });
    }
    let names: Vec<String> = config.order.iter().filter(|name| *name != "INCLUDES").cloned().collect();
    let jails =
        names.into_iter().map(|name| Reader { files, dir, config: &mut config, name, problems: Vec::new() }.jail());
    let jails = jails.collect();
    Ok(Jails { jails, problems: config.missing })
}

struct Reader<'a> {
    files: &'a dyn Files,
    dir: &'a Path,
    config: &'a mut Config,
    name: String,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn jail(mut self) -> Jail {
        let place = self.first_line();
        let enabled = self.yes("enabled", false);
        let backend = self.text("backend");
        let filter = self.text("filter");
        let definition = self.definition(&filter, &backend, &place);
        let growth = self.growth();
        Jail {
            enabled,
            definition,
            logs: self.logs(),
            maxretry: self.number("maxretry", RETRIES),
            findtime: self.span("findtime").unwrap_or(FIND_TIME),
            bantime: self.span("bantime").unwrap_or(BAN_TIME),
            growth,
            ignoreip: self.words("ignoreip"),
            ignoreself: self.yes("ignoreself", true),
            ignorecommand: self.text("ignorecommand"),
            port: self.text("port"),
            protocol: self.text("protocol"),
            backend,
            filter,
            place,
            name: self.name,
            problems: self.problems,
        }
    }

    fn first_line(&self) -> Place {
        let options = self.config.sections.get(&self.name).into_iter().flatten();
        let first = options.map(|(_, value)| &value.place).min_by_key(|place| place.line);
        first.cloned().unwrap_or_else(|| Place::new("jail.conf", 0))
    }

    fn get(&mut self, option: &str) -> Option<Value> {
        match get(self.config, &self.name, option, &Vars::new()) {
            Ok(value) => value,
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    fn text(&mut self, option: &str) -> String {
        self.get(option).map(|value| value.text.trim().to_owned()).unwrap_or_default()
    }

    fn wrong(&mut self, name: &str, value: &Value, expected: &'static str) {
        let wrong = Wrong::Value { name: name.to_owned(), value: value.text.clone(), expected };
        self.problems.push(wrong.at(&value.place));
    }

    fn yes(&mut self, option: &str, default: bool) -> bool {
        let Some(value) = self.get(option) else { return default };
        match value.text.trim().to_lowercase().as_str() {
            "1" | "on" | "true" | "yes" => true,
            "0" | "off" | "false" | "no" | "" => false,
            _ => {
                self.wrong(option, &value, "true or false");
                default
            }
        }
    }

    fn number(&mut self, option: &str, default: u32) -> u32 {
        let Some(value) = self.get(option) else { return default };
        let number = value.text.trim().parse().ok().filter(|number| *number > 0);
        if number.is_none() {
            self.wrong(option, &value, "a number from 1 on");
        }
        number.unwrap_or(default)
    }

    fn span(&mut self, option: &str) -> Option<i64> {
        let value = self.get(option).filter(|value| !value.text.trim().is_empty())?;
        let span = seconds(&value.text);
        if span.is_none() {
            self.wrong(option, &value, "a span of time, as 600, 10m or 1d 12h");
        }
        span
    }

    fn words(&mut self, option: &str) -> Vec<Value> {
        let Some(value) = self.get(option) else { return Vec::new() };
        let words = value.text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        words.map(|word| Value { text: word.to_owned(), place: value.place.clone() }).collect()
    }

    /// One pattern a line; `tail` and `head` behind it say where fail2ban begins.
    fn logs(&mut self) -> Vec<Value> {
        let Some(value) = self.get("logpath") else { return Vec::new() };
        let lines = value.text.lines().map(str::trim).filter(|line| !line.is_empty());
        let paths = lines.map(|line| line.strip_suffix(" tail").or_else(|| line.strip_suffix(" head")).unwrap_or(line));
        paths.map(|path| Value { text: path.trim().to_owned(), place: value.place.clone() }).collect()
    }

    fn growth(&mut self) -> Growth {
        let mut said = |name: &str| Some(self.text(name)).filter(|text| !text.is_empty());
        let (factor, formula) = (said("bantime.factor"), said("bantime.formula"));
        let multipliers = said("bantime.multipliers");
        Growth {
            factor,
            formula,
            multipliers,
            on: self.yes("bantime.increment", false),
            longest: self.span("bantime.maxtime"),
            random: self.span("bantime.rndtime"),
            over_all_jails: self.yes("bantime.overalljails", false),
        }
    }

    fn definition(&mut self, filter: &str, backend: &str, place: &Place) -> Option<Definition> {
        if filter.is_empty() {
            self.problems.push(Wrong::NoFilter.at(place));
            return None;
        }
        let (name, mut options) = match name_and_options(filter) {
            Ok(named) => named,
            Err(why) => {
                self.problems.push(Wrong::Options(filter.to_owned(), why.to_string()).at(place));
                return None;
            }
        };
        if backend.starts_with("systemd") {
            options.entry("logtype".to_owned()).or_insert_with(|| "journal".to_owned());
        }
        let source = Source::Named { dir: self.dir.to_owned(), name };
        match Definition::read(self.files, &source, &options) {
            Ok(definition) => Some(self.with_own(definition)),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// What the jail sets itself wins; `%(known/failregex)s` there is the filter's.
    fn with_own(&mut self, mut definition: Definition) -> Definition {
        let known = definition.known.iter().map(|(name, value)| (format!("known/{name}"), value.text.clone()));
        // A percent sign of the filter's is no reference of the jail's.
        let known: Vars = known.map(|(name, text)| (name, text.replace('%', "%%"))).collect();
        for option in OWN {
            match get(self.config, &self.name, option, &known) {
                Ok(None) => {}
                Ok(Some(value)) => definition.set(option, value),
                Err(problem) => self.problems.push(problem),
            }
        }
        definition
    }
}
