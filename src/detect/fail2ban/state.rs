//! Reads a log line by line with one filter: what fails, who it was, and when.

use std::net::IpAddr;
use std::sync::Arc;

use crate::detect::fail2ban::cache::{Stories, Story};
use crate::detect::fail2ban::date::{Calendar, Finder};
use crate::detect::fail2ban::expand::group;
use crate::detect::fail2ban::filter::Filter;
use crate::detect::fail2ban::pattern::{CostLimit, Found, Pattern};

/// A line without a date of its own has the date of the one before, if that is this fresh (milliseconds).
const FRESH: i64 = 60_000;
/// Fewer patterns to ignore than this below those that match are tried first.
const FEWER: usize = 2;

/// One failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which failregex, from 0.
    pub pattern: usize,
    /// The address in its usual form, the name of a host, or another id; `None` where it is not known yet.
    pub host: Option<String>,
    pub ip: Option<IpAddr>,
    /// Milliseconds since 1970.
    pub time: Option<i64>,
    pub user: Option<String>,
    /// The pattern says that this is no failure (`<F-NOFAIL>`).
    pub harmless: bool,
}

/// What one line brought.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub failures: Vec<Failure>,
    /// An ignoreregex matched.
    pub ignored: bool,
    /// A pattern was given up: whether the line matches is not known.
    pub costly: bool,
}

/// A line cut apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The line without its date.
    pub bare: String,
    pub date: String,
}

/// The state of reading one log.
#[derive(Clone, Debug)]
pub struct Reading {
    filter: Arc<Filter>,
    calendar: Calendar,
    /// Every pattern is tried on every line, as fail2ban-regex does; a jail stops at the first.
    every: bool,
    finder: Finder,
    last: Option<(i64, String)>,
    pub(super) buffer: Vec<Piece>,
    stories: Stories,
}

impl Reading {
    /// As a jail reads.
    pub fn new(filter: Arc<Filter>, calendar: Calendar) -> Self {
        let finder = Finder::new(&filter.dates);
        Self { filter, calendar, every: false, finder, last: None, buffer: Vec::new(), stories: Stories::default() }
    }

    /// As fail2ban-regex reads: all patterns, and failures whose address is not known yet.
    pub fn of_every_pattern(filter: Arc<Filter>, calendar: Calendar) -> Self {
        Self { every: true, ..Self::new(filter, calendar) }
    }

    /// What a date that leaves something out is completed from.
    pub fn at(&mut self, now: jiff::Timestamp) {
        self.calendar.now = now;
    }

    /// Reads one line, without its newline.
    pub fn line(&mut self, line: &str) -> Outcome {
        let mut outcome = Outcome::default();
        let cut = self.cut(line);
        let (piece, date) = cut.unwrap_or_else(|CostLimit| {
            outcome.costly = true;
            (Piece { bare: line.to_owned(), date: String::new() }, None)
        });
        if self.find(piece, date, &mut outcome).is_err() {
            outcome.costly = true;
        }
        outcome
    }

    /// Reads one line whose date is known from elsewhere (the journal), without that date.
    pub fn dated(&mut self, line: &str, millis: i64) -> Outcome {
        let date = millis.to_string();
        self.last = Some((millis, date.clone()));
        let mut outcome = Outcome::default();
        outcome.costly = self.find(Piece { bare: line.to_owned(), date }, Some(millis), &mut outcome).is_err();
        outcome
    }

    fn cut(&mut self, line: &str) -> Result<(Piece, Option<i64>), CostLimit> {
        let now = self.calendar.now.as_millisecond();
        let last = self.last.clone().filter(|(at, _)| *at > now - FRESH);
        let found = self.finder.find(&self.filter.dates, &self.calendar, line)?;
        let mut bare = line.to_owned();
        let mut date = String::new();
        if let Some(found) = &found {
            date = line[found.bytes.clone()].to_owned();
            bare.replace_range(found.bytes.clone(), "");
        }
        match found {
            Some(found) if !found.bytes.is_empty() && found.millis.is_some() => {
                self.last = found.millis.map(|millis| (millis, date.clone()));
                Ok((Piece { bare, date }, found.millis))
            }
            found => {
                let known = last.is_some();
                let (millis, text) = last.map_or((None, date), |(millis, text)| (Some(millis), text));
                let nothing_cut = found.is_some_and(|found| found.bytes.is_empty());
                let bare = if known { line.to_owned() } else { bare };
                Ok((Piece { bare, date: text }, millis.or_else(|| nothing_cut.then_some(now))))
            }
        }
    }

    fn find(&mut self, piece: Piece, date: Option<i64>, outcome: &mut Outcome) -> Result<(), CostLimit> {
        let filter = Arc::clone(&self.filter);
        let several = filter.maxlines > 1;
        if several {
            self.buffer.push(piece);
            let surplus = self.buffer.len().saturating_sub(filter.maxlines);
            self.buffer.drain(..surplus);
        } else {
            self.buffer = vec![piece];
        }
        let whole = self.buffer.clone();
        let mut text = join(&self.buffer);
        let early = !filter.ignoreregex.is_empty() && filter.ignoreregex.len() + FEWER < filter.failregex.len();
        if early && self.ignores(&text, None, outcome)? {
            return Ok(());
        }
        let mut before = Story::default();
        if let Some(pattern) = &filter.prefregex {
            let Some(found) = pattern.search(&text, 0)? else { return Ok(()) };
            before = story(pattern, &found, &text);
            if let Some(content) = before.groups.remove("content").flatten().filter(|content| !content.is_empty()) {
                self.buffer = vec![Piece { bare: content, date: String::new() }];
                text = join(&self.buffer);
            }
        }
        for (number, pattern) in filter.failregex.iter().enumerate() {
            let Some(found) = pattern.search(&text, 0)? else { continue };
            let matched = Matched::of(pattern, &found, &text, &whole);
            if !filter.ignoreregex.is_empty() && self.ignores(&text, Some(&matched), outcome)? {
                text = join(&self.buffer);
                if self.every { continue } else { break }
            }
            let said = story(pattern, &found, &text);
            if !self.every || several {
                self.buffer = matched.rest;
                text = join(&self.buffer);
            }
            if !self.fail(number, &before, said, date, outcome) {
                return Ok(());
            }
            if !self.every {
                break;
            }
        }
        Ok(())
    }

    fn ignores(&mut self, text: &str, matched: Option<&Matched>, outcome: &mut Outcome) -> Result<bool, CostLimit> {
        let several = self.filter.maxlines > 1;
        let lines = matched.filter(|_| several).map(|matched| join(&matched.lines));
        let text = lines.as_deref().unwrap_or(text);
        for pattern in &self.filter.ignoreregex {
            if pattern.search(text, 0)?.is_some() {
                outcome.ignored = true;
                if let (true, Some(matched)) = (!self.every || several, matched) {
                    self.buffer.clone_from(&matched.rest);
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds a failure; false where the line is done with.
    fn fail(&mut self, number: usize, before: &Story, said: Story, date: Option<i64>, outcome: &mut Outcome) -> bool {
        let mut story = before.clone();
        story.groups.extend(said.groups);
        let id = story.get("mlfid").map(str::to_owned);
        let mut forget = false;
        if let Some(id) = &id {
            (story, forget) = self.merge(id, story);
            if story.says("nofail") && !self.every {
                self.remember(id, &story, forget);
                return false;
            }
        }
        let failure = self.failure(number, &story, date);
        if failure.host.is_none() {
            story.pending = true;
        }
        if let Some(id) = &id {
            self.remember(id, &story, forget);
        }
        let waits = failure.host.is_none() && !self.every;
        if !waits {
            outcome.failures.push(failure);
        }
        !waits
    }

    fn remember(&mut self, id: &str, story: &Story, forget: bool) {
        if !forget {
            let now = self.now();
            self.stories.keep(id, now, story.clone());
        }
    }

    /// fail2ban-regex reads a log in no time, whatever its dates say.
    fn now(&self) -> i64 {
        if self.every { 0 } else { self.last.as_ref().map_or(0, |(millis, _)| *millis) }
    }

    /// Joins what a line says with what is known of its connection; true where the connection ends.
    fn merge(&mut self, id: &str, mut said: Story) -> (Story, bool) {
        let gained = said.says("mlfgained");
        if gained && !said.says("nofail") {
            let text = said.groups.get("mlfgained").cloned().flatten();
            said.groups.insert("nofail".to_owned(), text);
        }
        let forget = said.drop("mlfforget");
        let user = said.get("user").filter(|user| !user.is_empty()).map(str::to_owned);
        let known = self.stories.get(id, self.now());
        let counts = known.is_some() || !forget;
        let mut story = match known {
            Some(mut known) => {
                known.drop("nofail");
                known.drop("mlfgained");
                known.pending &= !gained;
                known.groups.extend(said.groups.into_iter().filter(|(_, text)| text.is_some()));
                if forget {
                    self.stories.forget(id);
                }
                known
            }
            None => said,
        };
        if counts {
            story.users.extend(user);
        }
        let pending = std::mem::take(&mut story.pending);
        if pending || (counts && story.users.len() > 1) {
            story.drop("nofail");
            story.drop("mlfgained");
        }
        (story, forget)
    }

    fn failure(&self, pattern: usize, story: &Story, time: Option<i64>) -> Failure {
        let address = story.get("ip4").or_else(|| story.get("ip6"));
        let text = address.or_else(|| story.get("dns"));
        let ip = address.and_then(|text| text.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical());
        let mut host = ip.map(|ip| ip.to_string()).or_else(|| text.map(str::to_owned));
        if let (Some(host), Some(bits)) = (&mut host, story.get("cidr")) {
            *host = format!("{host}/{bits}");
        }
        if let Some(id) = story.get("fid").filter(|id| Some(*id) != text) {
            host = Some(id.to_owned());
        }
        let user = story.get("user").map(str::to_owned);
        Failure { pattern, host, ip, time, user, harmless: story.says("nofail") }
    }
}

/// A match, told in lines of the buffer.
struct Matched {
    lines: Vec<Piece>,
    rest: Vec<Piece>,
}

impl Matched {
    fn of(pattern: &Pattern, found: &Found, text: &str, whole: &[Piece]) -> Self {
        if whole.len() <= 1 {
            return Self { lines: whole.to_vec(), rest: Vec::new() };
        }
        let newlines = |to: usize| text.bytes().take(to).filter(|byte| *byte == b'\n').count();
        let start = text.bytes().take(found.whole.start + 1).rposition_newline().map_or(0, |at| at + 1);
        let after = found.whole.end.saturating_sub(1);
        let end = text.bytes().skip(after).position(|byte| byte == b'\n').map_or(text.len(), |at| after + at + 1);
        let (first, last) = (newlines(start).min(whole.len()), newlines(end).min(whole.len()));
        let mut lines = whole.get(first..last).unwrap_or_default().to_vec();
        let mut rest = whole.get(..first).unwrap_or_default().to_vec();
        let mut from = 0;
        for skipped in skipped(pattern, found, text) {
            if let Some(at) = lines.iter().skip(from).position(|line| line.bare == skipped) {
                rest.push(lines.remove(from + at));
                from += at;
            }
        }
        rest.extend(whole.get(last..).unwrap_or_default().iter().cloned());
        Self { lines, rest }
    }
}

trait LastNewline {
    fn rposition_newline(self) -> Option<usize>;
}

impl<I: Iterator<Item = u8>> LastNewline for I {
    fn rposition_newline(self) -> Option<usize> {
        self.enumerate().filter(|(_, byte)| *byte == b'\n').last().map(|(at, _)| at)
    }
}

fn skipped<'t>(pattern: &Pattern, found: &Found, text: &'t str) -> Vec<&'t str> {
    let groups = pattern.names().iter().zip(&found.groups).filter(|(name, _)| name.starts_with("skiplines"));
    let parts = groups.filter_map(|(_, range)| text.get(range.clone()?));
    parts.flat_map(str::lines).collect()
}

/// The groups of a match; `alt_user_1` stands for `user` where that says nothing.
fn story(pattern: &Pattern, found: &Found, text: &str) -> Story {
    let mut story = Story::default();
    for (name, range) in pattern.names().iter().zip(&found.groups) {
        let part = range.clone().and_then(|range| text.get(range)).map(str::to_owned);
        story.groups.insert(name.clone(), part);
    }
    let mut others: Vec<(&str, &String)> =
        pattern.names().iter().filter_map(|name| Some((name.strip_prefix("alt_")?, name))).collect();
    others.sort_unstable_by_key(|(_, name)| name.as_str());
    for (name, whole) in others {
        let digits = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let name = digits.strip_suffix('_').filter(|_| digits.len() < name.len()).unwrap_or(name);
        let name = group(name).to_owned();
        let text = story.get(whole).filter(|text| !text.is_empty()).map(str::to_owned);
        if let Some(text) = text.filter(|_| !story.says(&name)) {
            story.groups.insert(name, Some(text));
        }
    }
    story
}

fn join(lines: &[Piece]) -> String {
    let mut text: String = lines.iter().flat_map(|line| [line.bare.as_str(), "\n"]).collect();
    if lines.is_empty() {
        text.push('\n');
    }
    text
}
