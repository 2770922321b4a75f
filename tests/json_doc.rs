//! docs/json.md against what the program prints: the keys named there are the keys that come.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test starts programs, reads files, and fails where it cannot"
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The keys that the page names for one kind of object of a verb.
fn named(verb: &str, kind: &str) -> BTreeSet<String> {
    let page = std::fs::read_to_string("docs/json.md").unwrap();
    let section = page.split("\n## ").find(|section| section.lines().next() == Some(verb)).unwrap().to_owned();
    let line = section.lines().find_map(|line| line.strip_prefix(&format!("- {kind}: "))).unwrap().to_owned();
    line.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn keys(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap().keys().cloned().collect()
}

/// The objects of a command line, run as `shell` has it.
fn objects(shell: &[&str], arguments: &[&str]) -> Vec<Value> {
    let line: Vec<&str> = [shell, &[env!("CARGO_BIN_EXE_peelhouse")], arguments, &["--json"]].concat();
    let output = Command::new(line[0]).args(&line[1..]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn peelhouse(arguments: &[&str]) -> Vec<Value> {
    objects(&["env"], arguments)
}

#[test]
fn sites() {
    let objects = peelhouse(&["sites", "--root", "tests/hosts/nginx-debian"]);
    for kind in ["server", "site"] {
        let object = objects.iter().find(|object| object["what"] == kind).unwrap();
        assert_eq!(keys(object), named("sites", kind));
    }
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(scratch.path().join("var/log")).unwrap();
    std::fs::write(scratch.path().join("var/log/auth.log"), "").unwrap();
    let logs = peelhouse(&["sites", "--root", scratch.path().to_str().unwrap()]);
    assert_eq!(keys(&logs[0]), named("sites", "log"));
}

#[test]
fn import() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir(scratch.path().join("filter.d")).unwrap();
    std::fs::write(scratch.path().join("filter.d/x.conf"), "[Definition]\nfailregex = ^x <HOST>$\n").unwrap();
    let jail = "[INCLUDES]\nbefore = gone.conf\n[x]\nfilter = x\nlogpath = /x\n";
    std::fs::write(scratch.path().join("jail.conf"), jail).unwrap();
    let objects = peelhouse(&["import", "fail2ban", scratch.path().to_str().unwrap()]);
    for kind in ["filter", "jail", "problem", "file"] {
        let object = objects.iter().find(|object| object["what"] == kind).unwrap();
        assert_eq!(keys(object), named("import", kind));
    }
}

#[test]
fn config() {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("nginx.conf");
    std::fs::write(&file, "server {\n listen 80;\n}\n}\n").unwrap();
    let objects = peelhouse(&["config", file.to_str().unwrap()]);
    assert_eq!(keys(&objects[0]), named("config", "setting"));
    assert_eq!(keys(objects.last().unwrap()), named("config", "error"));
}

#[test]
fn board_and_explain() {
    for row in peelhouse(&["board"]) {
        for site in row["sites"].as_array().unwrap() {
            let own: Vec<&str> = ["evidence", "findings", "cause", "reason"]
                .into_iter()
                .filter(|key| site.get(*key).is_some())
                .collect();
            assert_eq!(own.len(), 1, "one key goes with the verdict: {site}");
        }
        assert_eq!(keys(&row), named("board", "measure"));
    }
    for object in peelhouse(&["assess"]) {
        assert_eq!(keys(&object), named("assess", "finding"));
    }
    assert_eq!(keys(&peelhouse(&["explain", "odd-requests"])[0]), named("explain", "measure"));
    assert_eq!(keys(&peelhouse(&["explain", "secrets-dotenv"])[0]), named("explain", "rule"));
}

#[test]
fn replay() {
    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("access.log");
    let line = "203.0.113.8 - - [22/Nov/2026:08:00:01 +0000] \"GET /?id=# HTTP/1.1\" 404 5 \"-\" \"sqlmap/1.0\"\n";
    let attack = |n: u32| line.replace('#', &format!("{n}%27%20UNION%20SELECT%20password%20FROM%20users--"));
    std::fs::write(&log, (0..20).map(attack).collect::<String>()).unwrap();
    let objects = peelhouse(&["replay", log.to_str().unwrap()]);
    let (sum, decided) = objects.split_last().unwrap();
    assert!(!decided.is_empty());
    assert!(decided.iter().all(|object| keys(object) == named("replay", "decided")));
    assert_eq!(keys(sum), named("replay", "sum"));
    assert_eq!(keys(&sum["summary"]), named("replay", "summary"));
}

#[test]
fn rules() {
    let scratch = tempfile::tempdir().unwrap();
    let log = scratch.path().join("access.log");
    let line = |client: u8, target: &str, status: u16| {
        let home = "https://www.example.org/";
        format!(
            "192.0.2.{client} - - [22/Nov/2026:08:00:01 +0000] \"GET {target} HTTP/1.1\" {status} 5 \"{home}\" \"Mozilla/5.0\"\n"
        )
    };
    let reader = (0..30).map(|n| line(7, &format!("/page/{n}"), 200)).collect::<String>();
    let met = line(7, "/find?q=1%27+union+select+password+from+users", 200);
    std::fs::write(&log, reader + &met + &line(8, "/find?q=1%27+union+select+2,3,4,5", 404)).unwrap();
    let log = log.to_str().unwrap();
    let matched = peelhouse(&["rules", "match", log]);
    assert_eq!(matched.len(), 2);
    assert!(matched.iter().all(|object| keys(object) == named("rules match", "matched")));
    let proposals = peelhouse(&["rules", "tune", log]);
    assert!(!proposals.is_empty());
    assert!(proposals.iter().all(|object| keys(object) == named("rules tune", "proposal")));
    assert_eq!(keys(&peelhouse(&["rules", "list"])[0]), named("rules list", "rule"));
    std::fs::write(scratch.path().join("bad.yml"), "title: t\nlogsource: {category: webserver}\n").unwrap();
    let checked = peelhouse(&["rules", "check", "--only", "--rules", scratch.path().to_str().unwrap()]);
    assert_eq!(keys(&checked[0]), named("rules check", "problem"));
    assert_eq!(keys(checked.last().unwrap()), named("rules check", "summary"));
    let checked = peelhouse(&["rules", "check", "--only", "--rules", "rules/web/xss"]);
    assert_eq!(keys(&checked[0]), named("rules check", "cost"));
}

/// What a person orders, in a network of its own.
#[test]
fn orders() {
    if !Path::new("/usr/sbin/nft").exists() || !Command::new("unshare").args(["-n", "true"]).status().unwrap().success()
    {
        eprintln!("skipped: needs root and nftables");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let state = scratch.path().join("state");
    let alone =
        |arguments: &[&str]| objects(&["unshare", "-n"], &[arguments, &["--state", state.to_str().unwrap()]].concat());
    assert_eq!(keys(&alone(&["ban", "203.0.113.7", "--for", "1h"])[0]), named("ban, unban, allow", "answer"));
    assert_eq!(keys(&alone(&["bans"])[0]), named("bans", "decision"));
    assert_eq!(keys(&alone(&["why", "203.0.113.7"])[0]), named("why", "decision"));
    alone(&["allow", "add", "198.51.100.1"]);
    assert_eq!(keys(&alone(&["allow", "list"])[0]), named("allow list", "allowed"));
}
