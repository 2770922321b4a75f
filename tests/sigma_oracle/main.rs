//! Another Sigma engine says of the same rules and events what ours says; where it departs from the specification,
//! the specification is asserted beside the reason.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod correlations;
mod records;
mod requests;

use std::collections::BTreeSet;
use std::sync::Arc;

use peelhouse::detect::rules::{RuleSet, RuleText, Scanner};
use peelhouse::model::Event;
use rsigma_eval::Engine;
use rsigma_eval::event::JsonEvent;
use rsigma_parser::parse_sigma_yaml;
use serde_json::Value;

const FILTERS: &str = "title: f
logsource: {category: SOURCE}
filter: {rules: [r0, r1], x: {FIELD}, condition: not x}
";

struct Both {
    ours: Arc<RuleSet>,
    theirs: Engine,
}

fn both(detections: &[&str], source: &str, filter: &str) -> Both {
    let one = |(at, detection): (usize, &&str)| {
        format!(
            "title: r{at}\nid: r{at}\nlogsource: {{category: {source}}}\ndetection: {{{detection}}}\nlevel: low\n---\n"
        )
    };
    let filter = FILTERS.replace("SOURCE", source).replace("FIELD", filter);
    let text = detections.iter().enumerate().map(one).collect::<String>() + &filter;
    let (ours, errors) = RuleSet::load(&[RuleText { file: "o.yml", text: &text }]);
    assert!(errors.is_empty(), "{errors:?}");
    let collection = parse_sigma_yaml(&text).unwrap();
    assert!(collection.errors.is_empty(), "{:?}", collection.errors);
    let mut theirs = Engine::new();
    theirs.add_collection(&collection).unwrap();
    Both { ours: Arc::new(ours), theirs }
}

impl Both {
    fn ours(&self, event: &Event<'_>) -> BTreeSet<String> {
        let mut hits = Vec::new();
        Scanner::new(Arc::clone(&self.ours), 1).scan(event, &mut hits);
        hits.iter().map(|hit| self.ours.rules()[usize::from(hit.rule.0)].id.clone()).collect()
    }

    fn theirs(&self, event: &Value) -> BTreeSet<String> {
        let found = self.theirs.evaluate(&JsonEvent::borrow(event));
        found.into_iter().filter_map(|result| result.header.rule_id).collect()
    }
}
