//! Runs the program with a limit of time, and reads what it says.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

pub const PEELHOUSE: &str = env!("CARGO_BIN_EXE_peelhouse");
/// Only a hang takes so long.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn peelhouse(arguments: &[&str]) -> Output {
    finish(Command::new(PEELHOUSE).args(arguments))
}

/// Runs it to its end; what hangs is killed and fails the test.
pub fn finish(command: &mut Command) -> Output {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (out, err) = (drain(child.stdout.take().unwrap()), drain(child.stderr.take().unwrap()));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            panic!("hangs: {command:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Output { status, stdout: out.join().unwrap(), stderr: err.join().unwrap() }
}

fn drain(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

/// A replay as objects, the summary apart, and the exit code.
pub struct Replay {
    pub code: i32,
    pub decisions: Vec<Value>,
    pub summary: Value,
}

pub fn replay(log: &Path) -> Replay {
    replay_with(&[], log)
}

pub fn replay_with(options: &[&str], log: &Path) -> Replay {
    let arguments = [&["replay", "--json"], options, &[log.to_str().unwrap()]].concat();
    let output = peelhouse(&arguments);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let mut decisions: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = decisions.pop().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    Replay { code: output.status.code().unwrap(), decisions, summary: last["summary"].clone() }
}

impl Replay {
    /// Everybody who would have been banned or limited.
    pub fn stopped(&self) -> BTreeSet<String> {
        let stopped = self.decisions.iter().filter(|decision| decision["action"] != "tell");
        stopped.map(|decision| decision["client"].as_str().unwrap().to_owned()).collect()
    }

    pub fn problems(&self) -> String {
        self.summary["problems"].to_string()
    }
}

pub fn set(clients: &[&str]) -> BTreeSet<String> {
    clients.iter().map(|client| (*client).to_owned()).collect()
}

/// Twenty combined lines that any rule set bans, one a second.
pub fn attack(from: &str) -> String {
    let mut lines = String::new();
    for n in 0..20 {
        let probe = format!("GET /?id={n}%27%20UNION%20SELECT%20password%20FROM%20users-- HTTP/1.1");
        let _ = writeln!(lines, "{from} - - [22/Nov/2026:08:00:{n:02} +0000] \"{probe}\" 404 5 \"-\" \"sqlmap/1.0\"");
    }
    lines
}

pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Root that can make namespaces; says so where not.
pub fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root() && Path::new("/usr/sbin/nft").exists();
    if !root {
        eprintln!("skipped: needs root and nft");
    }
    root
}
