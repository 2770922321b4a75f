//! Files → directives: includes followed, data files read, everything else told.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::formats::apache::{lines, words};
use crate::formats::seclang::{Directive, Item, Operator, Problem, Rule, SecError, actions, targets};
use crate::formats::{Files, glob};

/// A file of rules; Debian's largest has 71 kB.
const MOST_BYTES: usize = 8 << 20;
const MOST_DEPTH: usize = 16;
const MOST_ITEMS: usize = 100_000;

/// What was read, in its order, and what could not be.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub items: Vec<Item>,
    pub errors: Vec<SecError>,
}

/// Reads a file and all that it includes.
pub fn read(files: &dyn Files, file: &Path) -> Reading {
    let mut reader = Reader { files, reading: Reading::default(), open: Vec::new() };
    reader.file(file, &Place { file: file.to_string_lossy().into(), line: 0 });
    reader.reading
}

struct Reader<'f> {
    files: &'f dyn Files,
    reading: Reading,
    /// The files being read, outermost first.
    open: Vec<PathBuf>,
}

struct Place {
    file: Arc<str>,
    line: u32,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, from: &Place) {
        let name = path.to_string_lossy();
        if self.open.iter().any(|open| open == path) {
            return self.tell(from, Problem::Loop(name.into_owned()));
        }
        if self.open.len() >= MOST_DEPTH {
            return self.tell(from, Problem::TooDeep { limit: MOST_DEPTH });
        }
        let whole = Place { file: name.into(), line: 0 };
        let bytes = match self.files.read(path) {
            Ok(bytes) if bytes.len() > MOST_BYTES => return self.tell(&whole, Problem::TooLarge { limit: MOST_BYTES }),
            Ok(bytes) => bytes,
            Err(cause) => return self.tell(&whole, Problem::Unreadable(cause)),
        };
        self.open.push(path.to_owned());
        for line in lines::read(&bytes) {
            if line.text.is_empty() || line.text.starts_with('#') {
                continue;
            }
            let at = Place { file: Arc::clone(&whole.file), line: line.first };
            if self.reading.items.len() >= MOST_ITEMS {
                self.tell(&at, Problem::TooMany { limit: MOST_ITEMS });
                break;
            }
            if let Err(problem) = self.directive(&line.text, path, &at) {
                self.tell(&at, problem);
            }
        }
        self.open.pop();
    }

    fn tell(&mut self, at: &Place, problem: Problem) {
        self.reading.errors.push(SecError { file: at.file.to_string(), line: at.line, problem });
    }

    fn directive(&mut self, text: &str, path: &Path, at: &Place) -> Result<(), Problem> {
        // As httpd does: `<IfModule …>` and its end are no directives of ours.
        if text.starts_with('<') {
            return Ok(());
        }
        if is_open(text) {
            return Err(Problem::Unclosed);
        }
        let all = words::all(text);
        let (name, rest) = all.split_first().map(|(name, rest)| (name.to_ascii_lowercase(), rest)).unwrap_or_default();
        let first = rest.first().map(String::as_str);
        let what = match name.as_str() {
            "include" | "includeoptional" => return self.include(&name, first, path, at),
            "secrule" => Directive::Rule(self.rule(rest, path)?),
            "secaction" => Directive::Rule(action(rest)?),
            "secmarker" => Directive::Marker(needed(first, "SecMarker", "a name")?.to_owned()),
            "secruleremovebyid" => Directive::RemoveById(ranges(rest)?),
            "secruleremovebytag" => {
                Directive::RemoveByTag(needed(first, "SecRuleRemoveByTag", "a pattern of tags")?.to_owned())
            }
            "secruleupdatetargetbyid" => update(rest)?,
            name if name.starts_with("sec") => Directive::Setting(all.first().cloned().unwrap_or_default()),
            _ => {
                return Err(Problem::Unknown(
                    all.first().map(|name| name.chars().take(60).collect()).unwrap_or_default(),
                ));
            }
        };
        self.reading.items.push(Item { file: Arc::clone(&at.file), line: at.line, what });
        Ok(())
    }

    fn include(&mut self, name: &str, pattern: Option<&str>, path: &Path, at: &Place) -> Result<(), Problem> {
        let pattern = needed(pattern, "Include", "a path")?;
        let whole = beside(path, pattern);
        let found = if glob::is_pattern(pattern) { glob::expand(self.files, &whole) } else { vec![whole] };
        let optional = name == "includeoptional";
        if found.is_empty() && !optional {
            return Err(Problem::NothingIncluded(pattern.to_owned()));
        }
        for file in found {
            if !optional || self.files.read(&file).is_ok() {
                self.file(&file, at);
            }
        }
        Ok(())
    }

    fn rule(&self, words: &[String], path: &Path) -> Result<Rule, Problem> {
        let [list, operator, rest @ ..] = words else {
            return Err(Problem::Arguments { directive: "SecRule", needs: "variables, an operator and actions" });
        };
        let mut operator = actions::operator(operator);
        self.data(&mut operator, path)?;
        let actions = rest.first().map(|text| actions::actions(text)).transpose()?.unwrap_or_default();
        Ok(Rule { targets: targets::parse(list)?, operator: Some(operator), actions })
    }

    /// The phrases of `pmFromFile` and the nets of `ipMatchFromFile`: one a line, `#` begins a remark.
    fn data(&self, operator: &mut Operator, path: &Path) -> Result<(), Problem> {
        if !["pmfromfile", "pmf", "ipmatchfromfile", "ipmatchf"].contains(&operator.name.to_ascii_lowercase().as_str())
        {
            return Ok(());
        }
        for name in operator.argument.split_ascii_whitespace() {
            let file = beside(path, name);
            let bytes =
                self.files.read(&file).map_err(|cause| Problem::Data { file: file.display().to_string(), cause })?;
            let text = String::from_utf8_lossy(&bytes);
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            operator.phrases.extend(lines.map(str::to_owned));
        }
        Ok(())
    }
}

fn action(words: &[String]) -> Result<Rule, Problem> {
    let list = needed(words.first().map(String::as_str), "SecAction", "actions")?;
    Ok(Rule { targets: Vec::new(), operator: None, actions: actions::actions(list)? })
}

fn update(words: &[String]) -> Result<Directive, Problem> {
    let [id, list, ..] = words else {
        return Err(Problem::Arguments { directive: "SecRuleUpdateTargetById", needs: "a rule number and variables" });
    };
    Ok(Directive::UpdateTargetById(number(id)?, targets::parse(list)?))
}

/// `1 5 "7-9"`
fn ranges(words: &[String]) -> Result<Vec<(u32, u32)>, Problem> {
    let range = |text: &str| {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        Ok((number(from)?, number(to)?))
    };
    words.iter().flat_map(|word| word.split([' ', ','])).filter(|word| !word.is_empty()).map(range).collect()
}

fn number(text: &str) -> Result<u32, Problem> {
    text.trim().parse().map_err(|_| Problem::Number(text.chars().take(60).collect()))
}

fn needed<'a>(word: Option<&'a str>, directive: &'static str, needs: &'static str) -> Result<&'a str, Problem> {
    word.ok_or(Problem::Arguments { directive, needs })
}

fn beside(path: &Path, name: &str) -> PathBuf {
    path.parent().unwrap_or(Path::new("/")).join(name)
}

/// True where a quoted word has no end: a line was cut.
fn is_open(text: &str) -> bool {
    let (mut quote, mut escaped, mut before) = (None, false, b' ');
    for byte in text.bytes() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if byte == b'\\' => escaped = true,
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if matches!(byte, b'"' | b'\'') && lines::is_space(before) => quote = Some(byte),
            None => {}
        }
        before = byte;
    }
    quote.is_some()
}
