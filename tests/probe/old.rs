//! Servers of the past, where they are here: what each can serve is known (`../shared/tls-servers/README.md`).

use crate::server::{counts, look, old_parts, set, start, weak};

fn counted<const COUNT: usize>(all: [(&str, usize); COUNT]) -> std::collections::BTreeMap<String, usize> {
    all.map(|(version, count)| (version.to_owned(), count)).into()
}

/// An old libssl through ctypes.
fn old_openssl(library: &str, prime: &str) -> Option<serde_json::Value> {
    let (parts, scripts) = old_parts()?;
    let path = |name: &str| parts.join(name).display().to_string();
    let (script, library) = (scripts.join("old_openssl_server.py").display().to_string(), path(library));
    let (certificate, key, prime) = (path("rsa2048.pem"), path("rsa2048.key"), path(prime));
    let line = [
        "/usr/bin/python3",
        &script,
        "--libs",
        &library,
        "--port",
        "PORT",
        "--cert",
        &certificate,
        "--key",
        &key,
        "--unsafe-reneg",
        "--dh",
        &prime,
    ];
    Some(look(&start(&line, &[("LD_LIBRARY_PATH", &library)])))
}

fn node(version: &str, more: &[&str]) -> Option<serde_json::Value> {
    let (parts, scripts) = old_parts()?;
    let path = |name: &str| parts.join(name).display().to_string();
    let (program, script) = (path(&format!("node-{version}")), scripts.join("node_server.js").display().to_string());
    let (certificate, key) = (path("rsa2048.pem"), path("rsa2048.key"));
    let line = [&program, &script, "PORT", &certificate, &key];
    Some(look(&start(&[line.as_slice(), more].concat(), &[])))
}

#[test]
fn openssl_098_has_ssl2_and_everything_of_export() {
    let Some(report) = old_openssl("ossl098e", "dh512.pem") else { return };
    assert_eq!(counts(&report), counted([("SSLv2", 3), ("SSLv3", 23), ("TLSv1.0", 23)]));
    let all = [
        "ssl2",
        "drown",
        "null-cipher",
        "anonymous",
        "export",
        "freak",
        "logjam",
        "weak-cipher",
        "poodle",
        "ssl3",
        "rc4",
        "sweet32",
        "beast",
        "old-tls",
    ];
    assert_eq!(weak(&report), set(all));
    assert_eq!(report["primes"][0]["bits"], 512);
}

#[test]
fn openssl_102_compresses() {
    let Some(report) = old_openssl("ossl102l", "dh1024.pem") else { return };
    assert_eq!(counts(&report), counted([("SSLv3", 34), ("TLSv1.0", 34), ("TLSv1.1", 34), ("TLSv1.2", 51)]));
    let all = ["null-cipher", "anonymous", "logjam", "poodle", "ssl3", "rc4", "crime", "sweet32", "beast", "old-tls"];
    assert_eq!(weak(&report), set(all));
}

// OpenSSL had CCS injection until 1.0.0m and 1.0.1h, Heartbleed from 1.0.1 to 1.0.1f.
const NODE: [&str; 13] = [
    "ssl2",
    "drown",
    "ccs-injection",
    "null-cipher",
    "export",
    "weak-cipher",
    "poodle",
    "ssl3",
    "rc4",
    "sweet32",
    "beast",
    "old-tls",
    "fallback",
];

#[test]
fn only_the_node_with_heartbleed_bleeds() {
    let Some(bleeding) = node("0.10.0", &[]) else { return };
    let mut with = set(NODE);
    with.insert("heartbleed".to_owned());
    assert_eq!(weak(&bleeding), with);
    for fixed in ["0.8.6", "0.10.28"] {
        assert_eq!(weak(&node(fixed, &[]).unwrap()), set(NODE), "node {fixed}");
    }
}

#[test]
fn node_0_12_has_no_ssl2() {
    let Some((parts, _)) = old_parts() else { return };
    let prime = parts.join("dh1024.pem").display().to_string();
    let report = node("0.12.18", &["ALL:COMPLEMENTOFALL", "SSLv23_method", &prime]).unwrap();
    let all = ["null-cipher", "anonymous", "logjam", "poodle", "ssl3", "rc4", "sweet32", "beast", "old-tls"];
    assert_eq!(weak(&report), set(all));
}

#[test]
fn java_with_every_ban_lifted() {
    let Some((parts, _)) = old_parts() else { return };
    let path = |name: &str| parts.join(name).display().to_string();
    let (parts, store) = (parts.display().to_string(), path("rsa2048.p12"));
    let security = format!("-Djava.security.properties=={}", path("java.weak"));
    let old = ["-Djdk.tls.ephemeralDHKeySize=legacy", "-Dsun.security.ssl.allowUnsafeRenegotiation=true"];
    let line =
        [&["java", &security], old.as_slice(), &["-cp", &parts, "JsseServer", "PORT", &store, "ALL", "ALL"]].concat();
    let report = look(&start(&line, &[]));
    let versions = [("SSLv3", 32), ("TLSv1.0", 32), ("TLSv1.1", 27), ("TLSv1.2", 43), ("TLSv1.3", 3)];
    assert_eq!(counts(&report), counted(versions));
    let all = [
        "null-cipher",
        "anonymous",
        "export",
        "freak",
        "logjam",
        "weak-cipher",
        "poodle",
        "ssl3",
        "rc4",
        "sweet32",
        "beast",
        "old-tls",
        "fallback",
    ];
    assert_eq!(weak(&report), set(all));
    assert_eq!(report["primes"][0]["known_as"], "RFC 2409 group 1");
}

#[test]
fn tlslite_speaks_ssl3_to_tls_13() {
    let Some((parts, scripts)) = old_parts() else { return };
    let path = |name: &str| parts.join(name).display().to_string();
    let script = scripts.join("tlslite_server.py").display().to_string();
    let (python, certificate, key) = (path("venv/bin/python"), path("rsa2048.pem"), path("rsa2048.key"));
    let report = look(&start(&[&python, &script, "PORT", &certificate, &key], &[]));
    let versions = [("SSLv3", 15), ("TLSv1.0", 15), ("TLSv1.1", 15), ("TLSv1.2", 30), ("TLSv1.3", 3)];
    assert_eq!(counts(&report), counted(versions));
    let all = ["null-cipher", "poodle", "ssl3", "rc4", "sweet32", "beast", "old-tls"];
    assert_eq!(weak(&report), set(all));
}

#[test]
fn a_server_that_tells_paddings_apart_has_robot() {
    let Some((parts, _)) = old_parts() else { return };
    let path = |name: &str| parts.join(name).display().to_string();
    let (python, certificate, key) = (path("venv/bin/python"), path("rsa2048.pem"), path("rsa2048.key"));
    let server = start(&[&python, "tests/probe/robot_server.py", "PORT", &certificate, &key], &[]);
    assert_eq!(weak(&look(&server)), set(["robot", "beast", "old-tls"]));
    let target = format!("localhost:{}", server.port);
    let theirs = std::process::Command::new(&python).args(["-m", "sslyze", "--robot", &target]).output().unwrap();
    assert!(String::from_utf8_lossy(&theirs.stdout).contains("VULNERABLE - Strong oracle"));
}
