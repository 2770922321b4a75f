//! The same lists as sslscan and sslyze have, of the same servers, where those can look.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::server::{KEYS, has, look, old_parts, start, strings};

type Lists = BTreeMap<String, BTreeSet<String>>;

/// The suites that sslscan found, by version; it cannot look at SSLv2 and SSLv3.
fn sslscan(port: u16) -> (Lists, Lists) {
    let names: BTreeMap<u32, String> = std::fs::read_to_string("src/probe/data/suites.csv")
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut parts = line.split(',');
            (u32::from_str_radix(parts.next().unwrap(), 16).unwrap(), parts.next().unwrap().to_owned())
        })
        .collect();
    let output = Command::new("sslscan").args(["--xml=-", &format!("localhost:{port}")]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let text = &text[text.find("<?xml").unwrap()..];
    let document = roxmltree::Document::parse(text).unwrap();
    let (mut suites, mut groups) = (Lists::new(), Lists::new());
    for node in document.descendants() {
        let of = |name: &str| node.attribute(name).unwrap_or_default().to_owned();
        if node.has_tag_name("cipher") {
            let code = u32::from_str_radix(of("id").trim_start_matches("0x"), 16).unwrap();
            suites.entry(of("sslversion")).or_default().insert(names[&code].clone());
        } else if node.has_tag_name("group") {
            let name = of("name").split(' ').next().unwrap().to_lowercase();
            groups.entry(of("sslversion")).or_default().insert(name);
        }
    }
    (suites, groups)
}

fn ours(report: &Value, key: &str) -> Lists {
    report[key].as_object().unwrap().iter().map(|(version, names)| (version.clone(), strings(names))).collect()
}

fn serve(line: &[&str]) -> crate::server::Server {
    let config = KEYS.path("weak.cnf");
    start(line, &[("OPENSSL_CONF", &config)])
}

#[test]
fn sslscan_sees_the_same_suites_and_groups() {
    if !has("sslscan") || !has("openssl") || !has("gnutls-serv") {
        return;
    }
    let (key, certificate, prime) = (KEYS.path("rsa.key"), KEYS.path("rsa.pem"), KEYS.path("dh1024.pem"));
    let s_server =
        ["openssl", "s_server", "-accept", "127.0.0.1:PORT", "-key", &key, "-cert", &certificate, "-www", "-quiet"];
    let gnutls = ["gnutls-serv", "--http", "-p", "PORT", "--x509keyfile", &key, "--x509certfile", &certificate];
    let all = ["-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0", "-dhparam", &prime];
    let few = ["-cipher", "ECDHE+AESGCM", "-groups", "X25519:P-521", "-tls1_2"];
    let old =
        ["--priority", "NORMAL:+VERS-TLS1.0:+ARCFOUR-128:+3DES-CBC:+ANON-ECDH:+SIGN-RSA-SHA1:%VERIFY_ALLOW_BROKEN"];
    for line in
        [[s_server.as_slice(), &all].concat(), [s_server.as_slice(), &few].concat(), [gnutls.as_slice(), &old].concat()]
    {
        let server = serve(&line);
        let report = look(&server);
        let (suites, groups) = sslscan(server.port);
        assert!(!suites.is_empty());
        assert_eq!(ours(&report, "suites"), suites, "{line:?}");
        for (version, seen) in ours(&report, "groups") {
            assert_eq!(seen, groups.get(&version).cloned().unwrap_or_default(), "{version} {line:?}");
        }
    }
}

/// sslyze's own words for versions.
const VERSIONS: [(&str, &str); 6] = [
    ("ssl_2_0", "SSLv2"),
    ("ssl_3_0", "SSLv3"),
    ("tls_1_0", "TLSv1.0"),
    ("tls_1_1", "TLSv1.1"),
    ("tls_1_2", "TLSv1.2"),
    ("tls_1_3", "TLSv1.3"),
];

/// Its JSON, without the certificates: their numbers are larger than any type.
fn sslyze(python: &str, port: u16) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let out = format!("--json_out={}", file.path().display());
    Command::new(python).args(["-m", "sslyze", &format!("localhost:{port}"), &out]).output().unwrap();
    let strip = "import json,sys; r=json.load(open(sys.argv[1])); \
        [s['scan_result'].pop('certificate_info') for s in r['server_scan_results']]; print(json.dumps(r))";
    Command::new(python).args(["-c", strip, &file.path().display().to_string()]).output().unwrap().stdout
}

#[test]
fn sslyze_sees_the_same_suites_and_faults_of_old_servers() {
    let Some((parts, scripts)) = old_parts() else { return };
    let path = |name: &str| parts.join(name).display().to_string();
    let (python, certificate, key) = (path("venv/bin/python"), path("rsa2048.pem"), path("rsa2048.key"));
    let script = scripts.join("node_server.js").display().to_string();
    for node in ["node-0.10.0", "node-0.12.18"] {
        let program = path(node);
        let server = start(&[&program, &script, "PORT", &certificate, &key], &[]);
        let report = look(&server);
        let said: Value = serde_json::from_slice(&sslyze(&python, server.port)).unwrap();
        let said = &said["server_scan_results"][0]["scan_result"];
        let suites = ours(&report, "suites");
        for (theirs, version) in VERSIONS {
            let accepted =
                said[format!("{theirs}_cipher_suites")]["result"]["accepted_cipher_suites"].as_array().unwrap();
            let accepted: BTreeSet<String> =
                accepted.iter().map(|one| one["cipher_suite"]["name"].as_str().unwrap().to_owned()).collect();
            assert_eq!(suites.get(version).cloned().unwrap_or_default(), accepted, "{node} {version}");
        }
        let found = |id: &str| crate::server::weak(&report).contains(id);
        let fault = |check: &str, key: &str| said[check]["result"][key].as_bool().unwrap();
        assert_eq!(found("heartbleed"), fault("heartbleed", "is_vulnerable_to_heartbleed"), "{node}");
        // It goes by alerts, which this node swallows: it may miss what ours finds, not the other way round.
        assert!(found("ccs-injection") || !fault("openssl_ccs_injection", "is_vulnerable_to_ccs_injection"), "{node}");
        assert_eq!(found("crime"), fault("tls_compression", "supports_compression"), "{node}");
        assert_eq!(found("fallback"), !fault("tls_fallback_scsv", "supports_fallback_scsv"), "{node}");
        assert_eq!(said["robot"]["result"]["robot_result"], "NOT_VULNERABLE_NO_ORACLE");
        assert!(!found("robot"));
    }
}
