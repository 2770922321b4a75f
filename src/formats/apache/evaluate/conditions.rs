//! The conditions httpd decides while it reads: `<IfDefine>` and its kin.

use crate::formats::Files;
use crate::formats::apache::evaluate::effective::before_bracket;
use crate::formats::apache::evaluate::include;
use crate::formats::apache::evaluate::reader::Reader;
use crate::formats::apache::evaluate::version;
use crate::formats::apache::words;

/// One of the sections that are decided and gone once read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Define,
    Module,
    Version,
    File,
    Directive,
    Section,
}

impl Condition {
    /// By the name of a section, without its `<`.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Define, Self::Module, Self::Version, Self::File, Self::Directive, Self::Section];
        all.into_iter().find(|condition| condition.name().eq_ignore_ascii_case(name))
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Define => "IfDefine",
            Self::Module => "IfModule",
            Self::Version => "IfVersion",
            Self::File => "IfFile",
            Self::Directive => "IfDirective",
            Self::Section => "IfSection",
        }
    }

    /// Whether it holds at this point of the configuration, or why httpd refuses it.
    pub fn holds(self, text: &str, reader: &Reader<'_>) -> Result<bool, String> {
        let argument = before_bracket(text);
        if self == Self::Version {
            return version::holds(argument, reader.version);
        }
        let (negated, argument) = match argument.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, argument),
        };
        let (name, _) = words::first(argument);
        if name.is_empty() {
            return Err(format!("<{}> says no name; write <{} name>", self.name(), self.name()));
        }
        Ok(self.is_true_of(&name, reader, reader.files) != negated)
    }

    fn is_true_of(self, name: &str, reader: &Reader<'_>, files: &dyn Files) -> bool {
        match self {
            Self::Define => reader.variables.is_defined(name),
            Self::Module => reader.modules.has(name),
            Self::File => include::exists(files, &include::under(&reader.outcome.root, name)),
            Self::Directive => reader.modules.has_directive(name),
            Self::Section => reader.modules.has_directive(&format!("<{name}")),
            Self::Version => false,
        }
    }
}
