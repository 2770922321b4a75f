//! Certificates that are wrong on purpose, and one that is right.

use std::process::Command;

use crate::server::{KEYS, has, look, start};

#[test]
fn a_short_key_an_old_signature_and_other_names_are_told() {
    if !has("openssl") {
        return;
    }
    let (key, certificate, config) = (KEYS.path("short.key"), KEYS.path("short.pem"), KEYS.path("weak.cnf"));
    let line =
        ["openssl", "s_server", "-accept", "127.0.0.1:PORT", "-key", &key, "-cert", &certificate, "-www", "-quiet"];
    let report =
        look(&start(&[line.as_slice(), &["-cipher", "DEFAULT:@SECLEVEL=0"]].concat(), &[("OPENSSL_CONF", &config)]));
    let seen = &report["certificate"];
    assert_eq!((seen["key_bits"].as_u64(), seen["name_matches"].as_bool()), (Some(1024), Some(false)));
    assert_eq!(seen["names"][0], "other.example");
    assert!(seen["signature"].as_str().unwrap().to_lowercase().starts_with("sha1"), "{seen}");
    assert!((8..=9).contains(&seen["days_left"].as_i64().unwrap()), "{seen}");
    let reasons = report["grade"]["reasons"].to_string();
    for reason in ["other names", "sha1", "RSA key has 1024 bits", "signed by itself"] {
        assert!(reasons.contains(reason), "{reason}: {reasons}");
    }
    assert_eq!(report["grade"]["letter"], "M");
}

#[test]
fn a_chain_of_an_unknown_authority_is_read_whole_and_in_its_order() {
    if !has("openssl") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let script = "
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 90 -subj '/CN=test authority'
        openssl req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=localhost
        printf 'subjectAltName=DNS:localhost' > ext
        openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 60 -extfile ext -out leaf.pem
        printf 'V\t351231235959Z\t\t%s\tunknown\t/CN=localhost\n' $(openssl x509 -in leaf.pem -noout -serial | cut -d= -f2) > index
        openssl ocsp -index index -CA ca.pem -rsigner ca.pem -rkey ca.key -issuer ca.pem -cert leaf.pem -respout ocsp.der
    ";
    assert!(Command::new("sh").args(["-ec", script]).current_dir(dir.path()).output().unwrap().status.success());
    let path = |name: &str| dir.path().join(name).display().to_string();
    let (key, leaf, authority, status) = (path("leaf.key"), path("leaf.pem"), path("ca.pem"), path("ocsp.der"));
    let more = ["-key", &key, "-cert", &leaf, "-cert_chain", &authority, "-status_file", &status];
    let line = ["openssl", "s_server", "-accept", "127.0.0.1:PORT", "-www", "-quiet"];
    let report = look(&start(&[line.as_slice(), more.as_slice()].concat(), &[]));
    let seen = &report["certificate"];
    assert_eq!((seen["sent"].as_u64(), seen["in_order"].as_bool()), (Some(2), Some(true)));
    assert_eq!(seen["authorities"][0], "test authority");
    assert_eq!((seen["self_signed"].as_bool(), seen["trusted"].as_bool()), (Some(false), Some(false)));
    assert!(seen["distrusted_because"].as_str().unwrap().contains("no root"), "{seen}");
    assert_eq!(seen["name_matches"], true);
    assert_eq!(report["features"]["ocsp_stapled"], true);
}
