//! `peelhouse import fail2ban [DIR]`: every filter and jail, what it becomes, and what would be written.
//!
//! With `--json` one object a line, told apart by `what`: `filter` (name, supported, reason, forgeable, forgeries,
//! unchecked, file), `jail` (name, enabled, filter, supported, reason, logpath, maxretry, findtime, bantime, growth,
//! ignoreip, port, problems), `problem` (of the configuration as a whole), and at the end `file` (path, written, text).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::act::files;
use crate::cli::Global;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::import::show;
use crate::cli::output::Output;
use crate::detect::fail2ban::{Calendar, FilterError, Forgery, Loader, forgeries};
use crate::formats::fail2ban::{Jail, Problem, jails, names};
use crate::guard::imported::{Imported, file_beside, rules};
use crate::host::{Host, clock};

#[derive(clap::Args)]
pub struct Args {
    /// fail2ban's configuration
    #[arg(value_name = "DIR", default_value = "/etc/fail2ban")]
    dir: PathBuf,
    /// Write what is shown; without it nothing is changed
    #[arg(long)]
    write: bool,
}

/// One filter.
#[derive(Serialize)]
pub(super) struct FilterRow {
    what: &'static str,
    pub name: String,
    pub supported: bool,
    /// Why not.
    pub reason: Option<String>,
    /// A line by which a client chooses the address, where there is one.
    pub forgeable: Option<String>,
    pub forgeries: Vec<Forgery>,
    /// Patterns of which that is not known.
    pub unchecked: Vec<usize>,
    pub file: String,
}

/// One jail.
#[derive(Serialize)]
pub(super) struct JailRow {
    what: &'static str,
    pub name: String,
    pub enabled: bool,
    pub filter: String,
    pub supported: bool,
    pub reason: Option<String>,
    pub logpath: Vec<String>,
    pub backend: String,
    pub maxretry: u32,
    pub findtime: i64,
    pub bantime: i64,
    pub growth: GrowthRow,
    pub ignoreip: Vec<String>,
    pub port: String,
    pub problems: Vec<String>,
    pub at: String,
}

/// `bantime.increment` and its friends.
#[derive(Serialize)]
pub(super) struct GrowthRow {
    pub increment: bool,
    factor: Option<String>,
    formula: Option<String>,
    multipliers: Option<String>,
    maxtime: Option<i64>,
    rndtime: Option<i64>,
    overalljails: bool,
}

#[derive(Serialize)]
struct ProblemRow<'a> {
    what: &'static str,
    problem: &'a str,
}

#[derive(Serialize)]
struct FileRow<'a> {
    what: &'static str,
    path: &'a Path,
    written: bool,
    text: &'a str,
}

/// All that is shown.
pub(super) struct Import {
    pub filters: Vec<FilterRow>,
    pub jails: Vec<JailRow>,
    pub problems: Vec<String>,
    pub path: PathBuf,
    pub text: String,
    pub written: bool,
}

pub fn run(args: &Args, global: &Global, out: &mut Output) -> Result<Exit, CliError> {
    let dir = std::path::absolute(&args.dir)?;
    let mut import = look(&Host::live(), &dir, &file_beside(&global.config))?;
    if args.write {
        let folder = import.path.parent().unwrap_or(Path::new("/"));
        if !Host::live().exists(folder) {
            files::scratch(folder)?;
        }
        files::replace(&import.path, import.text.as_bytes(), 0o600)?;
        import.written = true;
    }
    if out.is_json() {
        objects(&import, out)?
    } else {
        show::all(&import, out)?
    }
    let clean = import.problems.is_empty() && import.jails.iter().all(|jail| !jail.enabled || jail.supported);
    Ok(if clean { Exit::Done } else { Exit::Remark })
}

fn look(host: &Host, dir: &Path, path: &Path) -> Result<Import, CliError> {
    let now = jiff::Timestamp::from_millisecond(clock::now().0).unwrap_or_default();
    let calendar = Calendar { now, zone: TimeZone::system() };
    let loader = Loader::new(host, dir, calendar.year());
    let filters = names(host, dir)?.into_iter().map(|name| filter(&loader, &calendar, dir, name)).collect();
    let found = jails(host, dir);
    let (found, problems) = match found {
        Ok(found) => (found.jails, found.problems),
        Err(problem) => (Vec::new(), vec![problem]),
    };
    let mut imported = Imported::default();
    let jails = found.iter().map(|jail| jail_row(jail, &loader, &mut imported)).collect();
    let text = imported.text().map_err(std::io::Error::other)?;
    let problems = problems.iter().map(Problem::to_string).collect();
    Ok(Import { filters, jails, problems, path: path.to_owned(), text, written: false })
}

fn filter(loader: &Loader<'_>, calendar: &Calendar, dir: &Path, name: String) -> FilterRow {
    let file = dir.join("filter.d").join(format!("{name}.conf")).display().to_string();
    let loaded = loader.load(&name, &std::collections::BTreeMap::new());
    let reason = loaded.as_ref().err().map(FilterError::to_string);
    let found = loaded.ok().map(|filter| forgeries(&Arc::new(filter), calendar)).unwrap_or_default();
    FilterRow {
        what: "filter",
        name,
        supported: reason.is_none(),
        reason,
        forgeable: found.found.first().map(|forgery| forgery.line.clone()),
        forgeries: found.found,
        unchecked: found.unchecked,
        file,
    }
}

fn jail_row(jail: &Jail, loader: &Loader<'_>, imported: &mut Imported) -> JailRow {
    let (rules, left_out) = rules(jail);
    let tried = jail.definition.clone().map(|definition| loader.compile(&jail.name, definition));
    let mut reason = tried.and_then(|tried| tried.err().map(|error| error.to_string()));
    if rules.is_none() && reason.is_none() {
        reason = left_out.last().or(jail.problems.last()).map(Problem::to_string);
    }
    if reason.is_none() {
        imported.jails.extend(rules.filter(|rules| rules.enabled));
    }
    JailRow {
        what: "jail",
        name: jail.name.clone(),
        enabled: jail.enabled,
        filter: jail.filter.clone(),
        supported: reason.is_none(),
        reason,
        logpath: jail.logs.iter().map(|log| log.text.clone()).collect(),
        backend: jail.backend.clone(),
        maxretry: jail.maxretry,
        findtime: jail.findtime,
        bantime: jail.bantime,
        growth: growth(jail),
        ignoreip: jail.ignoreip.iter().map(|address| address.text.clone()).collect(),
        port: jail.port.clone(),
        problems: jail.problems.iter().chain(&left_out).map(Problem::to_string).collect(),
        at: jail.place.to_string(),
    }
}

fn growth(jail: &Jail) -> GrowthRow {
    let growth = jail.growth.clone();
    GrowthRow {
        increment: growth.on,
        factor: growth.factor,
        formula: growth.formula,
        multipliers: growth.multipliers,
        maxtime: growth.longest,
        rndtime: growth.random,
        overalljails: growth.over_all_jails,
    }
}

fn objects(import: &Import, out: &mut Output) -> Result<(), CliError> {
    for filter in &import.filters {
        out.object(filter)?;
    }
    for jail in &import.jails {
        out.object(jail)?;
    }
    for problem in &import.problems {
        out.object(&ProblemRow { what: "problem", problem })?;
    }
    let Import { path, text, written, .. } = import;
    Ok(out.object(&FileRow { what: "file", path, written: *written, text })?)
}
