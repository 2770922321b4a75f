//! The levels around a place, and what a directive's value is there.

use std::rc::Rc;

use crate::effective::nginx::Line;
use crate::effective::nginx::directives::{Decider, Kind, row, slot};
use crate::effective::version::Version;
use crate::effective::{Effect, Setting, Step};

/// Where the server block stands among the levels, behind main and http.
pub(super) const SERVER: usize = 2;

/// What stands in a block, without the blocks that are levels of their own.
pub(super) type Level<'a> = Rc<[&'a Line]>;

pub(super) fn level(block: &[Line]) -> Level<'_> {
    let stays = |line: &&Line| line.block.is_none() || matches!(line.name.as_str(), "types" | "limit_except");
    block.iter().filter(stays).collect()
}

/// The blocks in force at one place, outermost first: main, http, server, locations, and the `if` or `limit_except`
/// that took over.
#[derive(Clone, Debug)]
pub struct Scope<'a> {
    pub(super) levels: Vec<Level<'a>>,
    /// Those of the server block known before the Host header is read, and of the address's default server.
    pub(super) early: Vec<Level<'a>>,
    pub(super) hello: Vec<Level<'a>>,
    pub(super) version: Option<Version>,
}

impl<'a> Scope<'a> {
    /// The value of a directive here, with every line that had a say.
    pub fn setting(&self, name: &str) -> Setting {
        let mut setting = Setting::default();
        match name {
            "add_header" | "add_trailer" => fill_inherited_by_rule(&mut setting, &self.levels, name),
            name => {
                let levels = self.deciding(name);
                fill(&mut setting, levels, name);
                // What the named server says in vain, where another one decides.
                if levels.as_ptr() != self.levels.as_ptr() {
                    self.add_overheard(&mut setting, levels, name);
                }
            }
        }
        setting
    }

    /// What holds for a directive that no level declares; see `Row::default`.
    pub fn default(&self, name: &str) -> Option<&'static str> {
        row(name).default(self.version)
    }

    /// The first word of the one value that holds, or of the default; empty where there is neither.
    pub fn word(&self, name: &str) -> String {
        let declared = declarations(self.deciding(name), name).first().map(|line| line.first().to_owned());
        let default = || self.default(name).and_then(|value| value.split(' ').next()).unwrap_or_default().to_owned();
        declared.unwrap_or_else(default)
    }

    /// The lines of a directive that hold here.
    pub(super) fn lines(&self, name: &str) -> Vec<&'a Line> {
        declarations(self.deciding(name), name)
    }

    fn deciding(&self, name: &str) -> &[Level<'a>] {
        match row(name).decider_in(self.version) {
            Decider::Host => &self.levels,
            Decider::Early => &self.early,
            Decider::Hello => &self.hello,
        }
    }

    fn add_overheard(&self, setting: &mut Setting, levels: &[Level<'a>], name: &str) {
        let others = self.levels.iter().filter(|level| !levels.iter().any(|deciding| Rc::ptr_eq(deciding, level)));
        let said = match row(name).decider_in(self.version) {
            Decider::Hello => "the default server of the address decides, before SNI is read",
            _ => "read before the Host header: the server block known by then decides",
        };
        for line in others.flat_map(|level| level.iter().filter(|line| line.name == name)) {
            setting.chain.push(step(line, Effect::Ignored(said)));
        }
    }
}

/// The lines that hold, as the directive's kind says.
pub(super) fn declarations<'a>(levels: &[Level<'a>], name: &str) -> Vec<&'a Line> {
    let names = slot(name);
    let declared = |level: &Level<'a>| -> Vec<&'a Line> {
        level.iter().copied().filter(|line| names.contains(&line.name.as_str())).collect()
    };
    let own = match row(name).kind {
        Kind::Here => levels.last().map(declared).unwrap_or_default(),
        Kind::Own => levels.get(SERVER).map(declared).unwrap_or_default(),
        Kind::Append => levels.iter().flat_map(declared).collect(),
        Kind::One | Kind::List | Kind::Bits => {
            levels.iter().rev().map(declared).find(|lines| !lines.is_empty()).unwrap_or_default()
        }
    };
    own.into_iter().filter(|line| line.name == name).collect()
}

fn fill(setting: &mut Setting, levels: &[Level<'_>], name: &str) {
    let names = slot(name);
    let kind = row(name).kind;
    for (index, level) in levels.iter().enumerate() {
        let reaches = match kind {
            Kind::Here => index + 1 == levels.len(),
            Kind::Own => index == SERVER,
            _ => true,
        };
        let lines: Vec<&Line> = level.iter().copied().filter(|line| names.contains(&line.name.as_str())).collect();
        if !reaches {
            let lines = lines.into_iter().filter(|line| line.name == name);
            setting.chain.extend(lines.map(|line| step(line, Effect::Ignored("it is not inherited"))));
            continue;
        }
        if lines.is_empty() {
            continue;
        }
        if kind != Kind::Append {
            replace(setting);
        }
        let replaced = kind != Kind::Append && !setting.chain.is_empty();
        add_level(setting, &lines, name, kind, replaced);
    }
}

/// Lines of one level; the first takes the place of what stood there, the others join it.
fn add_level(setting: &mut Setting, lines: &[&Line], name: &str, kind: Kind, replaced: bool) {
    for (at, line) in lines.iter().enumerate() {
        let effect = match at {
            0 if replaced => Effect::Replaces,
            0 => Effect::Adds,
            _ if kind == Kind::One && line.name == name => Effect::Ignored("nginx refuses a second one in one block"),
            _ => Effect::Adds,
        };
        let holds = line.name == name && !matches!(effect, Effect::Ignored(_));
        setting.chain.push(step(line, effect));
        if !holds {
            continue;
        }
        match setting.values.first_mut().filter(|_| kind == Kind::Bits) {
            Some(set) => set.extend(line.args.iter().filter(|arg| !set.contains(arg)).cloned().collect::<Vec<_>>()),
            None => setting.values.push(line.args.clone()),
        }
    }
}

fn replace(setting: &mut Setting) {
    setting.values.clear();
    for step in setting.chain.iter_mut().filter(|step| holds(step)) {
        step.effect = Effect::Replaced;
    }
}

/// `add_header`, whose inheritance `add_header_inherit` turns off or into adding (1.29.3).
fn fill_inherited_by_rule(setting: &mut Setting, levels: &[Level<'_>], name: &str) {
    let rule_name = format!("{name}_inherit");
    let mut rule = "on";
    for level in levels {
        if let Some(line) = level.iter().find(|line| line.name == rule_name) {
            rule = line.first();
            setting.chain.push(step(line, Effect::Adds));
        }
        let lines: Vec<&Line> = level.iter().copied().filter(|line| line.name == name).collect();
        if rule == "off" || (rule != "merge" && !lines.is_empty()) {
            replace_but(setting, &rule_name);
        }
        let replaced = setting.chain.iter().any(|step| step.effect == Effect::Replaced);
        add_level(setting, &lines, name, Kind::List, replaced && rule != "merge");
    }
}

fn replace_but(setting: &mut Setting, rule_name: &str) {
    setting.values.clear();
    for step in setting.chain.iter_mut().filter(|step| holds(step) && !step.text.starts_with(rule_name)) {
        step.effect = Effect::Replaced;
    }
}

pub(super) fn step(line: &Line, effect: Effect) -> Step {
    let text = std::iter::once(&line.name).chain(&line.args).cloned().collect::<Vec<_>>().join(" ");
    Step { at: line.at.clone(), text, effect }
}

/// True while no later line has taken its place.
pub(super) fn holds(step: &Step) -> bool {
    matches!(step.effect, Effect::Adds | Effect::Replaces)
}
