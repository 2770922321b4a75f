//! Every kind of correlation, over events in time.

use std::sync::Arc;

use peelhouse::detect::rules::{Correlator, RuleSet};
use peelhouse::model::Request;

use super::{Run, complaints, load, request};

/// Rules `a`, `b` and `c` that look for their letter, and a correlation over them.
fn with(correlation: &str) -> String {
    let rule = |name: char| {
        format!(
            "title: {name}\nname: {name}\nlogsource: {{category: webserver}}\ndetection: {{s: {{cs-uri|contains: {name}}}, condition: s}}\n---\n"
        )
    };
    let rules: String = ['a', 'b', 'c'].map(rule).concat();
    format!("{rules}title: t\nname: t\ncorrelation: {{timespan: 10s, group-by: [c-ip], {correlation}}}\n")
}

fn run(correlation: &str) -> Run {
    Run::new(&with(correlation))
}

/// Whether each of the requests, at its second, made the correlation come true.
fn fired<const N: usize>(correlation: &str, events: [(i64, &str); N]) -> [bool; N] {
    let mut run = run(correlation);
    events.map(|(secs, target)| run.fires(1, secs, target))
}

#[test]
fn events_are_counted_by_client_in_a_sliding_window_that_starts_anew() {
    let count = "type: event_count, rules: [a], condition: {gte: 3}";
    let events = [(0, "a"), (8, "a"), (11, "a"), (12, "a"), (13, "a"), (14, "a"), (15, "a")];
    assert_eq!(fired(count, events), [false, false, false, true, false, false, true]);
    let mut run = run(count);
    assert!(!run.fires(1, 0, "a") && !run.fires(2, 0, "a") && !run.fires(2, 0, "b") && !run.fires(1, 1, "a"));
    assert!(run.fires(1, 2, "a") && !run.fires(2, 2, "a"));
}

#[test]
fn every_bound_is_judged_at_each_hit_and_several_are_all() {
    let twice = [(0, "a"), (1, "a"), (2, "a")];
    for (bounds, expected) in [
        ("gt: 1", [false, true, false]),
        ("gte: 2", [false, true, false]),
        ("eq: 2", [false, true, false]),
        ("lt: 2", [true, true, true]),
        ("lte: 1", [true, true, true]),
        ("neq: 1", [false, true, false]),
        ("gt: 1, lte: 5", [false, true, false]),
        ("gt: 1, lt: 2", [false, false, false]),
    ] {
        assert_eq!(
            fired(&format!("type: event_count, rules: [a], condition: {{{bounds}}}"), twice),
            expected,
            "{bounds}"
        );
    }
}

#[test]
fn different_values_are_counted_once_and_leave_with_the_window() {
    let count = "type: value_count, rules: [a], condition: {field: cs-uri, gte: 3}";
    let events = [(0, "a1"), (1, "a1"), (2, "a2"), (3, "a2"), (11, "a3"), (12, "a4")];
    assert_eq!(fired(count, events), [false, false, false, false, true, false]);
    let events = [(0, "a1"), (1, "a2"), (2, "a1"), (12, "a3"), (13, "a4")];
    assert_eq!(fired(count, events), [false, false, false, false, false], "a value counts from when it was last seen");
    let mut run = run("type: value_count, rules: [a], condition: {field: cs-user-agent, gte: 1}");
    assert!(!run.fires(1, 0, "a"), "what an event does not say is no value");
}

#[test]
fn several_fields_are_one_value() {
    let mut run = run("type: value_count, rules: [a], condition: {field: [cs-uri, sc-status], gte: 3}");
    let mut see = |target, status| !run.see_request(1, 0, Request { status, ..request(target) }).is_empty();
    assert_eq!([see("a1", 200), see("a1", 404), see("a1", 404), see("a2", 200)], [false, false, false, true]);
}

#[test]
fn a_count_beyond_what_is_kept_one_by_one_is_still_reached() {
    let mut run = run("type: event_count, rules: [a], condition: {gte: 5000}");
    let at = (0..6000).find(|_| run.fires(1, 5, "a"));
    assert_eq!(at, Some(4999), "no hit has left the window");
    let mut run = super::Run::new(&with("type: value_count, rules: [a], condition: {field: cs-uri, gte: 5000}"));
    let at = (0..9000).find(|at| run.fires(1, 5, &format!("a{at}"))).unwrap_or(9000);
    assert!((4400..5600).contains(&at), "{at}");
}

#[test]
fn sums_averages_and_percentiles_of_numbers() {
    let bytes = |kind: &str, bytes: &[Option<u64>]| {
        let mut run = run(&format!("type: {kind}, rules: [a], condition: {{field: sc-bytes, {}}}", "gte: 100"));
        bytes
            .iter()
            .map(|bytes| !run.see_request(1, 0, Request { bytes: *bytes, ..request("a") }).is_empty())
            .collect::<Vec<_>>()
    };
    assert_eq!(bytes("value_sum", &[Some(60), None, Some(39), Some(1)]), [false, false, false, true]);
    assert_eq!(bytes("value_avg", &[Some(50), Some(149), Some(101)]), [false, false, true]);
    assert_eq!(bytes("value_percentile", &[Some(10), Some(300)]), [false, true], "the median lies between");
    let mut top = run("type: value_percentile, rules: [a], condition: {field: sc-bytes, percentile: 90, gt: 80}");
    let mut see = |bytes| top.see_request(1, 0, Request { bytes: Some(bytes), ..request("a") });
    assert!((1..=9).all(|_| see(10).is_empty()), "nine in ten are small");
    assert!(see(100).is_empty(), "the ninetieth percentile of nine small and one large is near the small");
    let fired = see(100);
    assert_eq!(fired.first().map(|hit| hit.measured.round()), Some(100.0));
}

#[test]
fn sums_leave_with_the_window() {
    let mut run = run("type: value_sum, rules: [a], condition: {field: sc-bytes, gte: 100}");
    let mut see = |secs, bytes| !run.see_request(1, secs, Request { bytes: Some(bytes), ..request("a") }).is_empty();
    assert_eq!([see(0, 60), see(11, 60), see(12, 40)], [false, false, true]);
}

#[test]
fn rules_come_together_in_any_order_or_in_one() {
    for (kind, backwards) in [("temporal", true), ("temporal_ordered", false)] {
        let both = format!("type: {kind}, rules: [a, b]");
        assert_eq!(fired(&both, [(1, "b"), (2, "a")]), [false, backwards], "{kind}");
        assert_eq!(fired(&both, [(1, "a"), (11, "b")]), [false, true], "{kind}");
        assert_eq!(fired(&both, [(1, "a"), (12, "b")]), [false, false], "{kind}");
        assert_eq!(fired(&both, [(1, "ba")]), [true], "one line is both, {kind}");
    }
    assert_eq!(fired("type: temporal_ordered, rules: [b, a]", [(1, "ab")]), [true]);
    assert_eq!(fired("type: temporal, rules: [a, b, c], condition: {gte: 2}", [(1, "a"), (2, "c")]), [false, true]);
    let order = "type: temporal_ordered, rules: [a, b, c]";
    assert_eq!(fired(order, [(1, "a"), (2, "c"), (3, "b"), (4, "c")]), [false, false, false, true]);
    assert_eq!(
        fired(order, [(0, "a"), (5, "a"), (6, "b"), (14, "c")]),
        [false, false, false, true],
        "the latest start counts"
    );
}

#[test]
fn temporal_conditions_may_be_any_expression() {
    let either = "type: temporal, rules: [a, b, c], condition: a and (b or c)";
    assert_eq!(fired(either, [(1, "b"), (2, "c"), (3, "a")]), [false, false, true]);
    assert_eq!(
        fired("type: temporal, rules: [a, b], condition: b and not a", [(1, "a"), (2, "b"), (12, "b")]),
        [false, false, true]
    );
    assert_eq!(
        fired("type: temporal, rules: [a, b, c], condition: all of them", [(1, "a"), (2, "b"), (3, "c")]),
        [false, false, true]
    );
    assert_eq!(
        fired("type: temporal_ordered, rules: [a, b], condition: a and b", [(1, "b"), (2, "a"), (3, "b")]),
        [false, false, true]
    );
    assert!(
        complaints(&with("type: temporal, rules: [a, b], condition: a and nobody"))[0]
            .contains("there is no selection `nobody`")
    );
}

#[test]
fn correlations_feed_correlations() {
    let chained = with("type: event_count, rules: [a], condition: {gte: 2}")
        + "---\ntitle: u\nname: u\ncorrelation: {type: temporal_ordered, rules: [t, b], group-by: [c-ip], timespan: 1m}\n\
           ---\ntitle: v\nname: v\ncorrelation: {type: event_count, rules: [u], timespan: 1m, condition: {gte: 2}}\n";
    let mut run = Run::new(&chained);
    let ids = |run: &mut Run, client, secs, target: &str| {
        run.see(client, secs, target).iter().map(|hit| hit.correlation.0).collect::<Vec<_>>()
    };
    assert_eq!(ids(&mut run, 1, 1, "b"), [0u16; 0]);
    assert_eq!(ids(&mut run, 1, 2, "a"), [0u16; 0]);
    assert_eq!(ids(&mut run, 1, 3, "a"), [0]);
    assert_eq!(ids(&mut run, 1, 4, "b"), [1]);
    assert_eq!(ids(&mut run, 2, 5, "a"), [0u16; 0]);
    assert_eq!(ids(&mut run, 2, 6, "a"), [0]);
    assert_eq!(ids(&mut run, 2, 7, "b"), [1, 2], "any order of documents, any depth");
}

#[test]
fn a_correlation_may_stand_before_what_it_names() {
    let text =
        "title: u\nname: u\ncorrelation: {type: event_count, rules: [t], timespan: 1m, condition: {gte: 1}}\n---\n"
            .to_owned()
            + &with("type: event_count, rules: [a], condition: {gte: 1}");
    let set = load(&text);
    let order: Vec<&str> = set.correlations().iter().map(|known| known.id.as_str()).collect();
    assert_eq!(order, ["u", "t"]);
    let mut run = Run::new(&text);
    assert_eq!(run.see(1, 1, "a").len(), 2);
}

#[test]
fn circles_are_named_and_what_hangs_on_them_is_told() {
    let of = |name: &str, rules: &str| {
        format!(
            "title: {name}\nname: {name}\ncorrelation:\n  type: temporal\n  timespan: 1m\n  rules: [{rules}]\n---\n"
        )
    };
    let text = [of("x", "y"), of("y", "z"), of("z", "x"), of("free", "x"), of("me", "me")].concat();
    let mut told = complaints(&text);
    told.sort();
    let circle = |line, path: &str| {
        format!("t.yml:{line}: correlations wait for each other in a circle: {path}; take one name out")
    };
    let mut expected = [
        circle(6, "x → y → z → x"),
        circle(13, "y → z → x → y"),
        circle(20, "z → x → y → z"),
        "t.yml:27: names rule `x`, which is not loaded; load it or take it out".to_owned(),
        circle(34, "me → me"),
    ];
    expected.sort();
    assert_eq!(told, expected);
}

#[test]
fn aliases_are_fields_of_each_rule() {
    let mut run = Run::new(
        &with("type: temporal, rules: [a, b]")
            .replace("group-by: [c-ip]", "group-by: [who], aliases: {who: {a: cs-username, b: cs-host}}"),
    );
    let a = |user: &'static str| Request { user: user.as_bytes(), ..request("a") };
    let b = |host: &'static str| Request { host: host.as_bytes(), ..request("b") };
    assert!(run.see_request(1, 1, a("ann")).is_empty() && run.see_request(2, 2, b("bob")).is_empty());
    assert!(!run.see_request(3, 3, b("ann")).is_empty());
}

#[test]
fn a_bucket_leaks_where_a_window_forgets() {
    let text = with("type: event_count, rules: [a], condition: {gte: 3}") + "peelhouse: {leak: 10s, score: 7}\n";
    assert_eq!(load(&text).correlations()[0].score, 7.0);
    let mut run = Run::new(&text);
    let seen = [0, 1, 2, 3].map(|secs| run.fires(1, secs, "a"));
    assert_eq!(seen, [false, false, true, false]);
    let slow = (1..40).any(|at| run.fires(2, 10 * at, "a"));
    assert!(!slow, "as fast as it leaks it never fills");
    let twice = (1..40).find(|at| run.fires(3, 5 * at, "a"));
    assert_eq!(twice, Some(4), "twice as fast it fills in the end");
    let text = with("type: value_count, rules: [a], condition: {field: cs-uri, gte: 3}") + "peelhouse: {leak: 10s}\n";
    let mut run = Run::new(&text);
    let seen = ["a1", "a1", "a2", "a2", "a3"].map(|target| run.fires(1, 0, target));
    assert_eq!(seen, [false, false, false, false, true]);
    assert!(complaints(&(with("type: temporal, rules: [a, b]") + "peelhouse: {leak: 10s}\n"))[0].contains("`leak`"));
    assert!(
        complaints(&(with("type: temporal, rules: [a, b]") + "peelhouse: {leek: 10s}\n"))[0]
            .contains("did you mean `leak`?")
    );
}

#[test]
fn rules_of_its_own_file_only_feed_a_correlation_unless_it_says_generate() {
    let alone = |text: &str| load(text).rules().iter().map(|rule| rule.alone).collect::<Vec<_>>();
    assert_eq!(alone(&with("type: temporal, rules: [a, b]")), [false, false, true]);
    assert_eq!(alone(&with("type: temporal, rules: [a, b], generate: true")), [true; 3]);
    assert_eq!(alone(&(with("type: temporal, rules: [a, b]") + "generate: true\n")), [true; 3]);
}

#[test]
fn mistakes_are_told() {
    for (correlation, told) in [
        ("type: event_count, rules: [a]", "`condition` is missing"),
        ("type: event_count, rules: [a], condition: {}", "`condition: gt, gte, lt, lte, eq or neq` is missing"),
        ("type: event_count, rules: [a], condition: {ge: 3}", "`ge` is no condition"),
        ("type: event_count, rules: [a], condition: {gte: many}", "`many` is no number"),
        ("type: event_count, rules: [], condition: {gte: 3}", "`rules` must be"),
        ("type: event_count, rules: [nobody], condition: {gte: 3}", "names rule `nobody`"),
        ("type: value_count, rules: [a], condition: {gte: 3}", "`condition: field` is missing"),
        ("type: value_count, rules: [a], condition: {field: nosuch, gte: 3}", "`nosuch` is no field of our logs"),
        (
            "type: value_percentile, rules: [a], condition: {field: sc-bytes, percentile: 101, gte: 3}",
            "percentile from 0 to 100",
        ),
        ("type: nothing, rules: [a], condition: {gte: 3}", "`nothing` is no type"),
        ("type: event_count, rules: [a], condition: {gte: 3}, generate: perhaps", "`perhaps` is no generate"),
    ] {
        let complaints = complaints(&with(correlation));
        assert!(complaints.iter().any(|complaint| complaint.contains(told)), "{correlation}: {complaints:?}");
    }
    let spans =
        ["10", "0s", "1w", "s", "-1s", "400d"].map(|span| with("type: temporal, rules: [a, b]").replace("10s", span));
    assert!(spans.iter().all(|text| complaints(text)[0].contains("span of time like 90s")));
}

#[test]
fn counters_survive_a_restart_and_changed_correlations_begin_anew() {
    for kind in [
        "type: event_count, rules: [a], condition: {gte: 3}",
        "type: value_count, rules: [a], condition: {field: cs-uri, gte: 3}",
        "type: value_sum, rules: [a], condition: {field: sc-status, gte: 600}",
        "type: value_percentile, rules: [a], condition: {field: sc-status, eq: 250}",
        "type: temporal_ordered, rules: [a, b, c]",
    ] {
        let mut before = run(kind);
        assert!(!before.fires(1, 1, "a1") && !before.fires(1, 2, "a2b"), "{kind}");
        let mut after = run(kind);
        after.correlator.restore(&before.correlator.snapshot()).unwrap();
        assert_eq!(after.correlator.snapshot(), before.correlator.snapshot(), "{kind}");
        let last = Request { status: if kind.contains("250") { 300 } else { 200 }, ..request("a3c") };
        let expected = before.see_request(1, 3, last.clone());
        assert_eq!(after.see_request(1, 3, last), expected, "{kind}");
        assert!(kind.contains("250") || expected.len() == 1, "{kind}");
    }
    let mut before = run("type: event_count, rules: [a], condition: {gte: 3}");
    assert!(!before.fires(1, 1, "a") && !before.fires(1, 2, "a"));
    let mut changed = run("type: event_count, rules: [a], condition: {gt: 2}");
    changed.correlator.restore(&before.correlator.snapshot()).unwrap();
    assert!(!changed.fires(1, 3, "a"));
    assert!(Correlator::new(Arc::new(RuleSet::default()), 1).restore(b"{").is_err());
}
