//! The checks at servers that run: what handshakes give away, and what the configuration says beside it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]
#![allow(clippy::disallowed_methods, reason = "tests start servers and read what they wrote")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// An nginx that ends with the test.
struct Nginx(Child);

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-QUIT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

/// One site that takes anonymous suites, one with what today's browsers know; none where nginx or openssl is missing.
fn start(dir: &Path, weak: u16, sound: u16) -> Option<Nginx> {
    let subject = ["-subj", "/CN=weak.test", "-days", "30", "-keyout", "key", "-out", "cert"];
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes"])
        .args(subject)
        .current_dir(dir)
        .stderr(Stdio::null())
        .status();
    made.ok().filter(|status| status.success())?;
    let tls = format!("ssl_certificate {0}/cert; ssl_certificate_key {0}/key; access_log off;", dir.display());
    let weak = format!(
        "server {{ listen 127.0.0.1:{weak} ssl; server_name weak.test; {tls} ssl_protocols TLSv1.2; \
         ssl_ciphers AECDH-AES128-SHA:AES128-SHA:@SECLEVEL=0; }}"
    );
    let sound = format!(
        "server {{ listen 127.0.0.1:{sound} ssl; server_name sound.test; {tls} ssl_protocols TLSv1.2 TLSv1.3; \
         ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256; ssl_session_tickets off; }}"
    );
    let text = format!("daemon off; pid pid; error_log e.log; events {{}}\nhttp {{\n{weak}\n{sound}\n}}\n");
    fs::write(dir.join("nginx.conf"), text).unwrap();
    let mut nginx = Command::new("nginx");
    nginx.arg("-p").arg(dir).args(["-e", "e.log", "-c", "nginx.conf"]).current_dir(dir);
    nginx.spawn().ok().map(Nginx)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn assess(site: &str) -> Vec<serde_json::Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_peelhouse"))
        .args(["assess", "--json", "--site", site, "tls-vulnerabilities", "tls-configuration", "identity-strings"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn texts<'o>(objects: &'o [serde_json::Value], measure: &str, verdict: &str) -> Vec<&'o str> {
    let of = objects.iter().filter(|object| object["measure"] == measure && object["verdict"] == verdict);
    of.map(|object| object["text"].as_str().unwrap()).collect()
}

#[test]
fn a_running_server_is_asked_by_handshake() {
    let scratch = tempfile::tempdir().unwrap();
    let (weak, sound) = (free_port(), free_port());
    let Some(_nginx) = start(scratch.path(), weak, sound) else {
        return println!("skipped: no nginx or openssl");
    };
    let up = |port| {
        (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(25));
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        })
    };
    assert!(up(weak) && up(sound), "nginx does not listen");
    let objects = assess("weak.test");
    let found = texts(&objects, "tls-vulnerabilities", "found");
    assert!(found.iter().any(|text| text.contains("without authentication")), "{objects:?}");
    let exchange = &objects.iter().find(|object| object["measure"] == "tls-vulnerabilities").unwrap()["evidence"][0];
    assert!(exchange["request"].as_str().unwrap().contains(&format!("127.0.0.1:{weak} as weak.test")), "{exchange}");
    let static_part = texts(&objects, "tls-configuration", "found");
    assert!(!static_part.is_empty(), "{objects:?}");
    let objects = assess("sound.test");
    assert_eq!(texts(&objects, "tls-vulnerabilities", "found"), [""; 0]);
    assert_eq!(texts(&objects, "tls-vulnerabilities", "in-place").len(), 1, "{objects:?}");
    assert_eq!(texts(&objects, "identity-strings", "found"), ["answers and error pages name the version of nginx"]);
}
