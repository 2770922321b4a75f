//! The settings and rules of ModSecurity that hold at a place, of either server.

use std::collections::BTreeMap;
use std::path::Path;

use crate::assess::sites::Notes;
use crate::effective::Effect;
use crate::formats::apache::{lines, words};
use crate::formats::nginx::{Config, Setting};
use crate::host::{Door, Holds, Host};
use crate::measures::daemon::request_filter::by_default;
use crate::model::{Proof, Spot};

/// What holds.
pub struct Filter {
    values: BTreeMap<String, (String, Vec<Proof>)>,
    pub first_rule: Option<Proof>,
    /// A rule of the Core Rule Set.
    pub core: Option<Proof>,
    pub removed: Vec<Removed>,
    pub site: Spot,
}

/// One `SecRuleRemoveById`.
pub struct Removed {
    /// Ids and ranges of them.
    pub words: Vec<String>,
    pub proof: Proof,
}

/// Asked one by one, for the last one holds.
const VALUES: [&str; 7] = [
    "SecRuleEngine",
    "SecRequestBodyAccess",
    "SecRequestBodyLimit",
    "SecRequestBodyLimitAction",
    "SecRequestBodyNoFilesLimit",
    "SecAuditEngine",
    "SecAuditLog",
];
/// Rules of the Core Rule Set that judge; those below set it up.
const CORE: std::ops::RangeInclusive<u32> = 911_000..=980_999;
const DEEPEST: u8 = 10;
/// Of a rule, as evidence.
const MOST_LETTERS: usize = 120;

impl Filter {
    fn at(site: &Spot) -> Self {
        Self { values: BTreeMap::new(), first_rule: None, core: None, removed: Vec::new(), site: site.clone() }
    }

    /// A setting and the lines that made it; where there is none, `default`.
    pub fn value(&self, name: &str, default: &str) -> (String, Vec<Proof>) {
        let declared = self.values.get(name).cloned();
        declared.unwrap_or_else(|| (default.to_owned(), by_default(name, default, &self.site)))
    }

    /// Takes a line of rules.
    fn take(&mut self, name: &str, args: &[String], proof: Proof) {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("SecRuleRemoveById") {
            return self.removed.push(Removed { words: args.to_vec(), proof });
        }
        if !is("SecRule") && !is("SecAction") {
            return;
        }
        if is("SecRule") && self.first_rule.is_none() {
            self.first_rule = Some(proof.clone());
        }
        if self.core.is_none() && args.last().and_then(|actions| id(actions)).is_some_and(|id| CORE.contains(&id)) {
            self.core = Some(proof);
        }
    }
}

impl Removed {
    pub fn has(&self, id: u32) -> bool {
        self.ranges().any(|(first, last)| (first..=last).contains(&id))
    }

    /// How many ids the widest range spans.
    pub fn widest(&self) -> u32 {
        self.ranges().map(|(first, last)| last.saturating_sub(first).saturating_add(1)).max().unwrap_or(0)
    }

    fn ranges(&self) -> impl Iterator<Item = (u32, u32)> {
        let words = self.words.iter().flat_map(|word| word.split([' ', ',']));
        words.filter_map(|word| {
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
        })
    }
}

/// `"id:'942100',phase:2"`
fn id(actions: &str) -> Option<u32> {
    let action = actions.split(',').find_map(|action| action.trim().strip_prefix("id:"))?;
    action.trim_matches(['\'', ' ']).parse().ok()
}

fn line(spot: &Spot, text: &str) -> Proof {
    let mut short: String = text.chars().take(MOST_LETTERS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    Proof::Line { spot: spot.clone(), text: short }
}

pub fn of_apache(holds: &Holds<'_>, site: &Spot) -> Filter {
    let mut filter = Filter::at(site);
    for name in VALUES {
        let held = holds.value(name, "");
        if !held.setting.values.is_empty() {
            filter.values.insert(name.to_owned(), (held.text(), held.proof(name, site)));
        }
    }
    for step in holds.value("SecRule", "").setting.chain {
        let (name, rest) = words::first(&step.text);
        if !matches!(step.effect, Effect::Ignored(_) | Effect::Replaced) {
            filter.take(&name, &words::all(rest), line(&step.at, &step.text));
        }
    }
    filter
}

/// Rules of nginx stand in files of their own, or in its configuration; outer levels come first.
pub fn of_nginx(door: &Door<'_, '_>, config: &Config, notes: &mut Notes) -> Filter {
    let mut filter = Filter::at(&door.site.at);
    let http = config.settings.iter().find(|setting| setting.name == "http").map_or(&[][..], Setting::inside);
    let server = http.iter().find(|setting| setting.name == "server" && setting.at == door.site.at);
    let levels = http.iter().chain(server.map_or(&[][..], Setting::inside));
    for setting in levels {
        match setting.name.as_str() {
            "modsecurity_rules_file" => {
                let file = config_folder(door).join(setting.first());
                read(door.host, &file, 0, &mut filter, notes);
            }
            "modsecurity_rules" => text(door.host, setting.first().as_bytes(), &setting.at, 0, &mut filter, notes),
            "modsecurity_rules_remote" => notes.unseen(format!("rules at {} are fetched from elsewhere", setting.at)),
            _ => {}
        }
    }
    filter
}

fn config_folder<'d>(door: &'d Door<'_, '_>) -> &'d Path {
    door.server.server.config.parent().unwrap_or(Path::new("/"))
}

fn read(host: &Host, file: &Path, depth: u8, filter: &mut Filter, notes: &mut Notes) {
    if depth > DEEPEST {
        return notes.unseen(format!("{} is included too deep", file.display()));
    }
    match host.read_file(file) {
        Ok(bytes) => text(host, &bytes, &Spot { file: file.to_owned(), line: 0 }, depth, filter, notes),
        Err(error) => notes.unseen(error.to_string()),
    }
}

/// `start` is the line before the first.
fn text(host: &Host, bytes: &[u8], start: &Spot, depth: u8, filter: &mut Filter, notes: &mut Notes) {
    for logical in lines::read(bytes) {
        let (name, rest) = words::first(&logical.text);
        let args = words::all(rest);
        let spot = Spot { file: start.file.clone(), line: start.line.saturating_add(logical.first) };
        let first = args.first().map_or("", String::as_str);
        if name.eq_ignore_ascii_case("Include") {
            let pattern = start.file.parent().unwrap_or(Path::new("/")).join(first);
            host.glob(&pattern).iter().for_each(|file| read(host, file, depth + 1, filter, notes));
        } else if let Some(known) = VALUES.iter().find(|known| known.eq_ignore_ascii_case(&name)) {
            filter.values.insert((*known).to_owned(), (first.to_owned(), vec![line(&spot, &logical.text)]));
        } else {
            filter.take(&name, &args, line(&spot, &logical.text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_out_of_actions_and_ranges() {
        assert_eq!(id("id:942100,phase:2,block"), Some(942_100));
        assert_eq!(id("phase:1, id:'200000',pass"), Some(200_000));
        assert_eq!(id("chain"), None);
        let proof = line(&Spot::default(), "SecRuleRemoveById 941000-942999 7");
        let removed = Removed { words: vec!["941000-942999".to_owned(), "7".to_owned()], proof };
        assert!(removed.has(942_100) && removed.has(7) && !removed.has(949_110));
        assert_eq!(removed.widest(), 2000);
    }
}
