//! Every modifier of the specification, with what it meets and what it does not.

use peelhouse::detect::rules::{Placeholders, RuleSet, RuleText};
use peelhouse::model::{Event, Millis, Request, What};

use super::{complaints, event, load, meets, meets_record, meets_request, placeholders, request, rule, scan};

/// Whether `user agent|modifiers: value` meets each of the first texts and none of the second.
fn agents(key: &str, value: &str, yes: &[&str], no: &[&str]) {
    let detection = format!("s: {{'cs-user-agent|{key}': {value}}}, condition: s");
    let meets = |text: &&str| meets_request(&detection, Request { user_agent: text.as_bytes(), ..request("/") });
    for text in yes {
        assert!(meets(text), "{key}: {value} misses {text}");
    }
    for text in no {
        assert!(!meets(text), "{key}: {value} meets {text}");
    }
}

#[test]
fn places() {
    agents("contains", "abc", &["xABCx", "abc"], &["ab"]);
    agents("startswith", "abc", &["abcd"], &["xabc"]);
    agents("endswith", "abc", &["xabc"], &["abcd"]);
    agents("contains|all", "[abc, xyz]", &["xyz-abc"], &["abc", "xyz"]);
    agents("startswith", "'a?c'", &["abcd"], &["acd"]);
    agents("contains", "'a*c'", &["xabbbcx"], &["xcax"]);
}

#[test]
fn case_and_negation() {
    agents("cased", "Abc", &["Abc"], &["abc"]);
    agents("contains|cased", "'A?c'", &["xAbc"], &["xabc"]);
    agents("neq", "abc", &["abd", ""], &["ABC"]);
    agents("contains|neq", "[abc, xyz]", &["other"], &["abc1", "xyz"]);
}

#[test]
fn regular_expressions() {
    agents("re", "'^a[0-9]+b$'", &["a12b"], &["A12b", "xa1b"]);
    agents("re|i", "'^a[0-9]+b$'", &["A12B"], &["ab"]);
    agents("re", "'a.b'", &["axb"], &["a\nb"]);
    agents("re|s", "'a.b'", &["a\nb"], &["ab"]);
    agents("re|m", "'^b$'", &["a\nb\nc"], &["abc"]);
    agents("re", "'^b$'", &["b"], &["a\nb\nc"]);
    agents("re|all", "['a+', 'b+']", &["ba"], &["a"]);
    assert!(complaints(&rule("s: {cs-uri|i: a}, condition: s"))[0].contains("it belongs after `re`"));
}

#[test]
fn encodings() {
    agents("base64|contains", "foobar", &["Zm9vYmFy"], &["zm9vymfy", "foobar"]);
    for (before, after) in [("", ""), ("x", "y"), ("xy", "yz"), ("xyz", "")] {
        let hidden = base64(format!("{before}/etc/passwd{after}").as_bytes());
        agents("base64offset|contains", "/etc/passwd", &[&hidden], &["/etc/passwd"]);
    }
    agents("wide|contains", "cmd", &["xc\0m\0d\0"], &["cmd"]);
    agents("utf16le|contains", "cmd", &["c\0m\0d\0"], &["cmd"]);
    agents("utf16be|contains", "cmd", &["\0c\0m\0d"], &["cmd"]);
    let wide: Vec<u8> = "ping".bytes().flat_map(|byte| [byte, 0]).collect();
    agents("wide|base64offset|contains", "ping", &[&base64(&wide)], &["ping"]);
    let marked =
        meets_record("s: {CommandLine|utf16|contains: cmd}, condition: s", &[("CommandLine", b"\xFF\xFEc\0m\0d\0")]);
    assert!(marked);
    assert!(complaints(&rule("s: {cs-uri|base64: 'a*'}, condition: s"))[0].contains("wildcard"));
}

/// RFC 4648, for tests only.
fn base64(text: &[u8]) -> String {
    const CODE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let code = char::from(CODE[(bits >> (18 - 6 * digit) & 63) as usize]);
            out.push(if digit > chunk.len() { '=' } else { code });
        }
    }
    out
}

#[test]
fn windash_is_every_dash_in_every_place() {
    agents("windash|contains", "' -f -o'", &["x -f -o", "x /f –o", "x —f ―o", "x /f /o"], &["x +f -o", "x f o"]);
    agents("windash|contains", "'-a*b'", &["/a--b"], &["a--b"]);
    agents("windash|contains", "'well-known'", &["well-known"], &["well/known"]);
}

#[test]
fn numbers() {
    let status = |key: &str, value: &str, status: u16| {
        meets_request(&format!("s: {{sc-status|{key}: {value}}}, condition: s"), Request { status, ..request("/") })
    };
    assert!(status("lt", "400", 399) && !status("lt", "400", 400));
    assert!(status("lte", "400", 400) && !status("lte", "400", 401));
    assert!(status("gt", "400", 401) && !status("gt", "400", 400));
    assert!(status("gte", "399.5", 400) && !status("gte", "400.5", 400));
    assert!(status("neq", "404", 200) && !status("neq", "404", 404));
    assert!(complaints(&rule("s: {sc-status|gt: many}, condition: s"))[0].contains("no number"));
    let pid = |text: &str| meets_record("s: {ProcessId|gte: -5}, condition: s", &[("ProcessId", text.as_bytes())]);
    assert!(pid("-5") && pid("7.5") && !pid("-6") && !pid("many"));
}

#[test]
fn times_are_those_of_the_event_in_utc() {
    // 2026-11-22 23:30:59 UTC, a Sunday of week 47.
    let at = |key: &str, value: &str| {
        let set = load(&rule(&format!("s: {{'{key}': {value}}}, condition: s")));
        let stamp = Some(Millis::from_secs(1_795_390_259));
        !scan(&set, &Event { stamp, ..event("", What::Request(request("/"))) }).is_empty()
    };
    for (key, value, other) in [
        ("date|minute", 30, 31),
        ("time|hour", 23, 0),
        ("timestamp|day", 22, 23),
        ("date|week", 47, 48),
        ("date|month", 11, 12),
        ("date|year", 2026, 2025),
        ("time|hour|gte", 22, 24),
        ("time|hour|neq", 5, 23),
    ] {
        assert!(at(key, &value.to_string()) && !at(key, &other.to_string()), "{key}");
    }
    assert!(at("time|hour", "[1, 23]"));
    assert!(complaints(&rule("s: {date: '2026-11-22'}, condition: s"))[0].contains("part of a date"));
}

#[test]
fn networks() {
    assert!(meets("s: {c-ip|cidr: 192.0.2.0/24}, condition: s", "/"));
    assert!(meets("s: {c-ip|cidr: [10.0.0.0/8, 192.0.2.7/32]}, condition: s", "/"));
    assert!(
        !meets("s: {c-ip|cidr: 198.51.100.0/24}, condition: s", "/")
            && meets("s: {c-ip|cidr|neq: 10.0.0.0/8}, condition: s", "/")
    );
    let source = |text: &str| {
        meets_record("s: {SourceIp|cidr: '2001:db8::/32'}, condition: s", &[("SourceIp", text.as_bytes())])
    };
    assert!(source("2001:db8::7") && !source("2001:db9::7") && !source("nobody"));
    assert!(complaints(&rule("s: {c-ip|cidr: everywhere}, condition: s"))[0].contains("192.0.2.0/24"));
}

#[test]
fn existence() {
    let there = "s: {cs-referer|exists: true}, condition: s";
    let absent = "s: {cs-referer|exists: False}, condition: s";
    let referred = Request { referer: b"/", ..request("/") };
    assert!(meets_request(there, referred.clone()) && !meets(there, "/"));
    assert!(!meets_request(absent, referred) && meets(absent, "/"));
    let present = "s: {User|exists: true}, condition: s";
    assert!(meets_record(present, &[("User", b"")]) && !meets_record(present, &[("user", b"x")]), "names have case");
}

#[test]
fn references_to_other_fields() {
    let same = |key: &str, referer: &str, target: &str| {
        let detection = format!("s: {{'cs-referer|{key}': cs-uri}}, condition: s");
        meets_request(&detection, Request { referer: referer.as_bytes(), ..request(target) })
    };
    assert!(same("fieldref", "/A", "/a") && !same("fieldref", "/b", "/a"));
    assert!(same("fieldref|neq", "/b", "/a") && !same("fieldref|neq", "/a", "/a"));
    assert!(same("fieldref|endswith", "https://x/a", "/a") && !same("fieldref|startswith", "https://x/a", "/a"));
    assert!(same("fieldref|contains", "https://x/a?b", "/a") && !same("fieldref|cased", "/A", "/a"));
    assert!(meets_record(
        "s: {Image|fieldref: ParentImage}, condition: s",
        &[("Image", b"/a"), ("ParentImage", b"/a")]
    ));
    assert!(!meets_record("s: {Image|fieldref: ParentImage}, condition: s", &[("Image", b"/a")]));
}

#[test]
fn placeholders_come_from_the_caller() {
    let text = rule(r"s: {cs-uri|expand|contains: 'u=%admins%\%'}, condition: s");
    let texts = [RuleText { file: "t.yml", text: &text }];
    let (set, errors) = RuleSet::load_with(&texts, &placeholders("admins", &["root", "adm*n"]));
    assert_eq!(errors, []);
    let set = std::sync::Arc::new(set);
    let seen = |target: &str| !scan(&set, &event("", What::Request(request(target)))).is_empty();
    assert!(seen("/?u=root%") && seen("/?u=admiin%") && !seen("/?u=guest%") && !seen("/?u=%admins%"));
    let (_, errors) = RuleSet::load_with(&texts, &Placeholders::default());
    assert_eq!(
        errors[0].to_string(),
        "t.yml:3: placeholder `%admins%` has no value; give it one under [rules.placeholders]"
    );
    assert!(meets("s: {cs-uri|contains: '%admins%'}, condition: s", "/%admins%"), "without `expand` it is text");
}

#[test]
fn modifiers_that_contradict_each_other_are_refused() {
    for key in [
        "contains|startswith",
        "re|cidr",
        "re|contains",
        "exists|gte",
        "base64|re",
        "cidr|windash",
        "hour|day",
        "fieldref|re",
    ] {
        let complaints = complaints(&rule(&format!("s: {{'cs-uri|{key}': '1'}}, condition: s")));
        assert!(complaints.iter().any(|complaint| complaint.contains("cannot be used so")), "{key}: {complaints:?}");
    }
    assert!(complaints(&rule("s: {cs-uri|contians: a}, condition: s"))[0].contains("did you mean `contains`?"));
}
