//! What httpd makes of its files together: includes followed, conditions decided, variables and macros put in. Lines are
//! taken one by one as httpd takes them, so a macro may open a section that its user closes.

mod conditions;
pub mod dump;
pub mod effective;
pub mod include;
mod input;
mod macros;
pub mod modules;
mod reader;
mod sections;
pub mod variables;
pub mod version;

use std::path::PathBuf;

pub use effective::{Effective, Evaluation, Problem, Said};
pub use modules::Modules;
pub use version::Version;

use crate::formats::Files;
use crate::formats::apache::envvars::Environment;

/// Sections within sections; httpd has no bound, people stay below ten.
const DEPTH_LIMIT: usize = 200;
/// Includes within includes: httpd's `AP_MAX_INCLUDE_DEPTH`.
const INCLUDE_LIMIT: u32 = 128;
/// Lines of all files and macros together; ten thousand virtual hosts have a quarter million.
const WEIGHT_LIMIT: u64 = 2_000_000;
/// What opening a file weighs, in lines.
const FILE_WEIGHT: u64 = 16;
/// Problems that are told one by one.
const PROBLEM_LIMIT: usize = 1000;

/// Where and with what httpd starts.
#[derive(Clone, Debug)]
pub struct Start {
    /// `-d`, or the one compiled in.
    pub root: PathBuf,
    /// `-f`; relative to the root.
    pub file: PathBuf,
    /// `-D`
    pub flags: Vec<String>,
    pub environment: Environment,
    pub modules: Modules,
    pub version: Version,
}

impl Start {
    /// A server of the current version with nothing but its compiled-in modules.
    pub fn new(root: impl Into<PathBuf>, file: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            file: file.into(),
            flags: Vec::new(),
            environment: Environment::new(),
            modules: Modules::stock(),
            version: [2, 4, 66],
        }
    }
}

/// Reads a configuration as httpd does, but goes on after an error. What httpd refuses is among the problems.
pub fn evaluate(files: &dyn Files, start: Start) -> Evaluation {
    reader::Reader::new(files, start).run()
}

/// Reads a `.htaccess` as httpd does for a request: with the modules and variables of the running server.
pub fn further(files: &dyn Files, server: &Evaluation, file: PathBuf) -> Evaluation {
    let start = Start::new(server.root.clone(), file);
    reader::Reader::new(files, start).after(server).run()
}

#[cfg(test)]
mod tests;
