//! What evaluation gives: the configuration after includes, conditions, variables and macros.

use std::path::PathBuf;
use std::sync::Arc;

use crate::formats::apache::evaluate::modules::Modules;
use crate::formats::apache::evaluate::variables::Variables;
use crate::formats::apache::words;
use crate::model::Spot;

/// A directive or section that holds. Nesting is at most `DEPTH_LIMIT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// As written, without `<`.
    pub name: String,
    /// What follows the name, variables replaced, quotes kept, with the `>` of a section.
    pub text: String,
    /// Where it is written; of a macro's line, its place in the macro.
    pub at: Spot,
    /// Where httpd says it is.
    pub said: Said,
    /// Some for a section, even an empty one.
    pub children: Option<Vec<Effective>>,
}

/// A place in httpd's own words: a continued line counts by its last, a macro's lines by its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub source: Arc<str>,
    pub line: u32,
}

/// Something that httpd refuses or warns of, or that we could not follow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {text}")]
pub struct Problem {
    pub at: Spot,
    pub text: String,
}

/// The outcome: what could be made out, and what stood in the way.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    pub directives: Vec<Effective>,
    pub problems: Vec<Problem>,
    /// The last `ServerRoot`, or the one evaluation started with.
    pub root: PathBuf,
    /// Every file that was read, in order, each once.
    pub files: Vec<PathBuf>,
    /// What was loaded at the end; `.htaccess` is read with it.
    pub modules: Modules,
    /// What was defined at the end, likewise.
    pub variables: Variables,
}

impl Effective {
    /// The arguments, quotes and escapes undone.
    pub fn args(&self) -> Vec<String> {
        words::all(if self.children.is_some() { before_bracket(&self.text) } else { &self.text })
    }

    /// Directive names are the same in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub fn children(&self) -> &[Effective] {
        self.children.as_deref().unwrap_or_default()
    }
}

/// The argument of a section: httpd reads up to the last `>`.
pub(super) fn before_bracket(text: &str) -> &str {
    text.rsplit_once('>').map_or(text, |(argument, _)| argument)
}
