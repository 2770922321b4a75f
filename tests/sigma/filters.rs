//! Exceptions in documents of their own.

use peelhouse::model::{Request, What};

use super::{complaints, event, load, request, scan};

const RULE: &str = "title: r\nname: r\nid: 4711\nlogsource: {category: webserver}\ndetection: {s: {cs-uri|contains: a}, condition: s}\n";

fn filter(rules: &str, logsource: &str) -> String {
    format!(
        "{RULE}---\ntitle: f\nlogsource: {{{logsource}}}\nfilter:\n  rules: {rules}\n  own: {{cs-user-agent: monitor}}\n  condition: own\n"
    )
}

fn hits(text: &str, agent: &str) -> usize {
    let request = Request { user_agent: agent.as_bytes(), ..request("/a") };
    scan(&load(text), &event("", What::Request(request))).len()
}

#[test]
fn a_filter_takes_out_what_it_describes() {
    for rules in ["[r]", "r", "['4711']", "any"] {
        let text = filter(rules, "category: webserver");
        assert_eq!((hits(&text, "monitor"), hits(&text, "other")), (0, 1), "{rules}");
        assert_eq!(load(&text).filters(), 1);
    }
    assert_eq!(hits(RULE, "monitor"), 1);
}

#[test]
fn its_condition_may_be_any_and_filters_add_up() {
    let second = "---\ntitle: g\nlogsource: {category: webserver}\nfilter: {rules: [r], x: {cs-user-agent|startswith: a}, y: {sc-status: 200}, condition: x and y}\n";
    let text = filter("[r]", "category: webserver") + second;
    assert_eq!((hits(&text, "monitor"), hits(&text, "abc"), hits(&text, "bcd")), (0, 0, 1));
}

#[test]
fn what_a_filter_cannot_do_is_told() {
    let told = |rules: &str, logsource: &str| complaints(&filter(rules, logsource));
    assert!(
        told("[nobody]", "category: webserver")[0].starts_with("t.yml:10: names rule `nobody`, which is not loaded")
    );
    assert!(told("[r]", "product: linux, service: auditd")[0].contains("another logsource than rule `r`"));
    assert!(told("[]", "category: webserver")[0].contains("`rules` is missing"));
    assert!(told("[r]", "category: nothing")[0].contains("is not read here"));
    let no_condition =
        format!("{RULE}---\ntitle: f\nlogsource: {{category: webserver}}\nfilter: {{rules: [r], s: {{cs-uri: a}}}}\n");
    assert!(complaints(&no_condition)[0].contains("`condition` is missing"));
}
