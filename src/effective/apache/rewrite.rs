//! mod_rewrite as far as a configuration decides it: rules that refuse or redirect a URL without looking further. Whatever
//! depends on more is told as not known.

use std::sync::Arc;

use crate::effective::apache::block::{Block, Line, Path, Scope};
use crate::effective::apache::expr::Known;
use crate::effective::apache::pattern::{self, Pattern};
use crate::effective::apache::walk::Walked;
use crate::effective::apache::{Config, Site, options, setting};
use crate::model::Spot;

/// What rules make of a URL; nothing where they leave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewritten {
    Refused {
        status: u16,
        at: Spot,
    },
    Redirected {
        status: u16,
        to: String,
        at: Spot,
    },
    Unknown(Spot),
    /// Rules below a directory that may not follow links: httpd refuses it before any rule.
    LinksForbidden,
}

/// The rules of the server: of the virtual host, and the main server's only where `RewriteOptions` passes them on.
pub fn of_server(site: &Site<'_>, early: &Config, uri: &str, known: &Known) -> Option<Rewritten> {
    let servers = site.servers();
    // A virtual host without a line of mod_rewrite is left alone, whatever the main server passes on.
    // Locations and conditions turn the engine on and off for it as well (seen with 2.4.71).
    if !is_on(early.blocks()) || !site.own.has(|line| line.key.starts_with("rewrite")) {
        return None;
    }
    let held = servers.iter().map(|block| Held::of(block, true)).reduce(Held::merged)?;
    run(&held.rules, uri, known, uri)
}

/// The rules of the innermost section that has any; they see the name below their directory.
pub fn of_sections(config: &Config, walked: &Walked, known: &Known) -> Option<Rewritten> {
    let (servers, sections) = config.groups.split_first()?;
    let sections: Vec<&Arc<Block>> = sections.iter().flatten().filter(|block| touches(block)).collect();
    let own = sections.last()?;
    // Outside of sections the engine and its options are set for both, rules are not.
    if !is_on(servers.iter().chain(sections.iter().copied())) {
        return None;
    }
    let set = setting::options(&config.groups).set;
    let (name, dir) = (format!("{}{}", walked.file, walked.rest), directory(own));
    if dir.strip_suffix('/') == Some(&walked.file) {
        return None;
    }
    if set & (options::FOLLOW | options::OWNER_MATCH) == 0 {
        return Some(Rewritten::LinksForbidden);
    }
    // Each group is merged within itself before it meets those before it.
    let groups = config.groups.iter().enumerate().filter_map(|(at, group)| {
        let own = group.iter().filter(|block| touches(block));
        own.map(|block| Held::of(block, at > 0)).reduce(Held::merged)
    });
    let lines = groups.reduce(Held::merged)?.rules;
    run(&lines, name.strip_prefix(&dir).unwrap_or(&name), known, &known.uri)
}

/// What mod_rewrite takes for the directory of a section, with its slash.
fn directory(block: &Block) -> String {
    let text = match &block.scope {
        Scope::Path(Path::Plain(text) | Path::Wild(text, _)) => text.clone(),
        Scope::Path(Path::Regex(pattern)) => pattern.text().to_owned(),
        Scope::Htaccess => {
            let file = block.at.as_ref().and_then(|at| at.file.parent());
            file.map(|dir| dir.display().to_string()).unwrap_or_default()
        }
        _ => "*If".to_owned(),
    };
    if text.ends_with('/') { text } else { format!("{text}/") }
}

fn touches(block: &Arc<Block>) -> bool {
    block.lines.iter().any(|line| line.key.starts_with("rewrite"))
}

fn is_on<'b>(blocks: impl Iterator<Item = &'b Arc<Block>>) -> bool {
    let lines = blocks.flat_map(|block| &block.lines).filter(|line| line.key == "rewriteengine");
    lines.last().is_some_and(|line| line.arg(0).eq_ignore_ascii_case("on"))
}

fn rules(block: &Block) -> Vec<&Line> {
    block.lines.iter().filter(|line| matches!(line.key.as_str(), "rewriterule" | "rewritecond")).collect()
}

/// Rules and options of a section, or of several merged.
#[derive(Clone, Default)]
struct Held<'b> {
    rules: Vec<&'b Line>,
    options: Vec<&'b str>,
}

impl<'b> Held<'b> {
    fn of(block: &'b Block, with_rules: bool) -> Self {
        let lines = block.lines.iter().filter(|line| line.key == "rewriteoptions");
        let options = lines.flat_map(|line| &line.args).map(String::as_str).collect();
        Self { rules: if with_rules { rules(block) } else { Vec::new() }, options }
    }

    /// Inner rules replace outer ones unless options say otherwise, and options pass on where none are set anew.
    fn merged(self, inner: Self) -> Self {
        let options = if inner.options.is_empty() { self.options.clone() } else { inner.options };
        let has = |options: &[&str], option: &str| options.iter().any(|word| word.eq_ignore_ascii_case(option));
        let down = !has(&options, "IgnoreInherit");
        let before = has(&options, "InheritBefore") || (down && has(&self.options, "InheritDownBefore"));
        let after = has(&options, "Inherit") || (down && has(&self.options, "InheritDown"));
        let rules = match (before, after) {
            (true, _) => self.rules.into_iter().chain(inner.rules).collect(),
            (false, true) => inner.rules.into_iter().chain(self.rules).collect(),
            (false, false) => inner.rules,
        };
        Self { rules, options }
    }
}

fn run(lines: &[&Line], subject: &str, known: &Known, uri: &str) -> Option<Rewritten> {
    let mut conditions = 0;
    for line in lines {
        if line.key == "rewritecond" {
            conditions += 1;
            continue;
        }
        let conditional = std::mem::take(&mut conditions) > 0;
        let rule = Rule::read(line);
        if known.within && rule.not_within {
            continue;
        }
        let groups = match Pattern::new(rule.pattern.as_str()).groups(subject) {
            None => return Some(Rewritten::Unknown(line.at.clone())),
            Some(groups) if groups.is_some() == rule.negated => continue,
            Some(groups) => groups.unwrap_or_default(),
        };
        let idle = rule.target == "-" && rule.status.is_none();
        if idle && !rule.skips && !rule.last {
            continue;
        }
        if conditional || rule.skips {
            return Some(Rewritten::Unknown(line.at.clone()));
        }
        if idle {
            return None;
        }
        return Some(rule.outcome(&groups, line, known, uri));
    }
    None
}

struct Rule {
    pattern: String,
    negated: bool,
    target: String,
    /// Of `[F]`, `[G]` and `[R]`.
    status: Option<u16>,
    last: bool,
    /// It goes on elsewhere in the rules.
    skips: bool,
    /// It is passed over where the server asks itself: `[NS]`, and every redirect.
    not_within: bool,
}

impl Rule {
    fn read(line: &Line) -> Self {
        let flags: Vec<String> =
            line.arg(2).trim_matches(['[', ']']).split(',').map(|flag| flag.trim().to_ascii_lowercase()).collect();
        let has = |names: &[&str]| flags.iter().any(|flag| names.contains(&flag.split('=').next().unwrap_or_default()));
        let coded = flags.iter().find_map(|flag| match flag.split_once('=') {
            Some(("r" | "redirect", "permanent")) => Some(301),
            Some(("r" | "redirect", "seeother")) => Some(303),
            Some(("r" | "redirect", code)) => Some(code.parse().unwrap_or(302)),
            _ => ["r", "redirect"].contains(&flag.as_str()).then_some(302),
        });
        let status = if has(&["f", "forbidden"]) {
            Some(403)
        } else if has(&["g", "gone"]) {
            Some(410)
        } else {
            coded
        };
        let pattern = line.arg(0);
        let negated = pattern.starts_with('!');
        let pattern = pattern.trim_start_matches('!');
        let pattern = if has(&["nc", "nocase"]) { format!("(?i:{pattern})") } else { pattern.to_owned() };
        let not_within = coded.is_some() || has(&["ns", "nosubreq"]);
        let skips = has(&["s", "skip", "c", "chain", "n", "next"]);
        Self {
            pattern,
            negated,
            target: line.arg(1).to_owned(),
            status,
            last: has(&["l", "last", "end"]),
            skips,
            not_within,
        }
    }

    fn outcome(&self, groups: &[String], line: &Line, known: &Known, uri: &str) -> Rewritten {
        let at = line.at.clone();
        match self.status {
            Some(status) if !(300..400).contains(&status) => Rewritten::Refused { status, at },
            // `%{…}` and `%1` are of the request; a relative target is of the directory.
            Some(status) if !self.target.replace("%{REQUEST_URI}", "").contains('%') => {
                let target = self.target.replace("%{REQUEST_URI}", uri);
                let to = pattern::fill(&target, groups);
                match (to.contains("://") || to.starts_with('/'), known.uri.is_empty()) {
                    (true, _) => Rewritten::Redirected { status, to, at },
                    _ => Rewritten::Unknown(at),
                }
            }
            _ => Rewritten::Unknown(at),
        }
    }
}
