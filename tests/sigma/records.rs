//! Rules about named fields: started processes and audit records.

use std::sync::Arc;

use peelhouse::detect::rules::{Correlator, Scanner};
use peelhouse::model::{Event, Millis, Named, What};

use super::{event, load, meets_record, scan};

#[test]
fn fields_are_found_by_their_exact_names() {
    let curl: &[(&str, &[u8])] = &[
        ("Image", b"/usr/bin/curl"),
        ("CommandLine", b"curl http://192.0.2.9/x -o /tmp/x"),
        ("ParentImage", b"/usr/sbin/nginx"),
    ];
    let detection = "s: {Image|endswith: [/curl, /wget], CommandLine|contains|all: [http, ' -o ']}, \
                     p: {ParentImage|endswith: /sshd}, condition: s and not p";
    assert!(meets_record(detection, curl));
    assert!(!meets_record(detection, &[("Image", b"/usr/bin/curl"), ("CommandLine", b"curl x")]));
    assert!(!meets_record("s: {image: /usr/bin/curl}, condition: s", curl));
    assert!(meets_record("s: {User: null}, condition: s", curl) && !meets_record("s: {User: ''}, condition: s", curl));
    assert!(meets_record("s: {User: ''}, condition: s", &[("User", b"")]));
    assert!(
        meets_record("s: {CommandLine: '*'}, condition: s", curl)
            && !meets_record("s: {User: '*'}, condition: s", curl)
    );
}

#[test]
fn keywords_are_anywhere_in_a_record() {
    assert!(meets_record("k: [evil], condition: k", &[("a0", b"x"), ("a1", b"an EVIL thing")]));
    assert!(meets_record("k: {'|all': [evil, thing]}, condition: k", &[("a0", b"evil"), ("a1", b"thing")]));
    assert!(!meets_record("k: [evil], condition: k", &[("evil", b"x")]), "a name is no value");
}

#[test]
fn a_rule_is_tried_on_its_own_records_only() {
    let set = load(
        "title: t\nlogsource: {product: linux, service: auditd}\n\
         detection: {s: {type: EXECVE, a0: chattr, a1|startswith: '-i'}, condition: s}\n",
    );
    let fields: &[(&str, &[u8])] = &[("type", b"EXECVE"), ("a0", b"chattr"), ("a1", b"-i")];
    let seen = |source| !scan(&set, &event("", What::Named(Named { source, fields }))).is_empty();
    assert!(seen("auditd") && !seen("process_creation"));
}

#[test]
fn dates_of_records_are_read() {
    let night = "s: {started|hour|lt: 6}, condition: s";
    assert!(meets_record(night, &[("started", b"2026-11-22T03:00:00Z")]));
    assert!(
        !meets_record(night, &[("started", b"2026-11-22 13:00:00")]) && !meets_record(night, &[("started", b"soon")])
    );
}

#[test]
fn correlations_group_by_the_names_of_records() {
    let text = "title: many\nname: many\nlogsource: {product: linux, service: auditd}\n\
                detection: {s: {type: SYSCALL}, condition: s}\n---\n\
                title: c\nname: c\ncorrelation: {type: value_count, rules: [many], group-by: [exe], timespan: 1m, \
                condition: {field: a0, gte: 2}}\n";
    let set = load(text);
    let (mut scanner, mut correlator) = (Scanner::new(Arc::clone(&set), 1), Correlator::new(set, 1));
    let mut fires = |exe: &str, a0: &str| {
        let fields = [("type", b"SYSCALL".as_slice()), ("exe", exe.as_bytes()), ("a0", a0.as_bytes())];
        let event = Event { now: Millis(0), ..event("", What::Named(Named { source: "auditd", fields: &fields })) };
        let (mut hits, mut out) = (Vec::new(), Vec::new());
        scanner.scan(&event, &mut hits);
        correlator.see(&event, &hits, &mut out);
        !out.is_empty()
    };
    let seen = [("/a", "1"), ("/b", "2"), ("/a", "1"), ("/a", "")].map(|(exe, a0)| fires(exe, a0));
    assert_eq!(seen, [false; 4]);
    assert!(fires("/a", "2"));
}
