//! Which rules an event meets, and where in its line.

use std::sync::Arc;

use crate::detect::rules::expr::{Found, Rest};
use crate::detect::rules::field::Field;
use crate::detect::rules::foreign::ForeignScanner;
use crate::detect::rules::memo::{Last, MAX_KEY, Memo};
use crate::detect::rules::prefilter::{Candidates, Group};
use crate::detect::rules::rule::{Rule, RuleIx};
use crate::detect::rules::set::RuleSet;
use crate::detect::rules::verdicts::{MAX_TARGET, Met, Verdict, Verdicts};
use crate::detect::rules::views::{Scratch, View, is_escaped, is_plain, locate, place, text_of};
use crate::model::event::{Event, Request, What};

/// One rule that an event met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    pub rule: RuleIx,
    /// Where the longest evidence stands; [`Field::Line`] where a rule needs no text at all.
    pub field: Field,
    pub view: View,
    /// Bytes from..to of `event.raw`.
    pub span: (u32, u32),
}

/// Scans events; one a thread, keeps its buffers and what it remembers of User-Agents and Referers.
#[derive(Debug)]
pub struct Scanner {
    set: Arc<RuleSet>,
    scratch: Scratch,
    candidates: Candidates,
    /// Those of the target alone.
    near: Candidates,
    /// Those of User-Agent and Referer.
    told: Candidates,
    verdicts: Verdicts,
    /// Hits by tokens, which count only where no other rule says as much.
    late: Vec<Hit>,
    agents: Memo,
    referers: Memo,
    foreign: Option<ForeignScanner>,
    /// By field of [`crate::detect::rules::prefilter::Prefilter::rest`].
    lasts: Vec<Last>,
}

/// Longer texts hardly repeat where they stand.
const MAX_LAST: usize = 64;

impl Scanner {
    /// `seed` is random in service, fixed in tests; verdicts never depend on it.
    pub fn new(rules: Arc<RuleSet>, seed: u64) -> Self {
        let foreign = rules.crs.as_ref().map(|crs| ForeignScanner::new(crs, seed));
        Self {
            foreign,
            lasts: vec![Last::default(); rules.prefilter.rest.fields.len()],
            scratch: Scratch::new(Arc::clone(&rules.gates)),
            set: rules,
            candidates: Candidates::default(),
            near: Candidates::default(),
            told: Candidates::default(),
            late: Vec::new(),
            verdicts: Verdicts::new(seed ^ 0xD1B5_4A32_D192_ED03),
            agents: Memo::new(seed),
            referers: Memo::new(seed ^ 0x9E37_79B9_7F4A_7C15),
        }
    }

    pub fn rules(&self) -> &RuleSet {
        &self.set
    }

    /// Adds the event's hits in the order of the rules; allocates nothing for a line that no rule could match.
    pub fn scan(&mut self, event: &Event<'_>, hits: &mut Vec<Hit>) {
        let before = hits.len();
        self.candidates.clear();
        self.told.clear();
        self.scratch.reset();
        match &event.what {
            What::Request(request) => self.request(request, event, hits),
            What::Named(record) => self.set.records.candidates(record, event.raw, &mut self.candidates),
            _ => self.set.prefilter.other(event, &mut self.scratch, &mut self.candidates),
        }
        if !self.candidates.list.is_empty() {
            self.confirm(before, event, hits);
        }
        for hit in self.late.drain(..) {
            let said = self.set.rule(hit.rule).is_some_and(|rule| is_outweighed(&self.set, rule, hits.get(before..)));
            if !said {
                hits.push(hit);
            }
        }
        if let Some(foreign) = &mut self.foreign {
            foreign.scan(event, hits);
        }
        hits.get_mut(before..).unwrap_or_default().sort_by_key(|hit| hit.rule);
        // Met by its target, and by User-Agent once more.
        let mut last = None;
        let mut at = 0;
        hits.retain(|hit| {
            at += 1;
            at <= before || last.replace(hit.rule) != Some(hit.rule)
        });
    }

    fn request(&mut self, request: &Request<'_>, event: &Event<'_>, hits: &mut Vec<Hit>) {
        let prefilter = &self.set.prefilter;
        prefilter.always_requests.iter().for_each(|rule| self.candidates.add(*rule));
        prefilter.of_status(request.status).for_each(|rule| self.candidates.add(rule));
        let target = text_of(Field::Target, event).unwrap_or(request.target);
        let plain = is_plain(target);
        self.near.clear();
        if plain {
            prefilter.uri.scan(target, &mut self.near);
        }
        if !plain || !self.near.list.is_empty() {
            self.closer(target, plain, event, hits);
        }
        self.recall(event);
    }

    /// A target that is disguised, or holds a literal of a rule: hits by the rules about it alone, candidates by others.
    fn closer(&mut self, target: &[u8], plain: bool, event: &Event<'_>, hits: &mut Vec<Hit>) {
        let Self { set, scratch, candidates, near, verdicts, late, .. } = self;
        let start = place(target, event.raw).filter(|_| target.len() <= MAX_TARGET);
        let Some(start) = start.and_then(|start| u32::try_from(start).ok()) else {
            if !plain {
                set.prefilter.disguised(event, scratch, near);
            }
            return near.list.iter().for_each(|rule| candidates.add(*rule));
        };
        let verdict = verdicts.get(target, is_escaped(event), |verdict| {
            if !plain {
                set.prefilter.disguised(event, scratch, near);
            }
            judge(set, start, event, scratch, &near.list, verdict);
        });
        for met in verdict.into_iter().flat_map(|verdict| &verdict.met) {
            let mut besides = None;
            scratch.aside = set.prefilter.tells_of_agents(met.rule);
            if met.rest.as_ref().is_some_and(|rest| !rest.holds(event, scratch, &mut besides)) {
                continue;
            }
            let place =
                met.place.filter(|(at, _)| besides.is_none_or(|other| at.to - at.from >= other.to - other.from));
            let hit = match place {
                Some((at, (from, to))) => {
                    Hit { rule: met.rule, field: at.field, view: at.view, span: (start + from, start + to) }
                }
                None => hit(met.rule, besides, event),
            };
            match set.rule(met.rule).and_then(|rule| rule.tokens.as_ref()) {
                None => hits.push(hit),
                Some(_) if scratch.aside => late.push(hit),
                Some(_) => candidates.add(met.rule),
            }
        }
        scratch.aside = false;
    }

    fn recall(&mut self, event: &Event<'_>) {
        let Self { set, scratch, candidates, told, agents, referers, lasts, .. } = self;
        let What::Request(request) = &event.what else { return };
        for (field, text, memo, group) in [
            (Field::Agent, request.user_agent, agents, &set.prefilter.agent),
            (Field::Referer, request.referer, referers, &set.prefilter.referer),
        ] {
            if !text.is_empty() && !group.is_empty() {
                remembered(set, field, text, memo, group, event, scratch, told);
            }
        }
        told.list.iter().for_each(|rule| candidates.add(*rule));
        let rest = &set.prefilter.rest;
        for (field, last) in rest.fields.iter().zip(lasts) {
            let short = text_of(*field, event).filter(|text| text.len() <= MAX_LAST);
            let Some(text) = short else {
                rest.scan_field(*field, event, scratch, candidates);
                continue;
            };
            let found = last.get(text, is_escaped(event), |rules| {
                let mut found = Candidates::default();
                rest.scan_field(*field, event, scratch, &mut found);
                rules.append(&mut found.list);
            });
            found.iter().for_each(|rule| candidates.add(*rule));
        }
    }

    /// `before`: hits that were there before the event.
    fn confirm(&mut self, before: usize, event: &Event<'_>, hits: &mut Vec<Hit>) {
        self.candidates.list.sort_unstable();
        let Self { set, scratch, candidates, told, .. } = self;
        let is_aside = |rule: RuleIx| set.prefilter.tells_of_agents(rule) && !told.has(rule);
        let rules = || candidates.list.iter().filter_map(|ix| Some((*ix, set.rule(*ix)?)));
        for (rule_ix, rule) in rules().filter(|(_, rule)| rule.tokens.is_none()) {
            let mut found = None;
            scratch.aside = is_aside(rule_ix);
            if rule.source.admits(event) && rule.test.holds(event, scratch, &mut found) {
                hits.push(hit(rule_ix, found, event));
            }
        }
        // Tokens cost most and say no more than a rule that has spoken.
        for (rule_ix, rule) in rules().filter(|(_, rule)| rule.tokens.is_some()) {
            if is_outweighed(set, rule, hits.get(before..)) {
                continue;
            }
            scratch.aside = is_aside(rule_ix);
            if rule.source.admits(event) && rule.test.holds(event, scratch, &mut None) {
                let found = rule.tokens.as_ref().and_then(|tokens| tokens.find(&rule.test, event, scratch));
                hits.extend(found.map(|found| hit(rule_ix, Some(found), event)));
            }
        }
    }

    /// The verdict without the prefilter: every rule confirmed.
    #[cfg(test)]
    fn scan_all(&mut self, event: &Event<'_>, hits: &mut Vec<Hit>) {
        self.candidates.clear();
        let gated = std::mem::take(&mut self.scratch);
        (0..self.set.rules().len()).for_each(|at| self.told.add(RuleIx(u16::try_from(at).unwrap())));
        self.scratch.reset();
        (0..self.set.rules().len()).for_each(|at| self.candidates.add(RuleIx(u16::try_from(at).unwrap())));
        self.confirm(hits.len(), event, hits);
        self.scratch = gated;
        hits.sort_unstable_by_key(|hit| hit.rule);
    }
}

/// Whether a hit says as much as `rule` would.
fn is_outweighed(set: &RuleSet, rule: &Rule, hits: Option<&[Hit]>) -> bool {
    let mut said = hits.unwrap_or_default().iter().filter_map(|hit| set.rule(hit.rule));
    said.any(|other| other.outweighs(rule))
}

fn hit(rule: RuleIx, found: Option<Found>, event: &Event<'_>) -> Hit {
    match found {
        Some(at) => {
            let span = locate(event, at.field, at.view, at.from, at.to);
            Hit { rule, field: at.field, view: at.view, span }
        }
        None => Hit { rule, field: Field::Line, view: View::Raw, span: whole(event) },
    }
}

/// Writes what the candidates say of a target.
fn judge(
    set: &RuleSet,
    start: u32,
    event: &Event<'_>,
    scratch: &mut Scratch,
    candidates: &[RuleIx],
    verdict: &mut Verdict,
) {
    for rule_ix in candidates {
        let Some(rule) = set.rule(*rule_ix).filter(|rule| rule.source.admits(event)) else { continue };
        scratch.aside = set.prefilter.tells_of_agents(*rule_ix);
        let mut found = None;
        let rest = match rule.test.rest(event, scratch, &mut found) {
            Rest::Decided(false) => continue,
            Rest::Decided(true) => None,
            Rest::Open(rest) => Some(rest),
        };
        if let (Some(tokens), true) = (&rule.tokens, scratch.aside) {
            found = tokens.find_in(Field::Target, &rule.test, event, scratch);
            if found.is_none() {
                continue;
            }
        }
        let place = found.map(|at| {
            let (from, to) = locate(event, at.field, at.view, at.from, at.to);
            (at, (from.saturating_sub(start), to.saturating_sub(start)))
        });
        verdict.met.push(Met { rule: *rule_ix, rest, place });
    }
    scratch.aside = false;
}

#[allow(clippy::too_many_arguments, reason = "the parts of one scanner, borrowed apart")]
fn remembered(
    set: &RuleSet,
    field: Field,
    text: &[u8],
    memo: &mut Memo,
    group: &Group,
    event: &Event<'_>,
    scratch: &mut Scratch,
    candidates: &mut Candidates,
) {
    if text.len() > MAX_KEY {
        return group.scan_views(scratch.views(field, event), candidates);
    }
    let rules = memo.get(text, is_escaped(event), |rules| {
        let mut found = Candidates::default();
        group.scan_views(scratch.views(field, event), &mut found);
        scratch.aside = false;
        found.list.retain(|rule| {
            let Some(rule) = set.rule(*rule) else { return false };
            match &rule.tokens {
                None => rule.test.speaks(field, event, scratch),
                Some(tokens) => tokens.find_in(field, &rule.test, event, scratch).is_some(),
            }
        });
        rules.append(&mut found.list);
    });
    rules.iter().for_each(|rule| candidates.add(*rule));
}

fn whole(event: &Event<'_>) -> (u32, u32) {
    (0, u32::try_from(event.raw.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::detect::rules::set::RuleText;
    use crate::model::event::At;
    use crate::model::time::Millis;

    fn event<'a>(raw: &'a [u8], target: std::ops::Range<usize>, agent: std::ops::Range<usize>) -> Event<'a> {
        let request = Request {
            method: b"GET",
            target: &raw[target],
            protocol: b"HTTP/1.1",
            status: 200,
            user_agent: &raw[agent],
            escaped: true,
            ..Request::default()
        };
        let at = At::default();
        Event { now: Millis(0), stamp: None, at, client: None, site: b"", raw, what: What::Request(request) }
    }

    fn scanner() -> Scanner {
        static PACK: LazyLock<Arc<RuleSet>> = LazyLock::new(|| Arc::new(RuleSet::embedded().unwrap()));
        Scanner::new(Arc::clone(&PACK), 1)
    }

    fn span_of(raw: &str, target: &str) -> (String, View) {
        let from = raw.find(target).unwrap();
        let event = event(raw.as_bytes(), from..from + target.len(), 0..0);
        let mut hits = Vec::new();
        scanner().scan(&event, &mut hits);
        let hit = hits.first().expect("a hit");
        (raw[hit.span.0 as usize..hit.span.1 as usize].to_owned(), hit.view)
    }

    #[test]
    fn spans_point_into_the_line_as_it_was_read() {
        let jndi = |target: &str| span_of(&format!("h \"GET {target} HTTP/1.1\" 200"), target);
        assert_eq!(jndi("/?a=${jndi:ldap:}"), ("${jndi:ldap:".to_owned(), View::Raw));
        assert_eq!(jndi("/?a=%24%7bjndi%3aldap:}"), ("%24%7bjndi%3aldap:".to_owned(), View::Once));
        assert_eq!(jndi("/?a=%2524%257bjndi:ldap:"), ("%2524%257bjndi:ldap:".to_owned(), View::Twice));
        assert_eq!(jndi("/?a=\\x24\\x7bjndi:ldap:"), ("\\x24\\x7bjndi:ldap:".to_owned(), View::Raw));
    }

    #[test]
    fn agents_are_remembered_without_changing_verdicts() {
        let raw = b"/ ${jndi:ldap:} Mozilla/5.0";
        let mut scanner = scanner();
        for _ in 0..3 {
            let (mut bad, mut good) = (Vec::new(), Vec::new());
            scanner.scan(&event(raw, 0..1, 2..15), &mut bad);
            scanner.scan(&event(raw, 0..1, 16..27), &mut good);
            assert_eq!((bad.len(), good.len()), (1, 0));
        }
    }

    #[test]
    fn broken_rules_are_told_and_the_rest_works() {
        let good = "title: t\nname: ok\nlogsource: {category: webserver}\ndetection: {s: {cs-uri|contains: xyzzy}, condition: s}\n";
        let bad = "title: t\nname: bad\nlogsource: {category: webserver}\ndetection:\n  s:\n    cs-uri|contians: x\n  condition: s\n";
        let texts = [RuleText { file: "bad.yml", text: bad }, RuleText { file: "ok.yml", text: good }];
        let (set, errors) = RuleSet::load(&texts);
        assert_eq!(set.rules().len(), 1);
        let told = errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(told, ["bad.yml:6: unknown modifier `contians`; did you mean `contains`?"]);
    }

    /// Pieces of attacks, of encodings and of ordinary requests, in any order.
    fn hostile_text() -> impl Strategy<Value = String> {
        let pieces = [
            "/",
            "..",
            "%2e",
            "%252e",
            "\\x5c",
            "\\\"",
            "etc/passwd",
            "etc//passwd",
            "%00",
            "%c0%ae",
            "?q=",
            "&a=",
            "+",
            "%2b",
            "union select 1",
            "<script>alert(1)",
            "${jndi:ldap:",
            "%24%7bjndi",
            "' or '1'='1",
            "sleep(5)",
            ".env",
            ".git/config",
            "php://input",
            "; cat ",
            "wp-login.php",
            "sqlmap/1.7",
            "nikto",
            "%u002e",
            "é",
            "%ff",
            "index.html",
            "//",
            "/./",
        ];
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn the_prefilter_never_hides_a_hit(target in hostile_text(), agent in hostile_text()) {
            let raw = format!("{target} {agent}");
            let first = event(raw.as_bytes(), 0..target.len(), target.len() + 1..raw.len());
            let mut scanner = scanner();
            let (mut with, mut without) = (Vec::new(), Vec::new());
            scanner.scan(&first, &mut with);
            scanner.scan_all(&first, &mut without);
            prop_assert_eq!(&with, &without);
            // The same target again, elsewhere in another line, and remembered.
            let longer = format!("GET {raw}");
            let moved = event(longer.as_bytes(), 4..4 + target.len(), 5 + target.len()..longer.len());
            let mut again = Vec::new();
            scanner.scan(&moved, &mut again);
            without.clear();
            scanner.scan_all(&moved, &mut without);
            prop_assert_eq!(again, without);
        }

        #[test]
        fn any_bytes_are_taken_and_spans_stay_inside(raw in prop::collection::vec(any::<u8>(), 0..300), cut in 0usize..300) {
            let cut = cut.min(raw.len());
            let mut hits = Vec::new();
            scanner().scan(&event(&raw, 0..cut, cut..raw.len()), &mut hits);
            for hit in hits {
                prop_assert!(hit.span.0 <= hit.span.1 && hit.span.1 as usize <= raw.len());
            }
        }
    }
}
