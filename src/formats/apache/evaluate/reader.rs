//! Takes the lines of a configuration one by one and acts on them as httpd does while it reads.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::formats::Files;
use crate::formats::apache::evaluate::conditions::Condition;
use crate::formats::apache::evaluate::effective::{Effective, Evaluation, Problem, before_bracket};
use crate::formats::apache::evaluate::input::{FileInput, MacroInput, OpenFile, ReadLine};
use crate::formats::apache::evaluate::macros::Macro;
use crate::formats::apache::evaluate::modules::Modules;
use crate::formats::apache::evaluate::sections::{Open, Sections, problem};
use crate::formats::apache::evaluate::variables::Variables;
use crate::formats::apache::evaluate::version::Version;
use crate::formats::apache::evaluate::{
    DEPTH_LIMIT, FILE_WEIGHT, INCLUDE_LIMIT, PROBLEM_LIMIT, Start, WEIGHT_LIMIT, include,
};
use crate::formats::apache::lines::{self, Line};
use crate::formats::apache::words;
use crate::model::Spot;

/// Macros in use within macros; each names all above it in httpd's words.
const MACRO_LIMIT: usize = 64;

pub struct Reader<'a> {
    pub files: &'a dyn Files,
    pub variables: Variables,
    pub modules: Modules,
    pub version: Version,
    pub outcome: Evaluation,
    macros: HashMap<String, Arc<Macro>>,
    /// The innermost last; those after the first in a wildcard wait below it.
    open: Vec<OpenFile>,
    sections: Sections,
    /// Files read before: an Include in many places costs one reading.
    read: HashMap<PathBuf, (Arc<Vec<Line>>, bool)>,
    /// What was read so far: one a line.
    weight: u64,
    /// Once includes ran too deep, no file is opened within itself again.
    looped: bool,
}

impl<'a> Reader<'a> {
    pub fn new(files: &'a dyn Files, start: Start) -> Self {
        let file = include::under(&start.root, &start.file.to_string_lossy());
        let first = OpenFile { path: file, asked_at: None, floor: 0, depth: 0, file: None, macros: Vec::new() };
        Self {
            files,
            variables: Variables::new(&start.flags, start.environment),
            modules: start.modules,
            version: start.version,
            outcome: Evaluation { root: start.root, ..Evaluation::default() },
            macros: HashMap::new(),
            open: vec![first],
            sections: Sections::default(),
            read: HashMap::new(),
            weight: 0,
            looped: false,
        }
    }

    /// With what an evaluation left loaded and defined.
    #[must_use]
    pub fn after(mut self, earlier: &Evaluation) -> Self {
        self.modules = earlier.modules.clone();
        self.variables = earlier.variables.clone();
        self
    }

    pub fn run(mut self) -> Evaluation {
        while self.next_file() {
            while let Some(line) = self.next_line() {
                self.take(line);
            }
        }
        self.outcome.directives = self.sections.finish();
        self.outcome.modules = self.modules;
        self.outcome.variables = self.variables;
        self.outcome
    }

    /// Makes the innermost file ready, past those that ended; false at the end of all.
    fn next_file(&mut self) -> bool {
        while let Some(open) = self.open.last() {
            if open.file.is_none() {
                let (path, asked_at) = (open.path.clone(), open.asked_at.clone());
                match self.load(&path) {
                    Ok(input) => {
                        if let Some(open) = self.open.last_mut() {
                            open.file = Some(input);
                        }
                        return true;
                    }
                    Err(cause) => {
                        self.open.pop();
                        let at = asked_at.unwrap_or_else(|| Spot { file: path.clone(), line: 0 });
                        self.tell(Problem { at, text: format!("cannot read {}: {cause}", path.display()) });
                    }
                }
            } else {
                return true;
            }
        }
        false
    }

    fn load(&mut self, path: &Path) -> Result<FileInput, String> {
        let (lines, unended) = match self.read.get(path) {
            Some(known) => known.clone(),
            None => self.read_anew(path)?,
        };
        Ok(FileInput { path: Arc::from(path), said: Arc::from(path.to_string_lossy()), lines, unended, next: 0 })
    }

    fn read_anew(&mut self, path: &Path) -> Result<(Arc<Vec<Line>>, bool), String> {
        let bytes = self.files.read(path)?;
        let read = (Arc::new(lines::read(&bytes).collect::<Vec<_>>()), !bytes.ends_with(b"\n"));
        self.read.insert(path.to_owned(), read.clone());
        self.outcome.files.push(path.to_owned());
        Ok(read)
    }

    /// The next line of the innermost file; None where it ended and was closed.
    fn next_line(&mut self) -> Option<ReadLine> {
        let line = self.next_within();
        if line.is_none()
            && let Some(ended) = self.open.pop()
        {
            let problems = self.sections.close_all(ended.floor);
            problems.into_iter().for_each(|problem| self.tell(problem));
        }
        line
    }

    fn next_within(&mut self) -> Option<ReadLine> {
        let (line, lost) = self.open.last_mut()?.next()?;
        if lost && !line.text.is_empty() && !line.text.starts_with('#') {
            let text = "httpd loses this line: it follows a macro and the file ends without a newline; add one";
            self.tell(problem(&line, text.into()));
        }
        if lost {
            return None;
        }
        // A long line weighs more, so that doubling lines end as soon as doubling files.
        self.weight += 1 + line.text.len() as u64 / 256;
        if self.weight <= WEIGHT_LIMIT {
            return Some(line);
        }
        let text = "too much to read: files or macros seem to repeat themselves without end; the rest is left out";
        self.tell(problem(&line, text.into()));
        self.open.iter_mut().for_each(|open| open.macros.clear());
        self.open.drain(..self.open.len().saturating_sub(1));
        None
    }

    fn floor(&self) -> usize {
        self.open.last().map_or(0, |open| open.floor)
    }

    fn take(&mut self, line: ReadLine) {
        if line.text.is_empty() || line.text.starts_with('#') {
            return;
        }
        if self.sections.ends_condition(&line.text, self.floor()) {
            return;
        }
        let text = self.replace(&line);
        let (name, rest) = words::first(&text);
        if let Some(end) = name.strip_prefix("</") {
            self.close(end, &line);
            return;
        }
        let (name, closed) = name.strip_suffix('>').map_or((name.as_str(), false), |bare| (bare, true));
        match name.strip_prefix('<') {
            Some(section) => {
                let rest = if rest.is_empty() && closed { ">" } else { rest };
                self.take_section(section, rest, &line);
            }
            None => self.take_directive(name, rest, &line),
        }
    }

    fn replace(&mut self, line: &ReadLine) -> String {
        let replaced = self.variables.replace(&line.text);
        for name in replaced.unknown {
            self.tell(problem(line, format!("variable ${{{name}}} is not defined")));
        }
        replaced.text
    }

    fn close(&mut self, end: &str, line: &ReadLine) {
        let name = end.strip_suffix('>').unwrap_or_else(|| {
            self.tell(problem(line, format!("</{end} lacks its closing '>'")));
            end
        });
        if let Err(problem) = self.sections.close(name, self.floor(), line) {
            self.tell(problem);
        }
    }

    fn take_section(&mut self, name: &str, rest: &str, line: &ReadLine) {
        if !rest.contains('>') {
            self.tell(problem(line, format!("<{name}> lacks its closing '>'")));
        }
        if name.eq_ignore_ascii_case("Macro") {
            self.define_macro(rest, line);
        } else if let Some(condition) = Condition::named(name) {
            self.take_condition(condition, rest, line);
        } else if self.sections.depth() >= DEPTH_LIMIT {
            self.tell(problem(line, format!("sections are nested deeper than {DEPTH_LIMIT}; <{name}> is left out")));
            self.skip(name, line);
        } else if holds_a_program(name) {
            self.skip(name, line);
        } else {
            let section = Effective { children: Some(Vec::new()), ..directive(name, rest, line) };
            self.sections.open(Open::Section(section));
        }
    }

    fn take_condition(&mut self, condition: Condition, rest: &str, line: &ReadLine) {
        let holds = condition.holds(rest, self).unwrap_or_else(|refused| {
            self.tell(problem(line, refused));
            false
        });
        if holds && self.sections.depth() < DEPTH_LIMIT {
            self.sections.open(Open::Condition(condition, line.spot()));
        } else {
            self.skip(condition.name(), line);
        }
    }

    /// Passes over a section with all it holds.
    fn skip(&mut self, name: &str, start: &ReadLine) {
        let mut inside = vec![name.to_owned()];
        while !inside.is_empty() {
            let Some(line) = self.next_within() else {
                self.tell(problem(start, format!("<{name}> is never closed; add </{name}>")));
                return;
            };
            if !line.text.starts_with('<') {
                continue;
            }
            let (word, rest) = words::first(&line.text);
            if let Some(end) = word.strip_prefix("</") {
                let end = end.strip_suffix('>').unwrap_or(end);
                if inside.last().is_some_and(|open| open.eq_ignore_ascii_case(end)) {
                    inside.pop();
                } else {
                    let expected = inside.last().cloned().unwrap_or_default();
                    self.tell(problem(&line, format!("expected </{expected}> but saw </{end}>")));
                }
            } else {
                let bare = if rest.is_empty() { word.strip_suffix('>').unwrap_or(&word) } else { &word };
                inside.push(bare.trim_start_matches('<').to_owned());
            }
        }
    }

    fn take_directive(&mut self, name: &str, rest: &str, line: &ReadLine) {
        let words = words::all(rest);
        let first = words.first().map_or("", String::as_str);
        match name.to_ascii_lowercase().as_str() {
            "include" => self.include(first, false, line),
            "includeoptional" => self.include(first, true, line),
            "define" => self.variables.define(first, words.get(1).map(String::as_str)),
            "undefine" => self.variables.undefine(first),
            "loadmodule" => self.modules.load(first),
            "serverroot" => self.outcome.root = include::under(&self.outcome.root, first),
            "use" => self.use_macro(&words, line),
            "undefmacro" => {
                if self.macros.remove(&first.to_ascii_lowercase()).is_none() {
                    self.tell(problem(line, format!("cannot remove undefined macro '{first}'")));
                }
            }
            "error" => self.tell(problem(line, format!("the configuration stops here by itself: {rest}"))),
            "loadfile" | "defaultruntimedir" | "macroignoreemptyargs" | "macroignorebadnesting" => {}
            _ => self.sections.add(directive(name, rest, line)),
        }
    }

    fn include(&mut self, name: &str, optional: bool, line: &ReadLine) {
        let depth = self.open.last().map_or(0, |open| open.depth) + 1;
        if depth > INCLUDE_LIMIT {
            self.looped = true;
            self.tell(problem(
                line,
                format!("includes are nested deeper than {INCLUDE_LIMIT}; a file seems to include itself"),
            ));
            return;
        }
        let paths = include::files(self.files, &self.outcome.root, name, optional).unwrap_or_else(|cause| {
            self.tell(problem(line, cause));
            Vec::new()
        });
        self.weight += FILE_WEIGHT * (1 + paths.len() as u64);
        let floor = self.sections.depth();
        for path in paths.into_iter().rev() {
            if self.looped && self.open.iter().any(|open| open.file.is_some() && open.path == path) {
                continue;
            }
            let asked_at = Some(line.spot());
            self.open.push(OpenFile { path, asked_at, floor, depth, file: None, macros: Vec::new() });
        }
        self.next_file();
    }

    fn define_macro(&mut self, rest: &str, line: &ReadLine) {
        let location = format!("defined on line {} of \"{}\"", line.said.line, line.said.source);
        let made = Macro::new(before_bracket(rest), location);
        let mut body = Vec::new();
        let mut nesting = 1_u32;
        while let Some(inner) = self.next_within() {
            if inner.text.starts_with('#') {
                continue;
            }
            let (word, _) = words::first(&inner.text);
            if word.eq_ignore_ascii_case("</Macro>") {
                nesting -= 1;
            } else if word.eq_ignore_ascii_case("<Macro") {
                nesting += 1;
            }
            if nesting == 0 {
                break;
            }
            body.push(inner);
        }
        if nesting > 0 {
            self.tell(problem(line, "<Macro> is never closed; add </Macro>".into()));
        }
        match made {
            Ok(made) => {
                self.macros.insert(made.name.clone(), Arc::new(Macro { body, ..made }));
            }
            Err(refused) => self.tell(problem(line, refused)),
        }
    }

    fn use_macro(&mut self, words: &[String], line: &ReadLine) {
        let (name, arguments) = words.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
        let name = name.to_ascii_lowercase();
        let Some(definition) = self.macros.get(&name).map(Arc::clone) else {
            self.tell(problem(line, format!("macro '{name}' undefined")));
            return;
        };
        let (given, wanted) = (arguments.len(), definition.parameters.len());
        let Some(open) = self.open.last_mut() else { return };
        let refused = if line.said.source.contains(&format!("macro '{name}'")) {
            Some(format!("recursive use of macro '{name}' is invalid"))
        } else if given != wanted {
            Some(format!("macro '{name}' ({}) used with {given} arguments instead of {wanted}", definition.location))
        } else if open.macros.len() >= MACRO_LIMIT {
            Some(format!("macros use macros deeper than {MACRO_LIMIT}"))
        } else {
            None
        };
        if let Some(refused) = refused {
            self.tell(problem(line, refused));
            return;
        }
        let place = format!("used on line {} of \"{}\"", line.said.line, line.said.source);
        let said = Arc::from(format!("macro '{name}' ({}) {place}", definition.location));
        open.macros.push(MacroInput { definition, arguments: arguments.to_vec(), said, next: 0 });
    }

    fn tell(&mut self, problem: Problem) {
        match self.outcome.problems.len() {
            count if count < PROBLEM_LIMIT => self.outcome.problems.push(problem),
            PROBLEM_LIMIT => {
                let text = format!("more than {PROBLEM_LIMIT} problems; the rest is not told");
                self.outcome.problems.push(Problem { at: problem.at, text });
            }
            _ => {}
        }
    }
}

fn directive(name: &str, rest: &str, line: &ReadLine) -> Effective {
    Effective { name: name.to_owned(), text: rest.to_owned(), at: line.spot(), said: line.said.clone(), children: None }
}

/// mod_perl and mod_lua keep code between their tags.
fn holds_a_program(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower == "perl" || lower.starts_with("luahook") || lower.starts_with("luaquickhandler")
}
