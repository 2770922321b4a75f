//! A filter: everything it says, compiled.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::detect::fail2ban::date::Dates;
use crate::detect::fail2ban::expand::expand;
use crate::detect::fail2ban::pattern::{Lines, Pattern};
use crate::detect::fail2ban::python::PatternError;
use crate::formats::Files;
use crate::formats::fail2ban::{Definition, OptionsError, Place, Problem, Source, Value, Vars, name_and_options};

/// What may stand for who it was, in the order it is asked.
const IDENTITIES: [&str; 5] = ["fid", "ip4", "ip6", "dns", "mlfid"];

/// A filter, compiled.
#[derive(Debug)]
pub struct Filter {
    pub name: String,
    pub prefregex: Option<Pattern>,
    pub failregex: Vec<Pattern>,
    pub ignoreregex: Vec<Pattern>,
    pub dates: Arc<Dates>,
    /// Lines that one pattern may span.
    pub maxlines: usize,
    /// The text it was compiled from.
    pub definition: Definition,
}

/// Why a filter cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    #[error(transparent)]
    Configuration(#[from] Problem),
    #[error("{0}: defines no failregex; it is there for other filters to include")]
    NoPattern(Place),
    #[error("{place}: {which} {number}: {error}")]
    Pattern { place: Place, which: &'static str, number: usize, error: PatternError },
    #[error("the filter {0} cannot be read as NAME,option=value: {1}")]
    Name(String, OptionsError),
}

/// Loads filters of one configuration.
pub struct Loader<'f> {
    files: &'f dyn Files,
    dir: &'f Path,
    compiler: Compiler,
}

/// Compiles filters; what they share is compiled once.
pub struct Compiler {
    year: i16,
    dates: RefCell<BTreeMap<String, Arc<Dates>>>,
}

impl<'f> Loader<'f> {
    /// `dir` holds `filter.d`. `year` is the current one: dates much later are none.
    pub fn new(files: &'f dyn Files, dir: &'f Path, year: i16) -> Self {
        Self { files, dir, compiler: Compiler::new(year) }
    }

    /// A filter by its name in `dir/filter.d`, or by the path of a .conf file, with options (`mode`, …).
    ///
    /// # Errors
    /// [`FilterError`] where its files or its patterns cannot be used.
    pub fn load(&self, name: &str, options: &Vars) -> Result<Filter, FilterError> {
        let source = source(self.files, self.dir, name);
        self.compile(name, Definition::read(self.files, &source, options)?)
    }

    /// The same from `NAME,option=value,…`, or `NAME[option=value,…]`.
    ///
    /// # Errors
    /// As [`Loader::load`], and where the options cannot be read.
    pub fn by_name(&self, text: &str) -> Result<Filter, FilterError> {
        let (name, rest) = text.split_once(',').filter(|_| !text.contains('[')).unwrap_or((text, ""));
        let bracketed = if rest.is_empty() { name.to_owned() } else { format!("{name}[{rest}]") };
        let (name, options) = name_and_options(&bracketed).map_err(|why| FilterError::Name(text.to_owned(), why))?;
        self.load(&name, &options)
    }

    /// Compiles what a definition says.
    ///
    /// # Errors
    /// As [`Compiler::compile`].
    pub fn compile(&self, name: &str, definition: Definition) -> Result<Filter, FilterError> {
        self.compiler.compile(name, definition)
    }
}

impl Compiler {
    /// `year` is the current one: dates much later are none.
    pub fn new(year: i16) -> Self {
        Self { year, dates: RefCell::default() }
    }

    /// Compiles what a definition says.
    ///
    /// # Errors
    /// The first pattern that cannot be used, with its place.
    pub fn compile(&self, name: &str, definition: Definition) -> Result<Filter, FilterError> {
        let place = definition.place.clone().unwrap_or_else(|| Place::new(name, 0));
        if definition.failregex.is_empty() {
            return Err(FilterError::NoPattern(place));
        }
        let names = definition.usedns.as_ref().is_none_or(|value| value.text.trim() != "no");
        let several = definition.maxlines > 1;
        let whole = if several { Lines::Whole } else { Lines::One };
        let each = if several { Lines::Each } else { Lines::One };
        let prefregex = definition.prefregex.iter().map(|value| one(value, "prefregex", 1, whole, names));
        let prefregex = prefregex.collect::<Result<Vec<_>, _>>()?.pop();
        let failregex = all(&definition.failregex, "failregex", each, names)?;
        let ignoreregex = all(&definition.ignoreregex, "ignoreregex", whole, names)?;
        for (number, (pattern, value)) in (1..).zip(failregex.iter().zip(&definition.failregex)) {
            let told = |error| pattern_error(&value.place, "failregex", number, error);
            identified(pattern, prefregex.as_ref()).map_err(told)?;
        }
        let dates = self.dates(&definition)?;
        let maxlines = definition.maxlines as usize;
        Ok(Filter { name: name.to_owned(), prefregex, failregex, ignoreregex, dates, maxlines, definition })
    }

    fn dates(&self, definition: &Definition) -> Result<Arc<Dates>, FilterError> {
        let text = definition.datepattern.as_ref().map_or("", |value| value.text.as_str());
        if let Some(known) = self.dates.borrow().get(text) {
            return Ok(Arc::clone(known));
        }
        let dates = Dates::new(text, self.year).map_err(|error| {
            let place = definition.datepattern.as_ref().map(|value| value.place.clone());
            let place = place.or_else(|| definition.place.clone()).unwrap_or_else(|| Place::new("datepattern", 0));
            pattern_error(&place, "datepattern", 1, error)
        })?;
        let dates = Arc::new(dates);
        self.dates.borrow_mut().insert(text.to_owned(), Arc::clone(&dates));
        Ok(dates)
    }
}

fn pattern_error(place: &Place, which: &'static str, number: usize, error: PatternError) -> FilterError {
    FilterError::Pattern { place: place.clone(), which, number, error }
}

/// A path where it looks like one, else a name.
fn source(files: &dyn Files, dir: &Path, name: &str) -> Source {
    let bare = name.strip_suffix(".conf").or_else(|| name.strip_suffix(".local")).unwrap_or(name);
    let known = !name.contains('/') && (bare == name || files.read(&dir.join("filter.d").join(name)).is_ok());
    if known {
        return Source::Named { dir: dir.to_owned(), name: bare.to_owned() };
    }
    let path = std::path::absolute(name).unwrap_or_else(|_| PathBuf::from(name));
    let folder = path.parent().filter(|folder| folder.file_name().is_some_and(|folder| folder == "filter.d"));
    match (folder.and_then(Path::parent), path.file_stem()) {
        (Some(dir), Some(stem)) => Source::Named { dir: dir.to_owned(), name: stem.to_string_lossy().into_owned() },
        _ if path.extension().is_some() => Source::File(path),
        _ => Source::File(path.with_extension("conf")),
    }
}

fn all(values: &[Value], which: &'static str, lines: Lines, names: bool) -> Result<Vec<Pattern>, FilterError> {
    (1..).zip(values).map(|(number, value)| one(value, which, number, lines, names)).collect()
}

fn one(value: &Value, which: &'static str, number: usize, lines: Lines, names: bool) -> Result<Pattern, FilterError> {
    let error = |error| pattern_error(&value.place, which, number, error);
    let pattern = Pattern::new(&expand(&value.text, names), lines).map_err(error)?;
    if pattern.names().iter().any(|name| name.starts_with("tuple_")) {
        return Err(error(PatternError::Tuple));
    }
    Ok(pattern)
}

fn identified(pattern: &Pattern, before: Option<&Pattern>) -> Result<(), PatternError> {
    let names = pattern.names().iter().chain(before.into_iter().flat_map(Pattern::names));
    let found = names.into_iter().any(|name| IDENTITIES.contains(&name.as_str()));
    if found { Ok(()) } else { Err(PatternError::NoHost) }
}
