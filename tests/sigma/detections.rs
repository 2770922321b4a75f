//! Selections, values and conditions.

use peelhouse::model::{Request, What};

use super::{complaints, event, load, meets, meets_request, request, rule, scan};

/// Whether a whole-field value meets a user agent.
fn whole(value: &str, agent: &str) -> bool {
    let agent = Request { user_agent: agent.as_bytes(), ..request("/") };
    meets_request(&format!("s: {{cs-user-agent: '{value}'}}, condition: s"), agent)
}

#[test]
fn text_is_compared_without_case_and_whole() {
    assert!(whole("Curl/8", "cURL/8"));
    assert!(!whole("curl", "curl/8") && !whole("curl/8", "curl"));
    assert!(whole("Überfall", "überFALL"));
}

#[test]
fn wildcards_stand_for_characters_and_backslashes_take_that_away() {
    for (value, yes, no) in [
        ("prog?.exe", "progA.exe", "prog.exe"),
        ("v*.exe", "v21.2.1.exe", "w1.exe"),
        ("*a*b*", "xaxbx", "b-a-"),
        ("?", "é", "éé"),
        (r"\*", "*", "x"),
        (r"\?x", "?x", "ax"),
        (r"a\b", r"a\b", r"a\\b"),
        (r"a\\b", r"a\b", r"a\\b"),
        (r"a\\*", r"a\bc", r"a*"),
        (r"a\\\*", r"a\*", r"a\x"),
        (r"a\\\\b", r"a\\b", r"a\b"),
        (r"a\\\b", r"a\\b", r"a\b"),
    ] {
        assert!(whole(value, yes), "{value} misses {yes}");
        assert!(!whole(value, no), "{value} meets {no}");
    }
}

#[test]
fn lists_are_any_maps_are_all_and_a_list_of_maps_is_any() {
    let list = "s: {cs-uri|contains: [aa, bb]}, condition: s";
    assert!(meets(list, "/aa") && meets(list, "/bb") && !meets(list, "/cc"));
    let map = "s: {cs-uri|contains: aa, cs-method: GET}, condition: s";
    assert!(meets(map, "/aa") && !meets_request(map, Request { method: b"POST", ..request("/aa") }));
    let maps = "s: [{cs-uri|contains: aa}, {cs-method: POST}], condition: s";
    assert!(
        meets(maps, "/aa") && meets_request(maps, Request { method: b"POST", ..request("/") }) && !meets(maps, "/")
    );
}

#[test]
fn keywords_are_looked_for_in_the_whole_line() {
    let seen = |detection: &str, line: &str| {
        !scan(&load(&rule(detection)), &event(line, What::Request(request("/")))).is_empty()
    };
    assert!(seen("k: [evil, worse], condition: k", "what an EVIL line"));
    assert!(!seen("k: [evil, worse], condition: k", "a good line"));
    assert!(seen("k: ['e*l x'], condition: k", "so evil x"));
    assert!(seen("k: {'|all': [one, two]}, condition: k", "two and one"));
    assert!(!seen("k: {'|all': [one, two]}, condition: k", "one and one"));
    assert!(seen("k: {'|re': 'a+b'}, condition: k", "xaab"));
    assert!(seen("k: [one, {cs-method: POST}], condition: k", "one"));
    assert!(seen("k: evil, condition: k", "evil"));
    assert!(
        seen("k: {'|contains|neq': evil}, condition: k", "good") && !seen("k: {'|neq': evil}, condition: k", "evil")
    );
    assert!(complaints(&rule("k: {'|cidr': 10.0.0.0/8}, condition: k"))[0].contains("keyword"));
}

#[test]
fn null_and_empty_are_absence_in_our_logs_and_numbers_are_numbers() {
    let referred = Request { referer: b"https://example.org/", ..request("/") };
    for absent in ["null", "''"] {
        let detection = format!("s: {{cs-referer: {absent}}}, condition: s");
        assert!(meets(&detection, "/"), "{absent}");
        assert!(!meets_request(&detection, referred.clone()), "{absent}");
    }
    let status = "s: {sc-status: [404, 500]}, condition: s";
    assert!(meets_request(status, Request { status: 500, ..request("/") }) && !meets(status, "/"));
    assert!(meets("s: {sc-status: '2*'}, condition: s", "/") && !meets("s: {sc-status: '3*'}, condition: s", "/"));
    assert!(meets("s: {sc-status: '200'}, condition: s", "/"));
    assert!(
        meets("s: {c-ip: 192.0.2.7}, condition: s", "/") && meets("s: {c-ip|startswith: '192.'}, condition: s", "/")
    );
    assert!(!meets("s: {sc-bytes: 0}, condition: s", "/"), "a number that the log does not tell is not 0");
}

#[test]
fn conditions_bind_and_quantify_as_specified() {
    let with = |condition: &str, target: &str| {
        let parts = "sel_a: {cs-uri|contains: aa}, sel_b: {cs-uri|contains: bb}, _hidden: {cs-uri|contains: cc}";
        meets(&format!("{parts}, condition: {condition}"), target)
    };
    assert!(with("sel_a or sel_b and not _hidden", "/aacc") && !with("sel_a and not _hidden", "/aacc"));
    assert!(with("1 of sel_*", "/bb") && !with("all of sel_*", "/bb") && with("all of sel_*", "/aabb"));
    assert!(with("all of them", "/aabb") && !with("1 of them", "/cc"), "`_` names are not of them");
    assert!(with("1 of _*", "/cc") && with("not 1 of them", "/"));
    assert!(with("not (sel_a or sel_b)", "/") && !with("not (sel_a or sel_b)", "/aa"));
    assert!(with("[sel_a, _hidden]", "/cc") && with("[sel_a, _hidden]", "/aa") && !with("[sel_a, _hidden]", "/bb"));
}

#[test]
fn mistakes_are_told_with_their_line() {
    for (detection, told) in [
        ("s: {cs-uri: a}, condition: t", "t.yml:3: condition: there is no selection `t`"),
        ("s: {cs-uri: a}", "t.yml:3: `condition` is missing; add it"),
        ("s: {}, condition: s", "t.yml:3: `a selection` must be filled"),
        ("s: {cs-uri: []}, condition: s", "t.yml:3: `a value list` must be filled"),
        ("s: {cs-uri: a}, timeframe: 5m, condition: s", "t.yml:3: condition: `timeframe` is Sigma's old aggregation"),
        ("s: {cs-uri: a}, condition: s | count() > 5", "t.yml:3: condition: `|` is Sigma's old aggregation"),
        ("s: {cs-uri: a}, condition: s near t", "t.yml:3: condition: `near` is not expected here"),
        ("s: {cs-uri|re: 'a(?=b)'}, condition: s", "t.yml:3: regex `a(?=b)` does not compile"),
        ("s: {nosuch: a}, condition: s", "t.yml:3: field `nosuch` is in none of our logs"),
    ] {
        let complaints = complaints(&rule(detection));
        assert!(complaints.iter().any(|complaint| complaint.starts_with(told)), "{detection}: {complaints:?}");
    }
}
