//! Servers for a test: started on a free port of the loopback, ended with it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A server that runs until it is dropped.
pub struct Server {
    child: Child,
    pub port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

pub fn has(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}

/// Starts a command line in which `PORT` is replaced, and waits until it listens.
pub fn start(line: &[&str], environment: &[(&str, &str)]) -> Server {
    start_on(free_port(), line, environment)
}

/// The same on a port that a configuration names already.
pub fn start_on(port: u16, line: &[&str], environment: &[(&str, &str)]) -> Server {
    let words: Vec<String> = line.iter().map(|word| word.replace("PORT", &port.to_string())).collect();
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).envs(environment.iter().copied());
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let server = Server { child, port };
    let until = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), Duration::from_secs(1)).is_err() {
        assert!(Instant::now() < until, "{} does not listen", words.join(" "));
        sleep(Duration::from_millis(50));
    }
    server
}

/// Stands before a server and lets so many connections through, those whose first bytes it likes; hangs up on others.
pub fn passing(behind: u16, count: usize, likes: fn(&[u8]) -> bool) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming().flatten().take(count) {
            thread::spawn(move || pass(&client, behind, likes));
        }
    });
    port
}

fn pass(client: &TcpStream, behind: u16, likes: fn(&[u8]) -> bool) -> std::io::Result<()> {
    let (mut up, mut down, mut hello) = (client.try_clone()?, client.try_clone()?, vec![0; 8 << 10]);
    let count = up.read(&mut hello)?;
    if !likes(&hello[..count]) {
        return client.shutdown(Shutdown::Both);
    }
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, behind))?;
    let (mut to, mut from) = (server.try_clone()?, server.try_clone()?);
    to.write_all(&hello[..count])?;
    thread::spawn(move || {
        let _ = std::io::copy(&mut up, &mut to);
        server.shutdown(Shutdown::Both)
    });
    let _ = std::io::copy(&mut from, &mut down);
    client.shutdown(Shutdown::Both)
}

/// What the probe says of a target, as a program reads it.
pub fn probe(target: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_peelhouse")).args(["probe", "--json", target]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap()
}

/// What it says of a server here.
pub fn look(server: &Server) -> Value {
    let report = probe(&format!("localhost:{}", server.port));
    assert_eq!(report["verdict"], "seen", "{report}");
    report
}

/// The weaknesses found.
pub fn weak(report: &Value) -> BTreeSet<String> {
    let all = report["vulnerabilities"].as_array().unwrap();
    assert!(all.iter().all(|weak| weak["verdict"] != "could-not-look"), "{all:?}");
    all.iter().filter(|weak| weak["verdict"] == "found").map(|weak| weak["id"].as_str().unwrap().to_owned()).collect()
}

/// How many suites each version takes.
pub fn counts(report: &Value) -> BTreeMap<String, usize> {
    let suites = report["suites"].as_object().unwrap();
    suites.iter().map(|(version, names)| (version.clone(), names.as_array().unwrap().len())).collect()
}

pub fn set<const COUNT: usize>(names: [&str; COUNT]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

pub fn strings(list: &Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// Keys and certificates for all tests, made by openssl.
pub struct Keys {
    dir: tempfile::TempDir,
}

pub static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let dir = tempfile::tempdir().unwrap();
    let script = "
        S='-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1'
        openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.pem -days 90 $S
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ec.key -out ec.pem -days 90 $S
        openssl req -x509 -newkey rsa:1024 -nodes -keyout short.key -out short.pem -days 9 -sha1 -subj /CN=short -addext subjectAltName=DNS:other.example
        openssl dhparam -out dh1024.pem 1024
        printf 'openssl_conf = i\\n[i]\\nssl_conf = s\\n[s]\\nsystem_default = d\\n[d]\\nMinProtocol = None\\nCipherString = ALL:COMPLEMENTOFALL:@SECLEVEL=0\\n' > weak.cnf
    ";
    let made = Command::new("sh").args(["-ec", script]).current_dir(dir.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Keys { dir }
});

impl Keys {
    pub fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }
}

/// Where the parts of the old servers are, and their scripts; `None` (and said) where they are not.
pub fn old_parts() -> Option<(PathBuf, PathBuf)> {
    let scripts = std::fs::canonicalize("../shared/tls-servers").ok()?;
    let work = std::env::var("WORK").unwrap_or_else(|_| format!("{}/tls-servers", std::env::temp_dir().display()));
    let parts = Path::new(&work).join("tls");
    let there = parts.join("rsa2048.pem").is_file();
    if !there {
        eprintln!("skipped: {} has no servers; {}/setup.sh makes them", parts.display(), scripts.display());
    }
    there.then_some((parts, scripts))
}
