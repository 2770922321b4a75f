//! `peelhouse rules …` as a person meets it: what it says of sound and of broken rules, of logs, of bad input.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test starts programs, and fails where it cannot")]

use std::path::Path;
use std::process::Command;

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_peelhouse")).arg("rules").args(arguments).output().unwrap();
    let both = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(both).unwrap())
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn the_programs_own_rules_are_sound() {
    let (code, said) = run(&["check"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(", 0 problems"), "{said}");
}

#[test]
fn what_is_wrong_with_a_rule_is_told_with_its_place() {
    let scratch = tempfile::tempdir().unwrap();
    let head = "title: t\nlogsource: {category: webserver}\ndetection:\n  s:\n";
    let broken = write(scratch.path(), "broken.yml", &format!("{head}    cs-uri|contians: x\n  condition: s\n"));
    let samples = "peelhouse:\n  tests:\n    match: ['/y']\n    quiet: ['/x']\n";
    let wrong = write(scratch.path(), "wrong.yml", &format!("{head}    cs-uri|contains: x\n  condition: s\n{samples}"));
    let (code, said) = run(&["check", "--only", "--rules", scratch.path().to_str().unwrap()]);
    assert_eq!(code, Some(1));
    assert!(said.contains(&format!("{broken}:5: unknown modifier `contians`; did you mean `contains`?")), "{said}");
    assert!(said.contains(&format!("{wrong}:1: the rule misses /y")), "{said}");
    assert!(said.contains(&format!("{wrong}:1: the rule matches /x, which should be quiet")), "{said}");
    let (_, said) = run(&["list", "--only", "--rules", "/nowhere"]);
    assert!(said.contains("/nowhere: no .yml file"), "{said}");
}

#[test]
fn a_log_that_cannot_be_read_and_a_format_that_is_none_are_told() {
    let (code, said) = run(&["match", "/nowhere/access.log"]);
    assert_eq!(code, Some(3));
    assert!(said.contains("/nowhere/access.log"), "{said}");
    let (code, said) = run(&["match", "--format", "combinde", "/dev/null"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("there is no log format combinde; did you mean combined?"), "{said}");
}

#[test]
fn each_line_is_judged_by_itself() {
    let scratch = tempfile::tempdir().unwrap();
    let line = |target: &str| {
        format!("2001:db8::7 - - [22/Nov/2026:10:00:00 +0000] \"GET {target} HTTP/1.1\" 200 5 \"-\" \"Mozilla/5.0\"\n")
    };
    let text = [line("/"), line("/?id=1%27%20union%20select%20a,b%20from%20users"), line("/about")].concat();
    let log = write(scratch.path(), "access.log", &text);
    let (code, said) = run(&["match", "--json", &log]);
    assert_eq!(code, Some(0));
    let objects: Vec<serde_json::Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [only] = &objects[..] else { panic!("{said}") };
    assert_eq!((&only["line"], &only["client"]), (&2.into(), &"2001:db8::7".into()));
    assert_eq!((&only["class"], &only["alert"]), (&"sqli".into(), &true.into()));
    assert!(only["score"].as_f64().unwrap() >= 3.0);
    assert!(run(&["match", &log]).1.ends_with("1 of 3 lines match, 1 of them are alerts; 0 not understood\n"));
}

#[test]
fn an_exception_says_whom_it_spares_and_what_it_hides() {
    let scratch = tempfile::tempdir().unwrap();
    let line = |client: &str, second: u32, target: &str, status: u16| {
        format!(
            "{client} - - [22/Nov/2026:10:00:{second:02} +0000] \"GET {target} HTTP/1.1\" {status} 5 \"-\" \"Mozilla/5.0\"\n"
        )
    };
    let mut text: String = (0..25).map(|n| line("192.0.2.7", n, &format!("/lesson/{n}"), 200)).collect();
    text += &line("192.0.2.7", 30, "/it's?q=x'+union+select+password+from+users", 200);
    text += &line("203.0.113.9", 40, "/it's?q=x'+union+select+1,2,3,4,5", 404);
    let log = write(scratch.path(), "access.log", &text);
    let (code, said) = run(&["tune", &log]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("sqli-union-select at /it's: 1 lines of 1 good clients"), "{said}");
    assert!(said.contains("this filter would also hide 1 lines of 1 others:"), "{said}");
    assert!(said.contains("here: {cs-uri-stem: '/it''s'}"), "{said}");
}
