//! Correlations of rules and of each other: names resolved, circles refused.

use std::collections::HashMap;

use crate::detect::rules::column::Column;
use crate::detect::rules::correlation::{Correlation, CorrelationIx, Draft, Part, Source};
use crate::detect::rules::error::{Problem, RuleError};
use crate::detect::rules::names::{Known, Names};
use crate::detect::rules::rule::Rule;
use crate::detect::rules::yaml::Bad;

/// Names in a message about a circle.
const MAX_TOLD: usize = 12;

/// The correlations that can be counted, in the order they were read, and why the others cannot.
pub(super) fn resolve(drafts: Vec<Draft>, rules: &[Rule], known: &Names) -> (Vec<Correlation>, Vec<RuleError>) {
    let graph = Graph::new(&drafts, known);
    let order = graph.order();
    let mut state: Vec<State> = drafts.iter().map(|_| State::Waiting).collect();
    let mut errors = Vec::new();
    let mut resolved: Vec<Option<Correlation>> = drafts.iter().map(|_| None).collect();
    for at in order {
        let Some(draft) = drafts.get(at) else { continue };
        let outcome = parts(draft, rules, known, &state);
        if let Some(slot) = state.get_mut(at) {
            *slot = State::of(&outcome);
        }
        match outcome {
            Ok((parts, _)) => {
                if let Some(slot) = resolved.get_mut(at) {
                    *slot = Some(Correlation { parts, ..draft.correlation.clone() });
                }
            }
            Err(bad) => errors.push(told(draft, bad)),
        }
    }
    errors.extend(graph.circles(&drafts, &state));
    (renumber(resolved), errors)
}

fn told(draft: &Draft, (line, problem): Bad) -> RuleError {
    RuleError { file: draft.correlation.file.clone(), line, problem }
}

/// How far a draft has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// For ever, where it is part of a circle or behind one.
    Waiting,
    Good {
        /// Whether it is about records.
        records: bool,
    },
    Bad,
}

impl State {
    fn of(outcome: &Result<(Vec<Part>, bool), Bad>) -> Self {
        match outcome {
            Ok((_, records)) => Self::Good { records: *records },
            Err(_) => Self::Bad,
        }
    }
}

/// The parts of a draft, and whether any of them is about records; correlations among them still by draft.
fn parts(draft: &Draft, rules: &[Rule], known: &Names, state: &[State]) -> Result<(Vec<Part>, bool), Bad> {
    let mut parts: Vec<Part> = Vec::new();
    let mut any = false;
    for (line, name) in &draft.names {
        let unknown = || (*line, Problem::UnknownRule(name.chars().take(80).collect()));
        let (source, records) = match known.get(name).ok_or_else(unknown)? {
            Known::Rule(at) => (Source::Rule(at), rules.get(usize::from(at.0)).is_some_and(|rule| rule.source.records)),
            Known::Correlation(at) => match state.get(at) {
                Some(State::Good { records }) => (Source::Correlation(number(at)?), *records),
                _ => return Err(unknown()),
            },
        };
        any |= records;
        if parts.iter().all(|part| part.source != source) {
            let column = |(line, field): &(u32, String)| column(draft, name, *line, field, records);
            let group_by = draft.group_by.iter().map(column).collect::<Result<_, _>>()?;
            let values = draft.values.iter().map(column).collect::<Result<_, _>>()?;
            parts.push(Part { source, group_by, values });
        }
    }
    Ok((parts, any))
}

fn number(at: usize) -> Result<CorrelationIx, Bad> {
    u16::try_from(at).map(CorrelationIx).map_err(|_| (1, too_many()))
}

pub(super) fn too_many() -> Problem {
    Problem::TooMany { what: "correlations", limit: usize::from(u16::MAX) }
}

/// The column that a field or alias means for one part.
fn column(draft: &Draft, rule: &str, line: u32, field: &str, records: bool) -> Result<Column, Bad> {
    let alias = draft.aliases.iter().find(|(alias, of, _)| alias == field && of == rule);
    let (line, name) = alias.map_or((line, field), |(_, _, (line, name))| (*line, name));
    if records {
        return Ok(Column::Named(name.into()));
    }
    let value = name.chars().take(60).collect();
    Column::of_logs(name).ok_or((line, Problem::Value { value, expected: "field of our logs" }))
}

/// Which drafts wait for which.
struct Graph {
    /// By draft: the correlations it names.
    needs: Vec<Vec<usize>>,
}

impl Graph {
    fn new(drafts: &[Draft], known: &Names) -> Self {
        let need = |name: &String| match known.get(name) {
            Some(Known::Correlation(at)) => Some(at),
            _ => None,
        };
        let needs = drafts.iter().map(|draft| draft.names.iter().filter_map(|(_, name)| need(name)).collect());
        Self { needs: needs.collect() }
    }

    /// Each draft after all that it names (Kahn 1962); those in a circle or behind one are left out.
    fn order(&self) -> Vec<usize> {
        let mut users: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, needs) in self.needs.iter().enumerate() {
            needs.iter().for_each(|need| users.entry(*need).or_default().push(at));
        }
        let mut waits: Vec<usize> = self.needs.iter().map(Vec::len).collect();
        let mut order: Vec<usize> = (0..waits.len()).filter(|at| waits.get(*at) == Some(&0)).collect();
        let mut done = 0;
        while let Some(at) = order.get(done).copied() {
            done += 1;
            for user in users.remove(&at).into_iter().flatten() {
                if let Some(wait) = waits.get_mut(user) {
                    *wait -= 1;
                    if *wait == 0 {
                        order.push(user);
                    }
                }
            }
        }
        order
    }

    /// One error for each draft that waits for ever: the circle it is in, or the name that leads to one.
    fn circles(&self, drafts: &[Draft], state: &[State]) -> Vec<RuleError> {
        let waiting = |at: &usize| state.get(*at) == Some(&State::Waiting);
        // The first name that waits leads on to a circle from every one of them.
        let next = |at: usize| self.needs.get(at).and_then(|needs| needs.iter().copied().find(|need| waiting(need)));
        let mut walk = Walk { seen: vec![0; drafts.len()], circle: vec![false; drafts.len()] };
        (0..drafts.len()).filter(waiting).for_each(|at| walk.from(at, &next));
        let error = |at: usize| {
            let draft = drafts.get(at)?;
            let to = drafts.get(next(at)?)?.correlation.id.clone();
            let name = |(_, name): &&(u32, String)| *name == to || draft_named(drafts, next(at), name);
            let line = draft.names.iter().find(name).map_or(draft.correlation.line, |(line, _)| *line);
            let problem = match walk.circle.get(at) {
                Some(true) => Problem::Cycle(circle(drafts, at, &next)),
                _ => Problem::UnknownRule(to.chars().take(80).collect()),
            };
            Some(told(draft, (line, problem)))
        };
        (0..drafts.len()).filter(waiting).filter_map(error).collect()
    }
}

fn draft_named(drafts: &[Draft], at: Option<usize>, name: &str) -> bool {
    at.and_then(|at| drafts.get(at)).is_some_and(|draft| draft.correlation.name.as_deref() == Some(name))
}

/// Finds the circles of a walk in which each step has one next.
struct Walk {
    /// The walk, from 1, that first came here.
    seen: Vec<usize>,
    circle: Vec<bool>,
}

impl Walk {
    fn from(&mut self, start: usize, next: &impl Fn(usize) -> Option<usize>) {
        let mark = start + 1;
        let mut at = Some(start);
        while let Some(here) = at {
            match self.seen.get_mut(here) {
                Some(seen) if *seen == 0 => *seen = mark,
                Some(seen) if *seen == mark => return self.close(here, next),
                _ => return,
            }
            at = next(here);
        }
    }

    fn close(&mut self, start: usize, next: &impl Fn(usize) -> Option<usize>) {
        let mut at = Some(start);
        while let Some(here) = at {
            match self.circle.get_mut(here) {
                Some(known) if !*known => *known = true,
                _ => return,
            }
            at = next(here);
        }
    }
}

/// `a → b → a`, shortened where it is long.
fn circle(drafts: &[Draft], start: usize, next: &impl Fn(usize) -> Option<usize>) -> String {
    let name = |at: usize| drafts.get(at).map_or("", |draft| draft.correlation.id.as_str());
    let mut told = vec![name(start)];
    let mut at = next(start);
    while let Some(here) = at.filter(|here| *here != start) {
        if told.len() >= MAX_TOLD {
            told.push("…");
            break;
        }
        told.push(name(here));
        at = next(here);
    }
    told.push(name(start));
    told.join(" → ").chars().take(400).collect()
}

/// Those that were resolved, in order; their parts name each other by their new places.
fn renumber(resolved: Vec<Option<Correlation>>) -> Vec<Correlation> {
    let mut places = Vec::new();
    let mut count = 0;
    for slot in &resolved {
        places.push(CorrelationIx(count));
        count = count.saturating_add(u16::from(slot.is_some()));
    }
    let mut all: Vec<Correlation> = resolved.into_iter().flatten().collect();
    for part in all.iter_mut().flat_map(|correlation| &mut correlation.parts) {
        if let Source::Correlation(at) = &mut part.source
            && let Some(place) = places.get(usize::from(at.0))
        {
            *at = *place;
        }
    }
    all
}
