//! Finds the date of a line among several ways to write it, as fail2ban does: what was found last is tried first, and
//! ways that hit often move to the front.

use std::ops::Range;

use crate::detect::fail2ban::date::stamp::Calendar;
use crate::detect::fail2ban::date::template::Template;
use crate::detect::fail2ban::pattern::{CostLimit, Found};
use crate::detect::fail2ban::python::PatternError;

/// fail2ban's own ways, in its order (jail.conf(5), "Default Detectors").
const DEFAULTS: [&str; 17] = [
    r"%ExY(?P<_sep>[-/.])%m(?P=_sep)%d(?:T|  ?)%H:%M:%S(?:[.,]%f)?(?:\s*%z)?",
    r"(?:%a )?%b %d %k:%M:%S(?:\.%f)?(?: %ExY)?",
    r"(?:%a )?%b %d %ExY %k:%M:%S(?:\.%f)?",
    r"%d(?P<_sep>[-/])%m(?P=_sep)(?:%ExY|%Exy) %k:%M:%S",
    r"%d(?P<_sep>[-/])%b(?P=_sep)%ExY[ :]?%H:%M:%S(?:\.%f)?(?: %z)?",
    r"%m/%d/%ExY:%H:%M:%S",
    r"%m-%d-%ExY %k:%M:%S(?:\.%f)?",
    r"EPOCH",
    r"{^LN-BEG}%H:%M:%S",
    r"^<%m/%d/%Exy@%H:%M:%S>",
    r"%Exy%Exm%Exd  ?%H:%M:%S",
    r"%b %d, %ExY %I:%M:%S %p",
    r"^%b-%d-%Exy %k:%M:%S",
    r"%ExY%Exm%Exd(?:T|  ?)%ExH%ExM%ExS(?:[.,]%f)?(?:\s*%z)?",
    r"(?:%Z )?(?:%a )?%b %d %k:%M:%S(?:\.%f)?(?: %ExY)?",
    r"(?:%z )?(?:%a )?%b %d %k:%M:%S(?:\.%f)?(?: %ExY)?",
    r"TAI64N",
];
/// Ways bound to the begin of the line weigh this much more.
const ANCHORED: f64 = 100.0;
const NEVER: usize = 0x7fff_ffff;

/// The ways that a filter looks for dates.
#[derive(Debug)]
pub struct Dates {
    templates: Vec<Template>,
}

/// Where a date stands, and its time in milliseconds where it is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Where {
    pub bytes: Range<usize>,
    pub millis: Option<i64>,
}

impl Dates {
    /// From `datepattern`, one way a line; all of fail2ban's own where it is empty.
    ///
    /// # Errors
    /// Where a pattern cannot be compiled.
    pub fn new(patterns: &str, year: i16) -> Result<Self, PatternError> {
        let mut dates = Self { templates: Vec::new() };
        for pattern in patterns.split('\n').map(str::trim).filter(|pattern| !pattern.is_empty()) {
            let key = if pattern.contains('%') { pattern.to_owned() } else { pattern.to_uppercase() };
            match key.as_str() {
                "{^LN-BEG}" => dates.defaults(year, true)?,
                "{DEFAULT}" => dates.defaults(year, false)?,
                "{NONE}" => dates.add(Template::new("{UNB}^", year)?),
                _ if key.contains("{DATE}") => dates.inside(pattern, &key, year)?,
                _ => dates.add(Template::new(pattern, year)?),
            }
        }
        if dates.templates.is_empty() {
            dates.defaults(year, false)?;
        }
        Ok(dates)
    }

    fn add(&mut self, template: Template) {
        if !self.templates.iter().any(|known| known.name == template.name) {
            self.templates.push(template);
        }
    }

    fn defaults(&mut self, year: i16, line_begin: bool) -> Result<(), PatternError> {
        let free = DEFAULTS.iter().filter(|pattern| !pattern.starts_with(['{', '^']));
        for pattern in free {
            let mut template = Template::new(&format!("{{^LN-BEG}}{pattern}"), year)?;
            template.weight = ANCHORED;
            self.add(template);
        }
        for pattern in DEFAULTS {
            let template = Template::new(pattern, year)?;
            if template.line_begin || !line_begin {
                self.add(template);
            }
        }
        Ok(())
    }

    /// `{DATE}` stands for each of the defaults in turn.
    fn inside(&mut self, pattern: &str, key: &str, year: i16) -> Result<(), PatternError> {
        let at = key.find("{DATE}").unwrap_or_default();
        for default in DEFAULTS {
            let bare = default.strip_prefix("{^LN-BEG}").unwrap_or(default);
            let bare = match bare {
                "EPOCH" => "Epoch",
                other => other,
            };
            let (before, after) = (pattern.get(..at).unwrap_or_default(), pattern.get(at + 6..).unwrap_or_default());
            self.add(Template::new(&format!("{before}{bare}{after}"), year)?);
        }
        Ok(())
    }
}

/// How a way did so far.
#[derive(Clone, Copy, Debug)]
struct Slot {
    template: usize,
    hits: u32,
    /// Matches, counting those that lost to a better one.
    tried: u32,
    distance: usize,
}

impl Slot {
    fn weight(&self, dates: &Dates) -> f64 {
        let weight = dates.templates.get(self.template).map_or(1.0, |template| template.weight);
        f64::from(self.hits) * weight / self.distance.max(1) as f64
    }
}

/// Position and neighbours of the last date, in characters.
#[derive(Clone, Copy, Debug)]
struct Last {
    slot: usize,
    start: usize,
    end: usize,
    before: Option<char>,
    first: Option<char>,
    last: Option<char>,
    after: Option<char>,
}

/// Remembers which ways hit; one for every log that is read.
#[derive(Clone, Debug)]
pub struct Finder {
    slots: Vec<Slot>,
    last: Last,
    first_unused: usize,
}

struct Candidate {
    found: Found,
    start: usize,
    end: usize,
    slot: usize,
}

impl Finder {
    pub fn new(dates: &Dates) -> Self {
        let slots = (0..dates.templates.len()).map(|template| Slot { template, hits: 0, tried: 0, distance: NEVER });
        let (before, first, last, after) = (None, None, None, None);
        let last = Last { slot: NEVER, start: 1, end: NEVER, before, first, last, after };
        Self { slots: slots.collect(), last, first_unused: 0 }
    }

    /// The date of a line.
    ///
    /// # Errors
    /// [`CostLimit`] where a pattern was given up.
    pub fn find(&mut self, dates: &Dates, calendar: &Calendar, line: &str) -> Result<Option<Where>, CostLimit> {
        let text = Text { line, ascii: line.is_ascii() };
        let mut reserve: Option<Candidate> = None;
        let mut skip = NEVER;
        if let Some(winner) = self.again(dates, &text, &mut reserve, &mut skip)? {
            return Ok(Some(self.won(dates, calendar, &text, winner)));
        }
        let winner = self.search(dates, &text, reserve, skip)?;
        Ok(winner.map(|winner| self.won(dates, calendar, &text, winner)))
    }

    /// The way that hit last, at the same place where its neighbours look the same.
    fn again(
        &mut self,
        dates: &Dates,
        text: &Text<'_>,
        reserve: &mut Option<Candidate>,
        skip: &mut usize,
    ) -> Result<Option<Candidate>, CostLimit> {
        let last = self.last;
        let Some(slot) = self.slots.get(last.slot) else { return Ok(None) };
        let Some(template) = dates.templates.get(slot.template) else { return Ok(None) };
        let bound = template.bound;
        let candidate = if !bound && self.looks_the_same(text) {
            let to = text.byte(last.end).unwrap_or(text.line.len());
            let from = text.byte(last.start).unwrap_or(text.line.len()).min(to);
            self.matches(dates, last.slot, &Text { line: &text.line[..to], ascii: text.ascii }, from)?
        } else {
            *skip = last.slot;
            self.matches(dates, last.slot, text, 0)?
        };
        let Some(candidate) = candidate else { return Ok(None) };
        let same = candidate.start == last.start && candidate.end == last.end;
        if self.slots.len() == 1 || bound || same {
            return Ok(Some(candidate));
        }
        *reserve = Some(candidate);
        Ok(None)
    }

    fn looks_the_same(&self, text: &Text<'_>) -> bool {
        let last = self.last;
        let sign = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let before = if last.start == 0 { None } else { text.at(last.start - 1) };
        let left = before == last.before || (text.at(last.start) == last.first && sign(last.first));
        let inner = if last.end == 0 { None } else { text.at(last.end - 1) };
        left && (text.at(last.end) == last.after || (inner == last.last && sign(last.last)))
    }

    fn search(
        &mut self,
        dates: &Dates,
        text: &Text<'_>,
        mut reserve: Option<Candidate>,
        skip: usize,
    ) -> Result<Option<Candidate>, CostLimit> {
        for slot in 0..self.slots.len() {
            if slot == skip {
                continue;
            }
            let Some(candidate) = self.matches(dates, slot, text, 0)? else { continue };
            let here = self.slots[slot];
            let bound = dates.templates.get(here.template).is_some_and(|template| template.bound);
            let next = self.slots.get(slot + 1);
            let Some(next) = next.filter(|_| !bound) else { return Ok(Some(candidate)) };
            if candidate.start == 0 && here.hits > 0 && next.tried == 0 {
                return Ok(Some(candidate));
            }
            // Found farther in than before: perhaps inside the message, so the nearest of all counts.
            if candidate.start > here.distance || candidate.start > self.last.start {
                let nearest = reserve.as_ref().map_or(NEVER, |reserve| reserve.start);
                if candidate.start < nearest {
                    reserve = Some(candidate);
                }
                continue;
            }
            return Ok(Some(candidate));
        }
        Ok(reserve)
    }

    fn matches(
        &mut self,
        dates: &Dates,
        slot: usize,
        text: &Text<'_>,
        from: usize,
    ) -> Result<Option<Candidate>, CostLimit> {
        let Some(state) = self.slots.get_mut(slot) else { return Ok(None) };
        let Some(template) = dates.templates.get(state.template) else { return Ok(None) };
        let Some(found) = template.pattern.search(text.line, from)? else { return Ok(None) };
        state.tried = state.tried.saturating_add(1);
        let (start, end) = (text.chars(found.whole.start), text.chars(found.whole.end));
        Ok(Some(Candidate { found, start, end, slot }))
    }

    fn won(&mut self, dates: &Dates, calendar: &Calendar, text: &Text<'_>, winner: Candidate) -> Where {
        let Candidate { found, start, end, mut slot } = winner;
        let state = &mut self.slots[slot];
        state.hits = state.hits.saturating_add(1);
        state.distance = start;
        let template = state.template;
        self.first_unused += usize::from(self.first_unused == slot);
        let known = self.last.slot;
        if slot > 0 && slot != known {
            slot = self.bubble(dates, slot);
        }
        let before = if start == 0 { None } else { text.at(start - 1) };
        let last = if end == 0 { text.line.chars().last() } else { text.at(end - 1) };
        self.last = Last { slot, start, end, before, first: text.at(start), last, after: text.at(end) };
        let template = &dates.templates[template];
        let bytes = found.groups.get(template.cut).cloned().flatten().unwrap_or(found.whole.clone());
        let millis = if bytes.is_empty() { None } else { calendar.read(text.line, &found, template) };
        Where { bytes, millis }
    }

    /// Moves a way to the front where it hits more than what stands there; where it stands then.
    fn bubble(&mut self, dates: &Dates, slot: usize) -> usize {
        let weight = self.slots[slot].weight(dates);
        let moveable = |slots: &[Slot], to: usize| weight > slots[to].weight(dates) || slots[to].hits == 0;
        let mut to = if self.first_unused < slot { self.first_unused } else { slot / 2 };
        if !moveable(&self.slots, to) {
            if to == slot - 1 {
                return slot;
            }
            to = slot - 1;
            if !moveable(&self.slots, to) {
                return slot;
            }
        }
        let moved = self.slots.remove(slot);
        self.slots.insert(to, moved);
        while self.slots.get(self.first_unused).is_some_and(|slot| slot.hits > 0) {
            self.first_unused += 1;
        }
        to
    }
}

/// A line addressed by characters.
struct Text<'l> {
    line: &'l str,
    ascii: bool,
}

impl Text<'_> {
    fn chars(&self, byte: usize) -> usize {
        if self.ascii { byte } else { self.line[..byte].chars().count() }
    }

    fn byte(&self, at: usize) -> Option<usize> {
        if self.ascii {
            return (at < self.line.len()).then_some(at);
        }
        self.line.char_indices().nth(at).map(|(byte, _)| byte)
    }

    fn at(&self, at: usize) -> Option<char> {
        if self.ascii { self.line.as_bytes().get(at).map(|byte| char::from(*byte)) } else { self.line.chars().nth(at) }
    }
}
