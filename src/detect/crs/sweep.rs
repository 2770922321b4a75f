//! Tries rules on events; one a thread, keeps its buffers and what it remembers of what repeats.

use std::sync::Arc;

use crate::detect::crs::Crs;
use crate::detect::crs::moment::Moment;
use crate::detect::crs::operator::may_be_sqli;
use crate::detect::crs::prefilter::RuleIx;
use crate::detect::crs::rule::Rule;
use crate::detect::crs::target::{OF_ARGUMENTS, OF_TARGET, Source, Sources};
use crate::detect::crs::transform::Signs;
use crate::detect::crs::values::{Buffers, Values};
use crate::detect::rules::memo::{MAX_KEY, Memo};
use crate::detect::rules::{Field, RuleIx as Remembered};
use crate::model::event::{Event, Request, What};

/// A rule that an event met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    /// Its number in [`Crs::rules`].
    pub rule: usize,
    pub field: Field,
    /// Bytes from..to of the field, the log's escapes undone.
    pub span: (usize, usize),
    /// True where the text had to be decoded.
    pub decoded: bool,
}

#[derive(Debug)]
pub struct Sweep {
    crs: Arc<Crs>,
    buffers: Buffers,
    moment: Moment,
    /// Rules, and which parts of the request can meet them.
    candidates: Vec<(RuleIx, Sources)>,
    scratch: Vec<u8>,
    /// For one argument alone.
    spare: Buffers,
    agents: Memo,
    referers: Memo,
    hosts: Memo,
    /// Method and protocol.
    words: Memo,
    /// Arguments, for what libinjection says of them.
    arguments: Memo,
}

impl Sweep {
    /// `seed` is random in service, fixed in tests; verdicts never depend on it.
    pub fn new(crs: Arc<Crs>, seed: u64) -> Self {
        let memo = |number: u64| Memo::new(seed.wrapping_add(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        Self {
            crs,
            buffers: Buffers::default(),
            moment: Moment::default(),
            candidates: Vec::new(),
            scratch: Vec::new(),
            spare: Buffers::default(),
            agents: memo(1),
            referers: memo(2),
            hosts: memo(3),
            words: memo(4),
            arguments: memo(5),
        }
    }

    /// Adds the rules that a request meets, in their order; allocates nothing for a line that no rule could match.
    pub fn scan(&mut self, event: &Event<'_>, met: &mut Vec<Met>) {
        let What::Request(request) = &event.what else { return };
        self.candidates.clear();
        self.candidates.extend(self.crs.prefilter.requests.iter().map(|rule| (*rule, Sources::MAX)));
        self.recall(request);
        if Signs::of(request.target).meets(self.crs.prefilter.odd) {
            self.find_decoded(request, event);
        } else {
            self.find_plain(request.target);
        }
        self.find_lines(request);
        if !self.candidates.is_empty() {
            self.confirm(request, event, met);
        }
    }

    /// A target that no decoding changes: every text that a rule looks at is part of it, letter case aside.
    fn find_plain(&mut self, target: &[u8]) {
        let Self { crs, candidates, buffers, moment, arguments, .. } = self;
        let filter = &crs.prefilter;
        let mut add = |rule, sources| candidates.push((rule, sources));
        filter.plain.search(target, OF_TARGET | Source::Line.bit(), &mut add);
        let Some(query) = memchr::memchr(b'?', target) else { return };
        filter.arguments.iter().for_each(|rule| add(*rule, OF_ARGUMENTS));
        for one in target.get(query + 1..).unwrap_or_default().split(|byte| *byte == b'&') {
            let equals = memchr::memchr(b'=', one).unwrap_or(one.len());
            let value = one.get(equals + 1..).unwrap_or_default();
            for text in [one.get(..equals).unwrap_or_default(), value].into_iter().filter(|text| !text.is_empty()) {
                for node in &filter.always {
                    let text = crs.pipelines.run(*node, text);
                    if text.len() >= filter.target.shortest {
                        filter.target.search(&text, OF_ARGUMENTS, &mut add);
                    }
                }
                inject(crs, text, buffers, moment, arguments, &mut add);
            }
        }
    }

    fn find_decoded(&mut self, request: &Request<'_>, event: &Event<'_>) {
        let Self { crs, candidates, buffers, moment, arguments, scratch, spare, .. } = self;
        let filter = &crs.prefilter;
        let mut add = |rule, sources| candidates.push((rule, sources));
        let mut values = Values::of(request, event, filter.target.sources(), buffers, &crs.pipelines);
        filter.search_request(&mut values, &mut add);
        let count = values.len();
        if values.count(Source::Arg) > 0 {
            filter.arguments.iter().for_each(|rule| add(*rule, OF_ARGUMENTS));
        }
        for at in 0..count {
            let mut values = Values::again(buffers, &crs.pipelines);
            if values.about(at).is_some_and(|(source, _)| source.bit() & OF_ARGUMENTS != 0) {
                scratch.clear();
                scratch.extend_from_slice(values.text(at, 0));
                inject(crs, scratch, spare, moment, arguments, &mut add);
            }
        }
    }

    fn find_lines(&mut self, request: &Request<'_>) {
        let Self { crs, candidates, scratch, moment, .. } = self;
        if crs.prefilter.lines.is_empty() {
            return;
        }
        scratch.clear();
        for part in [request.method, b" ", request.target, b" ", request.protocol] {
            scratch.extend_from_slice(part);
        }
        // Escapes of the log are seldom here; with them, the rule is tried in full.
        let escaped = request.escaped && memchr::memchr(b'\\', scratch).is_some();
        for rule in &crs.prefilter.lines {
            let Some(link) = first(crs, *rule) else { continue };
            if escaped || request.method.is_empty() || link.op.holds(scratch, moment) == Some(!link.negated) {
                candidates.push((*rule, Source::Line.bit()));
            }
        }
    }

    /// What was found of these words before.
    fn recall(&mut self, request: &Request<'_>) {
        let Self { crs, candidates, buffers, moment, scratch, agents, referers, hosts, words, .. } = self;
        for (source, text, memo) in [
            (Source::Agent, request.user_agent, agents),
            (Source::Referer, request.referer, referers),
            (Source::Host, request.host, hosts),
        ] {
            if text.is_empty() {
                continue;
            }
            let mut look = |found: &mut Vec<Remembered>| {
                let mut values = Values::of_header(source, text, request.escaped, buffers, &crs.pipelines);
                of_header(crs, &mut values, moment, found);
            };
            remembered(memo, text, request.escaped, &mut look, &mut |rule| candidates.push((rule, source.bit())));
        }
        scratch.clear();
        for part in [request.method, b" ", request.protocol] {
            scratch.extend_from_slice(part);
        }
        let mut look = |found: &mut Vec<Remembered>| {
            let bare = Request { method: request.method, protocol: request.protocol, ..Request::default() };
            of_words(crs, &bare, buffers, moment, found);
        };
        let of_words = Source::Method.bit() | Source::Protocol.bit() | Source::Line.bit();
        remembered(words, scratch, request.escaped, &mut look, &mut |rule| candidates.push((rule, of_words)));
    }

    fn confirm(&mut self, request: &Request<'_>, event: &Event<'_>, met: &mut Vec<Met>) {
        let Self { crs, candidates, buffers, moment, .. } = self;
        candidates.sort_unstable();
        candidates.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 |= if same { next.1 } else { 0 };
            same
        });
        moment.host.clear();
        moment.host.extend_from_slice(request.host);
        let rule = |at: RuleIx| crs.rules.get(usize::from(at));
        let needed = candidates.iter().filter_map(|(at, sources)| Some(rule(*at)?.needs(*sources)));
        let needed = needed.fold(0, |all, one| all | one);
        let mut values = Values::of(request, event, needed, buffers, &crs.pipelines);
        for (at, sources) in candidates.iter() {
            let hit = rule(*at).and_then(|rule| try_rule(rule, usize::from(*at), *sources, &mut values, moment));
            met.extend(hit);
        }
    }

    /// The verdict without the prefilter: every rule tried.
    #[cfg(test)]
    pub fn scan_all(&mut self, event: &Event<'_>, met: &mut Vec<Met>) {
        let What::Request(request) = &event.what else { return };
        self.candidates = (0..u16::try_from(self.crs.rules.len()).unwrap()).map(|at| (at, Sources::MAX)).collect();
        self.confirm(request, event, met);
    }
}

fn try_rule(rule: &Rule, at: usize, sources: Sources, values: &mut Values<'_>, moment: &mut Moment) -> Option<Met> {
    let place = rule.holds(values, moment, sources)?;
    let source = values.about(place.value).map(|(source, _)| source);
    let (from, to) = values.origin(place.value).unwrap_or_default();
    let (mut span, mut field) = ((from as usize, to as usize), Field::Target);
    if let Some(other) = source.and_then(field_of) {
        span = (0, values.text(place.value, 0).len());
        field = other;
    }
    if source.is_none() {
        field = Field::Line;
    }
    let decoded = source.is_some() && values.place(place.value, 0) != values.place(place.value, place.node);
    Some(Met { rule: at, field, span, decoded })
}

/// The field of what is not part of the target.
fn field_of(source: Source) -> Option<Field> {
    Some(match source {
        Source::Agent => Field::Agent,
        Source::Referer => Field::Referer,
        Source::Host => Field::Host,
        Source::Method => Field::Method,
        Source::Protocol => Field::Protocol,
        Source::Client => Field::Line,
        _ => return None,
    })
}

fn remembered(
    memo: &mut Memo,
    text: &[u8],
    escaped: bool,
    look: &mut dyn FnMut(&mut Vec<Remembered>),
    found: &mut dyn FnMut(RuleIx),
) {
    if text.len() > MAX_KEY {
        let mut rules = Vec::new();
        look(&mut rules);
        return rules.iter().for_each(|rule| found(rule.0));
    }
    memo.get(text, escaped, |rules| look(rules)).iter().for_each(|rule| found(rule.0));
}

/// The rules whose first link a header meets.
fn of_header(crs: &Crs, values: &mut Values<'_>, moment: &mut Moment, found: &mut Vec<Remembered>) {
    let filter = &crs.prefilter;
    let mut list = filter.unsure_headers.clone();
    filter.headers.search_all(values, &mut |rule, _| list.push(rule));
    keep(crs, list, values, moment, found);
}

/// The rules whose first link method or protocol meets, and those on request lines that have a literal in either.
fn of_words(crs: &Crs, bare: &Request<'_>, buffers: &mut Buffers, moment: &mut Moment, found: &mut Vec<Remembered>) {
    let mut values = Values::of_request_words(bare, buffers, &crs.pipelines);
    crs.prefilter.target.search_all(&mut values, &mut |rule, _| found.push(Remembered(rule)));
    keep(crs, crs.prefilter.words.clone(), &mut values, moment, found);
}

fn keep(crs: &Crs, mut list: Vec<RuleIx>, values: &mut Values<'_>, moment: &mut Moment, found: &mut Vec<Remembered>) {
    list.sort_unstable();
    list.dedup();
    for rule in list {
        moment.begin();
        if first(crs, rule).is_some_and(|link| link.holds(values, moment, Sources::MAX).is_some()) {
            found.push(Remembered(rule));
        }
    }
}

/// libinjection's rules that an argument meets.
fn inject(
    crs: &Crs,
    text: &[u8],
    buffers: &mut Buffers,
    moment: &mut Moment,
    memo: &mut Memo,
    found: &mut dyn FnMut(RuleIx, Sources),
) {
    let filter = &crs.prefilter;
    if filter.injections.is_empty() || !may_be_sqli(text) {
        return;
    }
    let mut look = |rules: &mut Vec<Remembered>| {
        let mut values = Values::of_header(Source::Arg, text, false, buffers, &crs.pipelines);
        for rule in &filter.injections {
            moment.begin();
            let link = first(crs, *rule);
            if link.is_some_and(|link| link.meets(&mut values, 0, moment)) {
                rules.push(Remembered(*rule));
            }
        }
    };
    remembered(memo, text, false, &mut look, &mut |rule| found(rule, OF_ARGUMENTS));
}

fn first(crs: &Crs, rule: RuleIx) -> Option<&crate::detect::crs::rule::Link> {
    crs.rules.get(usize::from(rule))?.links.first()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::formats::seclang;
    use crate::host::Host;
    use crate::model::event::At;
    use crate::model::time::Millis;

    const DEBIAN: &str = "/usr/share/modsecurity-crs/owasp-crs.load";

    /// Debian's at every paranoia level; where it is absent, a few rules that need each kind of prefilter.
    fn crs(paranoia: u8) -> Arc<Crs> {
        static ALL: LazyLock<[Arc<Crs>; 2]> = LazyLock::new(|| {
            [1, 4].map(|paranoia| {
                let reading = seclang::read(&Host::live(), Path::new(DEBIAN));
                Arc::new(Crs::build(&reading.items, Some(paranoia)).0)
            })
        });
        Arc::clone(&ALL[usize::from(paranoia > 1)])
    }

    fn event<'a>(target: &'a [u8], agent: &'a [u8], method: &'a [u8]) -> Event<'a> {
        let what = What::Request(Request {
            method,
            target,
            protocol: b"HTTP/1.1",
            status: 200,
            user_agent: agent,
            referer: agent,
            escaped: true,
            ..Request::default()
        });
        Event { now: Millis(0), stamp: None, at: At::default(), client: None, site: b"", raw: target, what }
    }

    const PIECES: &[&str] = &[
        "/",
        "?",
        "&",
        "=",
        "a",
        "q=",
        "%2e",
        "..",
        "%252e%252e%2f",
        "union",
        "+select+",
        "/*x*/",
        "' or '1'='1",
        "%27",
        "<script>",
        "%3Cscript%3E",
        "&lt;script",
        "%26lt%3bscript",
        "\\\\u003cscript",
        "\\x3c",
        "onerror=",
        "etc/passwd",
        "/etc//passwd",
        "%00",
        ";cat%20",
        "|id",
        "`",
        "$(",
        "cm^d.exe",
        "php://input",
        "phpinfo(",
        "bmV3IEZ1bmN0aW9uKCd4Jyk=",
        "java.lang.Runtime",
        "() {",
        "sqlmap",
        "nikto",
        ".git/config",
        "a.b.",
        "--",
        "#",
        "\u{e9}",
        "%c3%a9",
        "%ff",
        "jsessionid",
        "_$$ND_FUNC$$_",
        "<?php",
        "eval(",
        "sleep(5)",
        "1",
        "0x41",
        "\t",
        "AND",
        "http://10.0.0.1",
        "javascript:",
        "style=",
        "word ",
        "%u0027",
        "(%73elect",
    ];

    fn text() -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(PIECES), 0..10).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn the_prefilter_never_hides_a_hit(target in text(), agent in text(), level in 1u8..3, get in any::<bool>()) {
            let target = format!("/{target}");
            let event = event(target.as_bytes(), agent.as_bytes(), if get { b"GET" } else { b"PUT" });
            let mut sweep = Sweep::new(crs(level), 1);
            let (mut with, mut without) = (Vec::new(), Vec::new());
            sweep.scan(&event, &mut with);
            sweep.scan_all(&event, &mut without);
            prop_assert_eq!(with, without);
        }

        #[test]
        fn any_bytes_are_taken(target in prop::collection::vec(any::<u8>(), 0..200), agent in prop::collection::vec(any::<u8>(), 0..80)) {
            let mut met = Vec::new();
            Sweep::new(crs(4), 1).scan(&event(&target, &agent, b"GET"), &mut met);
            for hit in met {
                prop_assert!(hit.span.0 <= hit.span.1);
            }
        }
    }
}
