//! Why a verb could not do its work, and what to do next.

use std::io;

use crate::cli::exit::Exit;
use crate::demo::DemoError;
use crate::demo::measure::MeasureError;
use crate::detect::fail2ban::FilterError;
use crate::formats::logs::FormatError;
use crate::guard::GuardError;
use crate::guard::lock::LockError;
use crate::host::CouldNotLook;
use crate::monitor::ReadError;
use crate::store::StoreError;

/// Every failure a verb can end with.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error("there is no measure, detector or rule {id}{}", suggestion(.near.as_deref()))]
    UnknownId { id: String, near: Option<String> },
    #[error("there is no log format {name}{}", format_advice(.near.as_deref()))]
    UnknownFormat { name: String, near: Option<String> },
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error(transparent)]
    Measure(#[from] MeasureError),
    #[error(transparent)]
    Guard(#[from] GuardError),
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Look(#[from] CouldNotLook),
    #[error(transparent)]
    Fail2ban(#[from] crate::formats::fail2ban::Problem),
    #[error(transparent)]
    Filter(#[from] FilterError),
    #[error(transparent)]
    Log(#[from] ReadError),
    #[error("{place}: {why}")]
    Target { place: String, why: crate::probe::target::NotATarget },
    #[error("cannot write the answer: {0}")]
    Write(#[from] io::Error),
}

impl CliError {
    pub fn exit(&self) -> Exit {
        match self {
            Self::UnknownId { .. } | Self::UnknownFormat { .. } | Self::Target { .. } => Exit::Usage,
            Self::Format(_) | Self::Filter(_) => Exit::Usage,
            Self::Guard(GuardError::Config(_) | GuardError::ConfigUnreadable { .. }) => Exit::Usage,
            Self::Guard(GuardError::Store(_)) => Exit::CouldNotRead,
            Self::Guard(GuardError::Lock(LockError::Held(_))) => Exit::Busy,
            Self::Demo(_) | Self::Measure(_) | Self::Guard(_) => Exit::Refused,
            Self::Store(StoreError::CannotOpen { .. }) => Exit::NotPermitted,
            Self::Store(_) | Self::Look(_) | Self::Fail2ban(_) => Exit::CouldNotRead,
            Self::Log(_) | Self::Write(_) => Exit::CouldNotRead,
        }
    }

    /// True where the reader of our output went away: nobody is left to tell.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Write(cause) if cause.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn suggestion(near: Option<&str>) -> String {
    near.map_or_else(
        || "; `peelhouse board` lists the measures".to_owned(),
        |near| format!("; did you mean {near}? `peelhouse board` lists the measures"),
    )
}

fn format_advice(near: Option<&str>) -> String {
    near.map_or_else(|| "; leave it out and it is recognised".to_owned(), |near| format!("; did you mean {near}?"))
}
