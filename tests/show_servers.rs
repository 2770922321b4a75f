//! `peelhouse sites` and `peelhouse config` as a user or a program calls them.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test runs the program")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn peelhouse(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_peelhouse")).args(args).output().unwrap()
}

fn fixture(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts").join(path).display().to_string()
}

fn objects(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn sites_gives_programs_one_object_a_server_and_a_site() {
    let shown = peelhouse(&["sites", "--json", "--root", &fixture("nginx-debian")]);
    assert!(shown.status.success());
    let objects = objects(&shown);
    let whats: Vec<&str> = objects.iter().map(|object| object["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["server", "site", "site"]);
    assert_eq!((&objects[0]["kind"], &objects[0]["running"]), (&Value::from("nginx"), &Value::from(700)));
    assert_eq!(objects[2]["names"][0], "shop.example.org");
    assert_eq!(objects[2]["logs"][0]["format"]["syntax"], "nginx-json");
}

#[test]
fn sites_fits_a_hundred_columns_and_says_problems_with_their_place() {
    for host in ["nginx-debian", "tomcat-debian"] {
        let shown = peelhouse(&["sites", "--root", &fixture(host)]);
        let text = String::from_utf8_lossy(&shown.stdout).into_owned();
        let tables = text.lines().filter(|line| line.starts_with([' ', '─', '═']));
        let widest = tables.map(|line| line.chars().count()).max().unwrap();
        assert!((50..=100).contains(&widest), "{widest} columns:\n{text}");
        assert!(
            text.contains(":6: port 8009 speaks AJP") || text.contains("nginx.conf:11: set_real_ip_from"),
            "{text}"
        );
    }
}

#[test]
fn sites_of_a_host_without_servers_says_so() {
    let scratch = tempfile::tempdir().unwrap();
    let shown = peelhouse(&["sites", "--root", &scratch.path().display().to_string()]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&shown.stdout).starts_with("no web server was found"));
}

#[test]
fn config_prints_any_file_back_byte_for_byte() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("odd.conf");
    let bytes: Vec<u8> = (0..=255).chain(*b"\nserver { listen 80; # \xff\r\n\0}").collect();
    std::fs::write(&path, &bytes).unwrap();
    let path = path.display().to_string();
    assert_eq!(peelhouse(&["config", "--server", "nginx", "--print", &path]).stdout, bytes);
    let shown = peelhouse(&["config", "--server", "nginx", &path]);
    assert!(!shown.stdout.iter().any(|byte| *byte < b' ' && *byte != b'\n'), "control characters reach the terminal");
}

#[test]
fn config_follows_includes_and_reports_what_it_cannot_read() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("nginx.conf");
    std::fs::write(&path, "user www;\ninclude gone.conf;\n").unwrap();
    let shown = peelhouse(&["config", "--follow", "--json", &path.display().to_string()]);
    assert_eq!(shown.status.code(), Some(1));
    let objects = objects(&shown);
    assert_eq!((&objects[0]["name"], &objects[0]["line"]), (&Value::from("user"), &Value::from(1)));
    assert!(objects[1]["error"].as_str().unwrap().contains("nginx.conf:2: include"), "{objects:?}");
}
