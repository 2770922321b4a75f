//! mod_headers: its two tables, `always` and `onsuccess`, which never see each other's fields; both are sent.

use crate::effective::apache::block::Line;
use crate::effective::apache::expr::{self, Known};
use crate::effective::apache::pattern::Pattern;
use crate::effective::apache::{Config, Effective};
use crate::model::Spot;

/// A field that `Header` puts into an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderLine {
    /// As written.
    pub name: String,
    /// As sent, or as written where `computed`.
    pub value: String,
    /// The value holds what only a request decides.
    pub computed: bool,
    /// Of the table that errors get as well.
    pub always: bool,
    /// It is sent only where this holds (`env=…`, `expr=…`).
    pub condition: Option<String>,
    /// The lines that made it, first to last.
    pub by: Vec<Spot>,
}

/// What `Header` does beyond adding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderEffects {
    pub lines: Vec<HeaderLine>,
    /// Fields taken from an application's or the server's own answer, with the line and the condition.
    pub removed: Vec<(String, Spot, Option<String>)>,
}

impl Effective<'_> {
    /// What an answer that succeeds gets.
    pub fn headers(&self) -> HeaderEffects {
        run(&self.config, &self.known, true)
    }

    /// What an error or redirect of the server itself gets.
    pub fn headers_of_errors(&self) -> HeaderEffects {
        run(&self.config, &self.known, false)
    }
}

/// `full`: both tables; else what errors get.
pub(super) fn run(config: &Config, known: &Known, full: bool) -> HeaderEffects {
    let mut tables = Tables { known, effects: HeaderEffects::default() };
    let lines = |config: &Config| -> Vec<Written> {
        let lines = config.blocks().flat_map(|block| &block.lines).filter(|line| line.key == "header");
        lines.filter_map(Written::read).collect()
    };
    let early = config.groups.iter().take(1).flatten().flat_map(|block| &block.lines);
    let early: Vec<Written> = early.filter(|line| line.key == "header").filter_map(Written::read).collect();
    let late = lines(config);
    for (lines, when) in [(&early, true), (&late, false)] {
        for always in [true, false] {
            let wanted = |line: &&Written| line.early == when && line.always == always && (always || full);
            lines.iter().filter(wanted).for_each(|line| tables.apply(line));
        }
    }
    tables.effects
}

struct Tables<'k> {
    known: &'k Known,
    effects: HeaderEffects,
}

/// One `Header` line.
struct Written {
    always: bool,
    action: String,
    name: String,
    value: String,
    replacement: String,
    early: bool,
    condition: Option<Condition>,
    at: Spot,
}

enum Condition {
    Environment(String),
    Expression(String),
}

impl Written {
    fn read(line: &Line) -> Option<Self> {
        let mut words: Vec<&str> = line.args.iter().map(String::as_str).collect();
        let first = words.first()?.to_ascii_lowercase();
        let always = first == "always";
        if always || first == "onsuccess" {
            words.remove(0);
        }
        let mut rest = words.into_iter();
        let (action, name) = (rest.next()?.to_ascii_lowercase(), rest.next()?.trim_end_matches(':').to_owned());
        let mut rest: Vec<&str> = rest.collect();
        let takes = match action.as_str() {
            "unset" | "echo" => 0,
            "edit" | "edit*" => 2,
            _ => 1,
        };
        let last = rest.get(takes).copied();
        rest.truncate(takes);
        let condition = last.and_then(|last| match last.split_once('=') {
            Some((kind, name)) if kind.eq_ignore_ascii_case("env") => Some(Condition::Environment(name.to_owned())),
            Some((kind, text)) if kind.eq_ignore_ascii_case("expr") => Some(Condition::Expression(text.to_owned())),
            _ => None,
        });
        Some(Self {
            always,
            action,
            name,
            value: rest.first().copied().unwrap_or_default().to_owned(),
            replacement: rest.get(1).copied().unwrap_or_default().to_owned(),
            early: last.is_some_and(|last| last.eq_ignore_ascii_case("early")),
            condition,
            at: line.at.clone(),
        })
    }
}

impl Tables<'_> {
    fn apply(&mut self, line: &Written) {
        let condition = match &line.condition {
            None => None,
            Some(Condition::Environment(name)) => Some(format!("env={name}")),
            Some(Condition::Expression(text)) => match expr::holds(text, self.known) {
                Some(true) => None,
                Some(false) => return,
                None => Some(format!("expr={text}")),
            },
        };
        let there = self.held(line);
        match line.action.as_str() {
            "set" => self.set(line, condition),
            "add" => self.add(line, condition, Vec::new()),
            "setifempty" if there.is_empty() => self.add(line, condition, Vec::new()),
            "append" | "merge" => self.append(line, condition),
            "unset" => self.unset(line, condition),
            "edit" | "edit*" => self.edit(line, condition),
            "echo" => self.add(line, Some("the request has it".into()), Vec::new()),
            _ => {}
        }
    }

    /// Places of fields of the line's name in its table.
    fn held(&self, line: &Written) -> Vec<usize> {
        let same = |held: &HeaderLine| held.always == line.always && held.name.eq_ignore_ascii_case(&line.name);
        let held = self.effects.lines.iter().enumerate().filter(|(_, held)| same(held));
        held.map(|(at, _)| at).collect()
    }

    fn set(&mut self, line: &Written, condition: Option<String>) {
        let mut by = Vec::new();
        if condition.is_none() {
            for at in self.held(line).into_iter().rev() {
                by = self.effects.lines.remove(at).by;
            }
        }
        self.add(line, condition, by);
    }

    fn add(&mut self, line: &Written, condition: Option<String>, mut by: Vec<Spot>) {
        by.push(line.at.clone());
        let (value, computed) = formatted(&line.value);
        let name = line.name.clone();
        self.effects.lines.push(HeaderLine { name, value, computed, always: line.always, condition, by });
    }

    fn append(&mut self, line: &Written, condition: Option<String>) {
        let held = self.held(line);
        let (Some(first), None) = (held.first().copied(), &condition) else {
            return self.add(line, condition, Vec::new());
        };
        let (value, computed) = formatted(&line.value);
        // Only the first field of a name is looked at.
        let Some(field) = self.effects.lines.get_mut(first) else { return };
        field.by.push(line.at.clone());
        let named = field.value.split(',').any(|part| part.trim() == value);
        if line.action == "append" || !named {
            field.value = format!("{}, {value}", field.value);
            field.computed |= computed;
        }
    }

    fn unset(&mut self, line: &Written, condition: Option<String>) {
        for at in self.held(line).into_iter().rev() {
            if condition.is_none() {
                self.effects.lines.remove(at);
            } else if let Some(field) = self.effects.lines.get_mut(at) {
                field.condition = Some(format!("not {}", condition.as_deref().unwrap_or_default()));
            }
        }
        self.effects.removed.push((line.name.clone(), line.at.clone(), condition));
    }

    fn edit(&mut self, line: &Written, condition: Option<String>) {
        let pattern = Pattern::new(line.value.as_str());
        let every = line.action == "edit*";
        for at in self.held(line) {
            let Some(field) = self.effects.lines.get_mut(at) else { continue };
            let (with, computed) = formatted(&line.replacement);
            match pattern.replace(&field.value, &with, every).filter(|_| condition.is_none() && !computed) {
                Some(value) => field.value = value,
                None => field.computed = true,
            }
            field.by.push(line.at.clone());
        }
    }
}

/// `%%` is a percent sign; every other sign after `%` is of the request.
fn formatted(value: &str) -> (String, bool) {
    if value.starts_with("expr=") {
        return (value.to_owned(), true);
    }
    let plain = value.replace("%%", "");
    if plain.contains('%') { (value.to_owned(), true) } else { (value.replace("%%", "%"), false) }
}
