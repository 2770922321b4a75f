//! What became of every rule: loaded, not to be seen in a log, or refused; each with its reason.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use thiserror::Error;

/// One rule of the files, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// 0 where it has none.
    pub id: u32,
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
    pub fate: Fate,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Loaded,
    NotVisible(NotVisible),
    Refused(Refused),
}

/// Why a rule has nothing to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum NotVisible {
    #[error("looks at {0}, which no access log has")]
    Variable(String),
    #[error("counts {0}, and no access log tells what is absent from what is empty")]
    Count(String),
    #[error("looks at the answer")]
    Answer,
    #[error("keeps settings or scores, and looks for nothing")]
    Settings,
    #[error("of a higher paranoia level")]
    Paranoia,
    #[error("switched off by the configuration")]
    Off,
    #[error("removed by the configuration")]
    Removed,
}

/// Why a rule that a log could show is not loaded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
pub enum Refused {
    #[error("operator `@{0}` is not supported")]
    Operator(String),
    #[error("`{0}` is no argument of its operator")]
    Argument(String),
    #[error("transformation `t:{0}` is not supported")]
    Transformation(String),
    #[error("it needs {0}, which is not kept here")]
    Macro(String),
    #[error("its regex needs look-around, which has no linear time")]
    LookAround,
    #[error("its regex needs back-references, which have no linear time")]
    BackReference,
    #[error("its regex has a possessive or atomic part, which does not exist here")]
    Possessive,
    #[error("its regex has a construct of PCRE that does not exist here")]
    Construct,
    #[error("its regex does not compile: {0}")]
    Regex(String),
    #[error("its regex is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("its chain has no end")]
    OpenChain,
    #[error("another rule has the same id")]
    Duplicate,
    #[error("there are more than {limit} rules")]
    TooMany { limit: usize },
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub entries: Vec<Entry>,
}

impl Report {
    pub fn loaded(&self) -> usize {
        self.entries.iter().filter(|entry| entry.fate == Fate::Loaded).count()
    }

    /// How many rules there are for each reason not to be seen in a log.
    pub fn not_visible(&self) -> BTreeMap<String, usize> {
        let mut reasons = BTreeMap::new();
        for entry in &self.entries {
            if let Fate::NotVisible(why) = &entry.fate {
                *reasons.entry(why.to_string()).or_insert(0) += 1;
            }
        }
        reasons
    }

    pub fn refused(&self) -> impl Iterator<Item = (&Entry, &Refused)> {
        self.entries.iter().filter_map(|entry| match &entry.fate {
            Fate::Refused(why) => Some((entry, why)),
            _ => None,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = self.not_visible();
        let refused = self.refused().count();
        writeln!(
            f,
            "loaded {}, not visible in a log {}, refused {refused}",
            self.loaded(),
            hidden.values().sum::<usize>()
        )?;
        for (why, count) in &hidden {
            writeln!(f, "  {count:4} {why}")?;
        }
        for (entry, why) in self.refused() {
            writeln!(f, "  {}:{}: rule {}: {why}", entry.file, entry.line, entry.id)?;
        }
        Ok(())
    }
}
