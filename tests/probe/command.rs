//! The verb as a person or a program meets it.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use serde_json::Value;

use crate::server::{free_port, has};
use crate::system::openssl;

fn peelhouse(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peelhouse")).args(arguments).output().unwrap()
}

#[test]
fn many_targets_are_told_one_line_each_and_what_could_not_be_looked_at_counts() {
    if !has("openssl") {
        return;
    }
    let (server, nobody) = (openssl(&["-tls1_3"], &[]), free_port());
    let dir = tempfile::tempdir().unwrap();
    let list = dir.path().join("targets");
    std::fs::write(&list, format!("# two\nlocalhost:{}\n\nlocalhost:{nobody} # gone\n", server.port)).unwrap();
    let output = peelhouse(&["probe", "--file", list.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains(&format!("localhost:{nobody}  could not look: cannot connect")), "{text}");
    assert!(text.contains(&format!("T   localhost:{}  TLSv1.3  no known weakness", server.port)), "{text}");
}

#[test]
fn a_wrong_target_is_told_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let list = dir.path().join("targets");
    std::fs::write(&list, "localhost\nftp://h\n").unwrap();
    let output = peelhouse(&["probe", "--file", list.to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("targets:2: ftp://h is no target: only http and https are looked at"), "{said}");
    assert_eq!(peelhouse(&["probe", "a b"]).status.code(), Some(2));
    assert_eq!(peelhouse(&["probe"]).status.code(), Some(2));
}

#[test]
fn the_keys_are_those_of_the_page() {
    if !has("openssl") {
        return;
    }
    let page = std::fs::read_to_string("docs/json.md").unwrap();
    let section = page.split("\n## ").find(|section| section.starts_with("probe\n")).unwrap();
    let line = section.lines().find(|line| line.starts_with("- target: ")).unwrap();
    let named: BTreeSet<String> = line.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let server = openssl(&[], &[]);
    let target = format!("localhost:{}", server.port);
    let output = peelhouse(&["probe", "--json", &target]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(), named);
    let text = String::from_utf8(peelhouse(&["probe", "--suites", &target]).stdout).unwrap();
    for word in ["grade T", "signed by itself", "TLS_AES_256_GCM_SHA384", "connections"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}
