//! What fail2ban's jails become here: the tables of `fail2ban.toml`, which the guard reads beside its configuration.

use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::detect::fail2ban::{JailRules, Patterns, check};
use crate::formats::Files as _;
use crate::formats::fail2ban::{Jail, Problem, Value, Wrong};
use crate::guard::error::GuardError;
use crate::host::Host;
use crate::respond::policy::located;

/// Beside the configuration; deleting it undoes the import.
pub const FILE: &str = "fail2ban.toml";
const HEAD: &str = "# Jails of fail2ban, written by `peelhouse import fail2ban --write`. The guard reads this file when it starts;\n\
                    # delete it to undo the import. What a jail says of ban times is left to [policy.times].\n\n";

/// Everything that was imported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Imported {
    #[serde(rename = "jail")]
    pub jails: Vec<JailRules>,
}

impl Imported {
    /// The file as text.
    ///
    /// # Errors
    /// Where a value has no form in TOML.
    pub fn text(&self) -> Result<String, toml::ser::Error> {
        Ok(format!("{HEAD}{}", toml::to_string_pretty(self)?))
    }
}

/// What the file says; nothing where it is not there.
///
/// # Errors
/// Where it cannot be read, or holds a jail that cannot work.
pub fn read(host: &Host, file: &Path) -> Result<Vec<JailRules>, GuardError> {
    if !host.exists(file) {
        return Ok(Vec::new());
    }
    let unreadable = |cause| GuardError::ConfigUnreadable { file: file.to_path_buf(), cause };
    let bytes = host.read(file).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable("it is no UTF-8".to_owned()))?;
    let imported: Imported = toml::from_str(&text).map_err(|error| located(file, &text, &error))?;
    for jail in &imported.jails {
        check(jail).map_err(|cause| unreadable(format!("the jail {} cannot work: {cause}", jail.name)))?;
    }
    Ok(imported.jails)
}

/// Where the file stands for a configuration.
pub fn file_beside(config: &Path) -> PathBuf {
    config.parent().unwrap_or(Path::new("/etc/peelhouse")).join(FILE)
}

/// A jail as it works here, and what is left out of it; `None` where nothing of it can work.
pub fn rules(jail: &Jail) -> (Option<JailRules>, Vec<Problem>) {
    let mut problems = Vec::new();
    let allow = allowed(&jail.ignoreip, &mut problems);
    let other = |text: &str| Wrong::Other(text.to_owned()).at(&jail.place);
    if !jail.ignorecommand.is_empty() {
        problems
            .push(other("ignorecommand runs a program, which is not done here; list addresses under [[policy.allow]]"));
    }
    if jail.backend.starts_with("systemd") {
        problems.push(other("reads the journal; only jails that read files are imported"));
        return (None, problems);
    }
    let Some(definition) = jail.definition.as_ref().filter(|definition| !definition.failregex.is_empty()) else {
        return (None, problems);
    };
    if jail.logs.is_empty() {
        problems.push(other("names no log"));
        return (None, problems);
    }
    let rules = JailRules {
        name: jail.name.clone(),
        enabled: jail.enabled,
        filter: jail.filter.clone(),
        logs: jail.logs.iter().map(|log| PathBuf::from(&log.text)).collect(),
        maxretry: jail.maxretry,
        findtime: u32::try_from(jail.findtime.max(1)).unwrap_or(u32::MAX),
        ports: jail.port.clone(),
        allow,
        patterns: Patterns::of(definition),
    };
    (Some(rules), problems)
}

/// Addresses and prefixes; names are not resolved.
fn allowed(values: &[Value], problems: &mut Vec<Problem>) -> Vec<IpNet> {
    let mut nets = Vec::new();
    for value in values {
        let address = value.text.parse::<std::net::IpAddr>().map(IpNet::from);
        match value.text.parse::<IpNet>().or(address) {
            Ok(net) => nets.push(net.trunc()),
            Err(_) => {
                let wrong = Wrong::Value {
                    name: "ignoreip".to_owned(),
                    value: value.text.clone(),
                    expected: "an address or a prefix; names are not resolved",
                };
                problems.push(wrong.at(&value.place));
            }
        }
    }
    nets
}
