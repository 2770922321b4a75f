//! Rules and lines that wish to be slow, large or endless.

use std::time::{Duration, Instant};

use peelhouse::detect::rules::{Problem, RuleSet, RuleText, Scanner};
use peelhouse::model::{Request, What};

use super::{Run, complaints, event, load, request, rule};

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The best of three, as others disturb.
fn best(mut work: impl FnMut()) -> Duration {
    (0..3).map(|_| timed(&mut work)).min().unwrap_or_default()
}

#[test]
fn time_grows_no_faster_than_the_line() {
    let rules = [
        r"s: {cs-uri|re: '(a+)+b'}, condition: s",
        r"s: {cs-uri|re: '(a|a)*(a|aa)*c'}, condition: s",
        r"s: {cs-uri|contains: 'a*a*a*a*a*a*a*b'}, condition: s",
        r"s: {cs-uri|re: '^(([a-z])+.)+[A-Z]([a-z])+$'}, condition: s",
        r"s: {cs-uri|contains: 'a?a?a?a?a?a?a?ab'}, condition: s",
    ];
    for text in rules {
        let set = load(&rule(text));
        let mut scanner = Scanner::new(set, 1);
        let mut scan = |length: usize| {
            // The literals of all rules stand in it, so that it is tried.
            let target = format!("{}abc{}", "a".repeat(length), "a".repeat(length));
            best(|| {
                for _ in 0..20 {
                    scanner.scan(&event("", What::Request(request(&target))), &mut Vec::new());
                }
            })
        };
        let (short, long) = (scan(400), scan(3200));
        let most = short * 8 * 5 + Duration::from_millis(20);
        assert!(long < most, "{text}: {short:?}, eight times as long {long:?}");
    }
}

#[test]
fn what_is_too_much_is_refused_with_its_reason() {
    let list = format!(
        "s: {{cs-uri|contains: [{}]}}, condition: s",
        (0..30_000).map(|at| format!("v{at}")).collect::<Vec<_>>().join(", ")
    );
    assert!(complaints(&rule(&list))[0].contains("more than 20000 values"));
    let repeated = format!(
        "s: {{cs-uri|contains: [{}]}}, condition: {}",
        (0..10_000).map(|at| format!("v{at}")).collect::<Vec<_>>().join(", "),
        ["s"; 3].join(" or ")
    );
    assert!(complaints(&rule(&repeated))[0].contains("more than 20000 values"));
    assert!(complaints(&rule("s: {cs-uri|re: '((a{100}){100}){100}'}, condition: s"))[0].contains("does not compile"));
    assert!(
        complaints(&rule(&format!("s: {{cs-uri: a}}, condition: {}s", "(".repeat(1000))))[0].contains("nested deeper")
    );
    assert!(complaints(&format!("title: {}", "[".repeat(40)))[0].contains("nested deeper"));
    assert!(complaints("title: &a x\nlogsource: *a\n")[0].contains("aliases"));
    let keys: String = (0..90_000).map(|at| format!("k{at}: 1\n")).collect();
    assert!(timed(|| drop(complaints(&keys))) < Duration::from_secs(20));
}

#[test]
fn costly_regexes_are_counted_over_all_rules() {
    let regexes: Vec<String> = (0..1100).map(|at| format!("'x{at}\\p{{Greek}}'")).collect();
    let text = rule(&format!("s: {{cs-uri|re: [{}]}}, condition: s", regexes.join(", ")));
    assert!(complaints(&text)[0].contains("more than 1000 large regexes"));
}

#[test]
fn a_hundred_thousand_rules_load_or_are_refused_each_with_its_place() {
    let one = |at: usize| {
        format!(
            "title: r{at}\nname: r{at}\nlogsource: {{category: webserver}}\ndetection: {{s: {{cs-uri|contains: word{at}}}, condition: s}}\n---\n"
        )
    };
    let files: Vec<String> = (0..100).map(|file| (file * 1000..(file + 1) * 1000).map(one).collect()).collect();
    let texts: Vec<RuleText> = files.iter().map(|text| RuleText { file: "many.yml", text }).collect();
    let mut loaded = None;
    let took = timed(|| loaded = Some(RuleSet::load(&texts)));
    let (set, errors) = loaded.unwrap();
    assert_eq!((set.rules().len(), errors.len()), (RuleSet::MAX_RULES, 100_000 - RuleSet::MAX_RULES));
    assert!(errors.iter().all(|error| matches!(error.problem, Problem::TooMany { .. }) && error.line % 5 == 1));
    assert!(took < Duration::from_secs(120), "{took:?}");
    let hits = super::scan(&std::sync::Arc::new(set), &event("", What::Request(request("/word4711"))));
    assert!(hits.iter().any(|hit| hit.rule.0 == 4711));
}

#[test]
fn a_long_chain_of_correlations_is_no_deep_stack_and_no_multiplication() {
    let link = |at: usize, of: &str| {
        format!(
            "---\ntitle: c{at}\nname: c{at}\ncorrelation: {{type: event_count, rules: [{of}], timespan: 1m, condition: {{gte: 1}}}}\n"
        )
    };
    let first =
        "title: r\nname: r\nlogsource: {category: webserver}\ndetection: {s: {cs-uri|contains: a}, condition: s}\n";
    let chain: String =
        (0..3000).map(|at| link(at, &if at == 0 { "r".to_owned() } else { format!("c{}", at - 1) })).collect();
    let mut run = Run::new(&format!("{first}{chain}"));
    assert_eq!(run.see(1, 1, "a").len(), 3000);
    // Two of each layer name both of the layer below: 2^40 ways lead to the top.
    let pair = |layer: usize, side: usize| {
        let of = if layer == 0 { "r".to_owned() } else { format!("c{}, c{}", layer * 10 - 10, layer * 10 - 9) };
        link(layer * 10 + side, &of)
    };
    let layers: String = (0..40).flat_map(|layer| [pair(layer, 0), pair(layer, 1)]).collect();
    let mut run = Run::new(&format!("{first}{layers}"));
    assert!(run.see(1, 1, "a").len() <= 160);
}

#[test]
fn a_circle_of_many_correlations_is_told_shortly() {
    let of = |at: usize| {
        format!(
            "title: c{at}\nname: c{at}\ncorrelation: {{type: temporal, rules: [c{}], timespan: 1m}}\n---\n",
            (at + 1) % 5000
        )
    };
    let text: String = (0..5000).map(of).collect();
    let mut told = Vec::new();
    assert!(timed(|| told = complaints(&text)) < Duration::from_secs(30));
    assert_eq!(told.len(), 5000);
    assert!(told.iter().all(|told| told.contains("in a circle") && told.len() < 600));
}

#[test]
fn a_window_costs_the_same_however_much_is_in_it() {
    let rule =
        "title: a\nname: a\nlogsource: {category: webserver}\ndetection: {s: {cs-uri|contains: a}, condition: s}\n";
    for kind in ["event_count", "value_count", "value_sum", "value_percentile"] {
        let text = format!("{rule}---\ntitle: t\nname: t\ncorrelation: {{type: {kind}, rules: [a], timespan: 1d, condition: {{field: KIND, gte: 1000000000}}}}\n")
            .replace("KIND", if kind == "value_count" { "cs-uri" } else { "sc-bytes" });
        let mut run = Run::new(&text);
        let mut see = |from: u64| {
            timed(|| {
                for at in from..from + 2000 {
                    let target = format!("a{at}");
                    run.see_request(1, at as i64 / 100, Request { bytes: Some(at * 7 % 1009), ..request(&target) });
                }
            })
        };
        let first = see(0).min(see(2000));
        for round in 2..20 {
            see(round * 2000);
        }
        let last = see(40_000).min(see(42_000));
        assert!(last < first * 6 + Duration::from_millis(20), "{kind}: {first:?}, later {last:?}");
    }
}
