//! The sections open at a point of the configuration.

use crate::formats::apache::evaluate::conditions::Condition;
use crate::formats::apache::evaluate::effective::{Effective, Problem};
use crate::formats::apache::evaluate::input::ReadLine;
use crate::model::Spot;

pub enum Open {
    Section(Effective),
    /// A condition that holds: it leaves nothing but what it holds.
    Condition(Condition, Spot),
}

/// The open ones, outermost first, and what stands outside any.
#[derive(Default)]
pub struct Sections {
    open: Vec<Open>,
    done: Vec<Effective>,
}

impl Sections {
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    pub fn open(&mut self, section: Open) {
        self.open.push(section);
    }

    pub fn add(&mut self, directive: Effective) {
        let section = self.open.iter_mut().rev().find_map(|open| match open {
            Open::Section(section) => Some(section),
            Open::Condition(..) => None,
        });
        match section {
            Some(section) => section.children.get_or_insert_default().push(directive),
            None => self.done.push(directive),
        }
    }

    /// True where a line is the end of the innermost condition: it must be written without a space.
    pub fn ends_condition(&mut self, text: &str, floor: usize) -> bool {
        let Some(Open::Condition(condition, _)) = self.open.get(floor..).and_then(<[Open]>::last) else { return false };
        let name = text.strip_prefix("</").and_then(|rest| rest.strip_suffix('>'));
        let ends = name.is_some_and(|name| name.eq_ignore_ascii_case(condition.name()));
        if ends {
            self.open.pop();
        }
        ends
    }

    /// `</name>`: closes the innermost section, or an outer one of this name if those within were forgotten.
    pub fn close(&mut self, name: &str, floor: usize, line: &ReadLine) -> Result<(), Problem> {
        let innermost = self.open.get(floor..).unwrap_or_default();
        let sections = innermost.iter().rev().map_while(|open| match open {
            Open::Section(section) => Some(section),
            Open::Condition(..) => None,
        });
        let inner: Vec<&Effective> = sections.take_while(|section| !section.is(name)).collect();
        let found = innermost.iter().rev().nth(inner.len());
        if !matches!(found, Some(Open::Section(section)) if section.is(name)) {
            return Err(problem(line, format!("</{name}> without matching <{name}> section")));
        }
        let expected = inner.first().map(|section| section.name.clone());
        for _ in 0..=inner.len() {
            self.end();
        }
        expected.map_or(Ok(()), |expected| Err(problem(line, format!("expected </{expected}> but saw </{name}>"))))
    }

    /// A file ended: whatever it left open ends with it.
    pub fn close_all(&mut self, floor: usize) -> Vec<Problem> {
        let mut problems = Vec::new();
        while self.open.len() > floor {
            if let Some((name, at)) = self.end() {
                problems.push(Problem { at, text: format!("<{name}> is never closed; add </{name}>") });
            }
        }
        problems
    }

    pub fn finish(mut self) -> Vec<Effective> {
        self.close_all(0);
        self.done
    }

    fn end(&mut self) -> Option<(String, Spot)> {
        match self.open.pop()? {
            Open::Section(section) => {
                let told = (section.name.clone(), section.at.clone());
                self.add(section);
                Some(told)
            }
            Open::Condition(condition, at) => Some((condition.name().to_owned(), at)),
        }
    }
}

pub fn problem(line: &ReadLine, text: String) -> Problem {
    Problem { at: line.spot(), text }
}
