//! Correlations over sequences of requests.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use peelhouse::detect::rules::{Correlator, RuleSet, RuleText, Scanner};
use peelhouse::model::Millis;
use proptest::prelude::*;
use rsigma_eval::event::JsonEvent;
use rsigma_eval::{CorrelationAction, CorrelationConfig, CorrelationEngine};
use rsigma_parser::parse_sigma_yaml;

use super::requests::Asked;

/// Correlations over rules that look for `ra`, `rb` and `rc` in the target. The other engine asks for one rule where a
/// temporal correlation has no condition (the specification: all), and overlooks the bound of a percentile.
const CORRELATIONS: &[&str] = &[
    "type: event_count, rules: [ra], group-by: [c-ip], condition: {gte: 3}",
    "type: event_count, rules: [ra, rb], group-by: [c-ip], condition: {gt: 3}",
    "type: event_count, rules: [ra], group-by: [c-ip, sc-status], condition: {eq: 2}",
    "type: event_count, rules: [ra], condition: {gt: 1, lte: 5}",
    "type: event_count, rules: [ra], group-by: [c-ip], condition: {lt: 2}",
    "type: event_count, rules: [rb], group-by: [c-ip], condition: {neq: 1}",
    "type: value_count, rules: [ra], group-by: [c-ip], condition: {field: cs-uri, gte: 3}",
    "type: value_count, rules: [ra, rc], condition: {field: c-ip, gt: 1}",
    "type: value_count, rules: [ra], group-by: [c-ip], condition: {field: c-useragent, gte: 2}",
    "type: value_sum, rules: [ra], group-by: [c-ip], condition: {field: sc-status, gt: 900}",
    "type: value_avg, rules: [ra], group-by: [c-ip], condition: {field: sc-status, gte: 400}",
    "type: value_percentile, rules: [ra], group-by: [c-ip], condition: {field: sc-status, percentile: 90, gte: 0}",
    "type: temporal, rules: [ra, rb], group-by: [c-ip], condition: {gte: 2}",
    "type: temporal, rules: [ra, rb, rc], group-by: [c-ip], condition: {gte: 2}",
    "type: temporal, rules: [ra, rb, rc], group-by: [c-ip], condition: ra and (rb or rc)",
    "type: temporal, rules: [ra, rb], group-by: [c-ip], condition: rb and not ra",
    "type: temporal_ordered, rules: [ra, rb], group-by: [c-ip]",
    "type: temporal_ordered, rules: [rc, rb, ra], group-by: [c-ip]",
    "type: temporal, rules: [ra, rb], group-by: [who], condition: {gte: 2}, aliases: {who: {ra: cs-referer, rb: c-useragent}}",
    "type: event_count, rules: [c0], group-by: [c-ip], condition: {gte: 2}",
];

fn correlations() -> String {
    let rule = |name: &str| {
        format!(
            "title: {name}\nid: {name}\nname: {name}\nlogsource: {{category: webserver}}\ndetection: {{s: {{cs-uri|contains: {name}}}, condition: s}}\n---\n"
        )
    };
    let one = |(at, body): (usize, &&str)| {
        let timespan = if at == 19 { "40s" } else { "10s" };
        format!("title: c{at}\nid: c{at}\nname: c{at}\ncorrelation: {{timespan: {timespan}, {body}}}\n---\n")
    };
    ["ra", "rb", "rc"].map(rule).concat() + &CORRELATIONS.iter().enumerate().map(one).collect::<String>()
}

fn sequence() -> impl Strategy<Value = Vec<(i64, Asked)>> {
    let step = (
        1i64..7,
        0u32..2,
        prop::sample::select(vec!["/ra1", "/ra2", "/ra3", "/rb", "/rc", "/none"]),
        0usize..3,
        0usize..3,
    );
    let asked = step.prop_map(|(secs, client, target, status, agent)| {
        let (agent, status) = (["", "x", "y"][agent], [200, 404, 500][status]);
        (secs, Asked { method: "GET", target: target.to_owned(), agent, referer: "x".to_owned(), status, client })
    });
    prop::collection::vec(asked, 1..60)
}

proptest! {
    #[test]
    fn sequences_are_correlated_alike(events in sequence()) {
        static SET: LazyLock<Arc<RuleSet>> = LazyLock::new(|| {
            let (set, errors) = RuleSet::load(&[RuleText { file: "c.yml", text: &correlations() }]);
            assert!(errors.is_empty(), "{errors:?}");
            Arc::new(set)
        });
        let mut scanner = Scanner::new(Arc::clone(&SET), 1);
        let mut correlator = Correlator::new(Arc::clone(&SET), 1);
        let config = CorrelationConfig { action_on_match: CorrelationAction::Reset, ..CorrelationConfig::default() };
        let mut theirs = CorrelationEngine::new(config);
        theirs.add_collection(&parse_sigma_yaml(&correlations()).unwrap()).unwrap();
        let mut now = 1_000_000;
        for (at, (secs, asked)) in events.iter().enumerate() {
            now += secs;
            let line = asked.line();
            let event = asked.event(&line, Millis::from_secs(now));
            let (mut hits, mut out) = (Vec::new(), Vec::new());
            scanner.scan(&event, &mut hits);
            correlator.see(&event, &hits, &mut out);
            let ours: BTreeSet<String> =
                out.iter().map(|hit| SET.correlations()[usize::from(hit.correlation.0)].id.clone()).collect();
            let json = asked.json();
            let told = theirs.process_event_at(&JsonEvent::borrow(&json), now);
            let told: BTreeSet<String> =
                told.into_iter().filter(|result| result.is_correlation()).filter_map(|result| result.header.rule_id).collect();
            prop_assert_eq!(&ours, &told, "at event {} of {:?}", at, events);
        }
    }
}
