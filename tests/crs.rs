//! Debian's CRS, loaded from where it is installed.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says where it is skipped")]

mod seclang_files;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use peelhouse::detect::crs::{Crs, Fate, NotVisible, Refused, Report};
use peelhouse::detect::rules::{Hit, RuleSet, Scanner, View};
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::formats::seclang;
use peelhouse::host::Host;
use peelhouse::model::{At, Class, Confidence, DeclaredFormat, Event, FormatSyntax, Millis, Severity};

use seclang_files::Tree;

const DEBIAN: &str = "/usr/share/modsecurity-crs/owasp-crs.load";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

fn debian(paranoia: Option<u8>) -> Option<(Crs, Report)> {
    if !Path::new(DEBIAN).exists() {
        println!("skipped: {DEBIAN} is absent; `make test` installs modsecurity-crs");
        return None;
    }
    let reading = seclang::read(&Host::live(), Path::new(DEBIAN));
    assert_eq!(reading.errors, []);
    Some(Crs::build(&reading.items, paranoia))
}

/// The hits of a line in combined format.
fn hits(scanner: &mut Scanner, line: &str) -> Vec<Hit> {
    let combined = DeclaredFormat {
        syntax: FormatSyntax::Apache,
        name: "combined".to_owned(),
        pattern: "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"".to_owned(),
    };
    let mut parser = Parser::new(LineFormat::compile(&combined).unwrap());
    let Ok(Line::Record(record)) = parser.parse(line.as_bytes()) else { unreachable!("does not parse: {line}") };
    let (raw, at, what) = (line.as_bytes(), At::default(), record.what);
    let mut hits = Vec::new();
    scanner.scan(&Event { now: Millis(0), stamp: None, at, client: None, site: b"", raw, what }, &mut hits);
    hits
}

fn combined(target: &str, agent: &str) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let (target, agent) = (escaped(&target.replace(' ', "+")), escaped(agent));
    format!("192.0.2.7 - - [22/Nov/2026:10:00:00 +0000] \"GET {target} HTTP/1.1\" 200 512 \"-\" \"{agent}\"")
}

fn scanner(crs: Crs) -> Scanner {
    let mut set = RuleSet::default();
    set.add_crs(crs).unwrap();
    Scanner::new(Arc::new(set), 1)
}

#[test]
fn every_rule_is_loaded_or_listed_with_its_reason() {
    for (paranoia, least) in [(1, 95), (2, 130), (4, 150)] {
        let Some((crs, report)) = debian(Some(paranoia)) else { return };
        println!("paranoia {paranoia}: {report}");
        assert_eq!(crs.rules().len(), report.loaded());
        assert!(report.loaded() >= least, "{}", report.loaded());
        let hidden: usize = report.not_visible().values().sum();
        assert_eq!(report.entries.len(), report.loaded() + hidden + report.refused().count());
        assert!(report.refused().all(|(entry, _)| entry.id > 0 && entry.line > 0));
        assert_eq!(
            report.entries.iter().any(|entry| entry.fate == Fate::NotVisible(NotVisible::Paranoia)),
            paranoia < 4
        );
    }
}

#[test]
fn attacks_are_named_by_class_and_place() {
    let Some((crs, _)) = debian(Some(1)) else { return };
    let mut scanner = scanner(crs);
    for (target, agent, id, class, evidence) in [
        (
            "/a?id=1&q=x%27%20union%20select%201,2--",
            BROWSER,
            "crs-942100",
            Class::Sqli,
            "q=x%27%20union%20select%201,2--",
        ),
        (
            "/?q=%3Cscript%3Ealert(1)%3C/script%3E",
            BROWSER,
            "crs-941110",
            Class::Xss,
            "q=%3Cscript%3Ealert(1)%3C/script%3E",
        ),
        ("/?f=../../etc/passwd", BROWSER, "crs-930120", Class::Traversal, "f=../../etc/passwd"),
        ("/?c=;cat%20/etc/passwd", BROWSER, "crs-932160", Class::Rce, "c=;cat%20/etc/passwd"),
        ("/", "sqlmap/1.7", "crs-913100", Class::Scanner, "sqlmap/1.7"),
        ("/.git/config", BROWSER, "crs-930130", Class::Traversal, "/.git/config"),
    ] {
        let line = combined(target, agent);
        let found = hits(&mut scanner, &line);
        let hit = found.iter().find(|hit| scanner.rules().rule(hit.rule).unwrap().id == id);
        let hit = hit.unwrap_or_else(|| unreachable!("{id} misses {line}"));
        let rule = scanner.rules().rule(hit.rule).unwrap();
        assert_eq!((rule.class, rule.critical), (class, false), "{id}");
        assert_eq!(&line[hit.span.0 as usize..hit.span.1 as usize], evidence, "{id} {:?}", hit.view);
        assert!(rule.file.ends_with(".conf") && rule.line > 0 && !rule.title.is_empty());
    }
    let plain = hits(&mut scanner, &combined("/?f=../etc/passwd", BROWSER));
    assert!(plain.iter().any(|hit| hit.view == View::Raw));
}

#[test]
fn ordinary_requests_meet_only_what_weighs_little() {
    let Some((crs, _)) = debian(Some(1)) else { return };
    let mut scanner = scanner(crs);
    let (mut met, mut heavy) = (BTreeMap::<String, usize>::new(), Vec::new());
    let lines = benign();
    for line in &lines {
        for hit in hits(&mut scanner, line) {
            let rule = scanner.rules().rule(hit.rule).unwrap();
            *met.entry(rule.id.clone()).or_default() += 1;
            let light = rule.level <= Severity::Low && rule.confidence == Confidence::Low && rule.score <= 1.0;
            if !light {
                heavy.push(format!("{} {}: {line}", rule.id, rule.title));
            }
        }
    }
    println!("{} ordinary lines meet {met:?}", lines.len());
    assert!(lines.len() > 1500);
    assert!(heavy.is_empty(), "{} heavy:\n{}", heavy.len(), heavy.join("\n"));
}

/// Browsers and crawlers, pages of applications, documentation, and what people type into search boxes.
fn benign() -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(include_str!("rules/benign-targets.txt").lines().map(|target| combined(target, BROWSER)));
    lines.extend(include_str!("rules/benign-agents.txt").lines().map(|agent| combined("/", agent)));
    for phrase in seclang_files::PHRASES {
        let spaced = phrase.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('#', "%23");
        let coded: String = phrase
            .bytes()
            .map(
                |byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") },
            )
            .collect();
        for target in [format!("/?s={spaced}"), format!("/search?q={coded}&lang=en&page=2"), format!("/wiki/{coded}")] {
            lines.push(combined(&target, BROWSER));
        }
    }
    lines.extend(seclang_files::pages().iter().map(|target| combined(target, BROWSER)));
    lines
}

#[test]
fn broken_files_are_told_and_the_rest_is_loaded() {
    let tree = Tree::of(&[
        (
            "/r/main.load",
            "Include a.conf\nInclude none-*.conf\nInclude main.load\nIncludeOptional absent.conf\nFoo bar\n",
        ),
        (
            "/r/a.conf",
            "SecRule ARGS \"@rx attack\" \"id:1,phase:2,t:lowercase,\\\n  msg:'one'\"\n\
             SecRule ARGS \"@rx a(?=b)\" \"id:2,phase:2\"\n\
             SecRule ARGS \"@rx open\n\
             SecRule ARGS \"@pmFromFile absent.data\" \"id:4,phase:2\"\n\
             SecRule ARGS\n\
             SecRule ARGS \"@rx x\" \"id:5,msg:'open\"\n\
             SecRule ARGS \"@rx x\" \"id:6,t:sha1\"\n\
             SecRule ARGS \"@fuzzyHash x\" \"id:7\"\n\
             SecRule ARGS \"@rx x\" \"id:8,chain\"\n",
        ),
    ]);
    let reading = seclang::read(&tree, Path::new("/r/main.load"));
    let told: Vec<String> = reading.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "/r/a.conf:4: a quote is not closed; close it, or join the lines with a backslash",
            "/r/a.conf:5: data file /r/absent.data cannot be read: no such file; the rule is left out, correct the path",
            "/r/a.conf:6: `SecRule` needs variables, an operator and actions",
            "/r/a.conf:7: action `msg` has an open quote; close it",
            "/r/main.load:2: nothing stands behind `none-*.conf`; correct the path, or write IncludeOptional",
            "/r/main.load:3: `/r/main.load` includes itself; take one of the includes out",
            "/r/main.load:5: `Foo` is no directive of ModSecurity, and is not read",
        ]
    );
    let (crs, report) = Crs::build(&reading.items, None);
    assert_eq!(crs.rules().iter().map(|rule| (rule.id, rule.line)).collect::<Vec<_>>(), [(1, 1)]);
    let refused: Vec<(u32, u32, &Refused)> = report.refused().map(|(entry, why)| (entry.id, entry.line, why)).collect();
    assert_eq!(
        refused,
        [
            (2, 3, &Refused::LookAround),
            (6, 8, &Refused::Transformation("sha1".to_owned())),
            (7, 9, &Refused::Operator("fuzzyHash".to_owned())),
            (8, 10, &Refused::OpenChain),
        ]
    );
}

#[test]
fn giant_and_endless_files_stay_bounded() {
    let pattern = "(?:(?:a{1,900}){1,900}){1,900}";
    let many: String = (0..200_000).map(|at| format!("SecMarker m{at}\n")).collect();
    let tree = Tree::of(&[
        (
            "/r/big.conf",
            &format!("SecRule ARGS \"@rx {pattern}\" \"id:1\"\nSecRule ARGS \"@rx {}\" \"id:2\"\n", "b".repeat(99_999)),
        ),
        ("/r/many.conf", &many),
        ("/r/a.conf", "Include b.conf\n"),
        ("/r/b.conf", "Include a.conf\n"),
    ]);
    let read = |file: &str| seclang::read(&tree, Path::new(file));
    let (crs, report) = Crs::build(&read("/r/big.conf").items, None);
    assert_eq!((crs.rules().len(), report.refused().count()), (0, 2), "{report}");
    let many = read("/r/many.conf");
    assert!(many.items.len() <= 100_000 && many.errors[0].to_string().contains("more than 100000"));
    assert!(read("/r/a.conf").errors[0].to_string().contains("includes itself"));
}

#[test]
fn the_site_decides_what_is_left_out() {
    let rule = |id: u32, list: &str| format!("SecRule {list} \"@rx attack\" \"id:{id},phase:2,tag:'t/{id}'\"\n");
    let rules = [rule(1, "ARGS"), rule(2, "ARGS"), rule(3, "ARGS"), rule(4, "ARGS|!ARGS:free")].concat();
    let text = format!(
        "{rules}SecRuleRemoveById 1 9-12\nSecRuleRemoveByTag ^t/2$\nSecRuleUpdateTargetById 3 \"!ARGS:/^fr/\"\n\
         SecRule TX:off \"@eq 0\" \"id:20,phase:2,nolog,pass,skipAfter:END\"\n{}SecMarker END\n\
         SecAction \"id:22,phase:1,nolog,pass,setvar:tx.off=0\"\n",
        rule(21, "ARGS")
    );
    let tree = Tree::of(&[("/r/a.conf", &text)]);
    let reading = seclang::read(&tree, Path::new("/r/a.conf"));
    assert_eq!(reading.errors, []);
    let (crs, report) = Crs::build(&reading.items, None);
    let loaded: BTreeSet<u32> = crs.rules().iter().map(|rule| rule.id).collect();
    assert_eq!(loaded, BTreeSet::from([3, 4]), "{report}");
    let fate = |id: u32| report.entries.iter().find(|entry| entry.id == id).map(|entry| entry.fate.clone()).unwrap();
    assert_eq!(fate(1), Fate::NotVisible(NotVisible::Removed));
    assert_eq!(fate(2), Fate::NotVisible(NotVisible::Removed));
    assert_eq!(fate(21), Fate::NotVisible(NotVisible::Off));
    let mut scanner = scanner(crs);
    let mut count = |target: &str| hits(&mut scanner, &combined(target, BROWSER)).len();
    assert_eq!((count("/?x=attack"), count("/?free=attack"), count("/?FREE=attack")), (2, 0, 1));
}
