//! Certificates that are wrong on purpose, and one that is right.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use peelhouse::host::{Host, clock};
use peelhouse::probe::tls::certificate::Chain;
use peelhouse::probe::tls::trust::Judge;
use peelhouse::probe::wire::Limits;

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
    let server = start(&[line.as_slice(), more.as_slice()].concat(), &[]);
    let report = look(&server);
    let seen = &report["certificate"];
    assert_eq!((seen["sent"].as_u64(), seen["in_order"].as_bool()), (Some(2), Some(true)));
    assert_eq!(seen["authorities"][0], "test authority");
    assert_eq!((seen["self_signed"].as_bool(), seen["trusted"].as_bool()), (Some(false), Some(false)));
    assert!(seen["distrusted_because"].as_str().unwrap().contains("no root"), "{seen}");
    assert_eq!(seen["name_matches"], true);
    assert_eq!(report["features"]["ocsp_stapled"], true);
    a_system_that_knows_the_authority_trusts_it(dir.path(), server.port);
}

fn a_system_that_knows_the_authority_trusts_it(dir: &Path, port: u16) {
    let roots = dir.join("etc/ssl/certs");
    std::fs::create_dir_all(&roots).unwrap();
    std::fs::copy(dir.join("ca.pem"), roots.join("ca-certificates.crt")).unwrap();
    let judge = Judge::of(&Host::recorded(dir), clock::now());
    let chain = |host: &str, judge: &Judge| {
        let target = format!("{host}:{port}").parse().unwrap();
        let report = peelhouse::probe::look(&target, &Limits::default(), judge);
        (report.certificate.unwrap(), report.grade.unwrap().letter)
    };
    let (good, letter) = chain("localhost", &judge);
    assert_eq!((good.trusted, good.name_matches, letter), (true, Some(true), "A"), "{good:?}");
    let (other, letter) = chain("127.0.0.1", &judge);
    assert_eq!((other.trusted, other.name_matches, letter), (true, Some(false), "M"));
    let later = Judge::of(&Host::recorded(dir), clock::now() + Duration::from_secs(90 * 86_400));
    let (expired, letter) = chain("localhost", &later);
    assert_eq!((expired.expired, expired.distrusted_because.as_deref(), letter), (true, Some("it has expired"), "T"));
}

#[test]
fn a_broken_certificate_is_an_error_or_an_answer_and_never_a_panic() {
    if !has("openssl") {
        return;
    }
    let der = Command::new("openssl")
        .args(["x509", "-outform", "DER", "-in", &KEYS.path("rsa.pem")])
        .output()
        .unwrap()
        .stdout;
    let judge = Judge::of(&Host::live(), clock::now());
    assert!(Chain::read(std::slice::from_ref(&der), "localhost", &judge).is_ok());
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut refused = 0;
    for _ in 0..3_000 {
        let mut broken = der.clone();
        for _ in 0..3 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let at = usize::try_from(seed >> 32).unwrap() % broken.len();
            broken[at] = seed.to_le_bytes()[0];
        }
        broken.truncate(if seed & 1 == 0 { broken.len() } else { usize::try_from(seed >> 40).unwrap() % broken.len() });
        refused += usize::from(Chain::read(&[broken.clone(), der.clone(), broken], "localhost", &judge).is_err());
    }
    assert!((1_000..3_000).contains(&refused), "{refused}");
}
