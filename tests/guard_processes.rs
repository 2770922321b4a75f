//! The guard as two real processes, in a network namespace of its own: confined, enforcing, and back after a kill.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test starts programs, reads files, and fails where it cannot"
)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const ATTACKER: &str = "203.0.113.8";

/// A running guard with a log of its own; ended when dropped.
struct Guard {
    dir: tempfile::TempDir,
    keeper: Child,
}

impl Guard {
    fn start(mode: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() || !Path::new("/usr/sbin/nft").exists() {
            eprintln!("skipped: needs root and nft");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        fs::write(dir.path().join("access.log"), "").unwrap();
        let config = format!("[[log]]\npath = \"{}/access.log\"\n", dir.path().display());
        fs::write(dir.path().join("peelhouse.toml"), config).unwrap();
        let keeper = keeper(dir.path(), mode, "--net");
        let guard = Self { dir, keeper };
        guard.wait_for_reader();
        Some(guard)
    }

    /// Another keeper in the namespace of the one that was killed; `hold` keeps it alive.
    fn again(&mut self, mode: &str, hold: &Child) {
        let net = format!("--net=/proc/{}/ns/net", hold.id());
        self.keeper = enter(self.dir.path(), mode, &net);
        self.wait_for_reader();
    }

    fn wait_for_reader(&self) {
        until("a confined reader", || self.said().contains("\"event\":\"reader\"").then_some(()));
    }

    fn said(&self) -> String {
        fs::read_to_string(self.dir.path().join("said")).unwrap_or_default()
    }

    fn reader(&self) -> u32 {
        until("the reader's process", || {
            let children = format!("/proc/{0}/task/{0}/children", self.keeper.id());
            fs::read_to_string(children).ok()?.split_whitespace().next()?.parse().ok()
        })
    }

    fn attack(&self, from: &str, requests: std::ops::Range<u32>) {
        let stamp = Command::new("date").args(["-u", "+%d/%b/%Y:%H:%M:%S +0000"]).output().unwrap().stdout;
        let stamp = String::from_utf8(stamp).unwrap();
        let mut log = fs::OpenOptions::new().append(true).open(self.dir.path().join("access.log")).unwrap();
        for n in requests {
            let request = format!("GET /?id={n}%27%20UNION%20SELECT%20password%20FROM%20users-- HTTP/1.1");
            writeln!(log, "{from} - - [{}] \"{request}\" 404 5 \"-\" \"sqlmap/1.0\"", stamp.trim()).unwrap();
        }
    }

    fn in_kernel(&self, pid: u32, address: &str) -> bool {
        let target = pid.to_string();
        let list = run("nsenter", &["-t", &target, "-n", "nft", "list", "set", "inet", "peelhouse", "drop4"]);
        String::from_utf8_lossy(&list.stdout).contains(address)
    }

    fn wait_banned(&self, pid: u32, address: &str) {
        until("the ban in the kernel", || self.in_kernel(pid, address).then_some(()));
    }

    /// What `why` says of a ban, asked in the guard's own network.
    fn proof(&self, who: &str) -> String {
        let (target, state) = (self.keeper.id().to_string(), self.dir.path().join("state"));
        let told = Command::new("nsenter")
            .args(["-t", &target, "-n", env!("CARGO_BIN_EXE_peelhouse"), "why", who, "--json", "--state"])
            .arg(state)
            .output()
            .unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        let proof = told.split("\"proof\":\"").nth(1).unwrap_or_default();
        proof.split('"').next().unwrap_or_default().to_owned()
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        let state = self.dir.path().join("state");
        Command::new(env!("CARGO_BIN_EXE_peelhouse")).args(arguments).arg("--state").arg(state).output().unwrap()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

fn keeper(dir: &Path, mode: &str, net: &str) -> Child {
    start("unshare", dir, mode, net)
}

fn enter(dir: &Path, mode: &str, net: &str) -> Child {
    start("nsenter", dir, mode, net)
}

fn start(program: &str, dir: &Path, mode: &str, net: &str) -> Child {
    let said = fs::File::create(dir.join("said")).unwrap();
    let config: PathBuf = dir.join("peelhouse.toml");
    Command::new(program)
        .args([net, env!("CARGO_BIN_EXE_peelhouse"), "guard", "--json", mode, "--state"])
        .arg(dir.join("state"))
        .arg("--config")
        .arg(config)
        .stdout(said)
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn field(status: &str, name: &str) -> String {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().unwrap_or_default().to_owned()
}

#[test]
fn the_reader_keeps_nothing_but_the_right_to_read() {
    let Some(guard) = Guard::start("--observe") else { return };
    let status = fs::read_to_string(format!("/proc/{}/status", guard.reader())).unwrap();
    assert_ne!(field(&status, "Uid:"), "0");
    assert_ne!(field(&status, "Gid:"), "0");
    for set in ["CapEff:", "CapPrm:", "CapBnd:"] {
        assert_eq!(field(&status, set), "0000000000000004", "{set} is CAP_DAC_READ_SEARCH alone");
    }
    assert_eq!(field(&status, "CapInh:"), "0000000000000000");
    assert_eq!(field(&status, "NoNewPrivs:"), "1");
    assert_eq!(field(&status, "Seccomp:"), "2");
}

#[test]
fn an_attack_is_banned_and_a_killed_reader_misses_nothing() {
    let Some(guard) = Guard::start("--enforce") else { return };
    let keeper = guard.keeper.id();
    guard.attack(ATTACKER, 0..20);
    guard.wait_banned(keeper, ATTACKER);
    let reader = guard.reader().to_string();
    assert!(run("kill", &["-9", &reader]).status.success());
    // Written while nobody reads: the next reader has to catch up.
    guard.attack("203.0.113.9", 0..20);
    guard.wait_banned(keeper, "203.0.113.9");
    let why = guard.ask(&["why", ATTACKER, "--json"]);
    let why = String::from_utf8(why.stdout).unwrap();
    assert!(why.contains("UNION") && why.contains("access.log"), "{why}");
    assert!(guard.proof(ATTACKER).starts_with("not tried since"), "{}", guard.proof(ATTACKER));
    let target = keeper.to_string();
    run("nsenter", &["-t", &target, "-n", "nft", "delete element inet peelhouse drop4 { 203.0.113.8 }"]);
    assert!(guard.proof(ATTACKER).contains("its element is gone"), "{}", guard.proof(ATTACKER));
    assert!(guard.ask(&["unban", ATTACKER]).status.success());
    assert!(!guard.in_kernel(keeper, ATTACKER));
    assert!(guard.in_kernel(keeper, "203.0.113.9"));
}

#[test]
fn whoever_was_freed_is_banned_again_for_what_follows_alone() {
    let Some(guard) = Guard::start("--enforce") else { return };
    let keeper = guard.keeper.id();
    guard.attack(ATTACKER, 0..20);
    guard.wait_banned(keeper, ATTACKER);
    assert!(guard.ask(&["unban", ATTACKER]).status.success());
    assert!(!guard.in_kernel(keeper, ATTACKER));
    // The log tells whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    let before = guard.said().len();
    guard.attack(ATTACKER, 1000..1020);
    guard.wait_banned(keeper, ATTACKER);
    let told = until("the second decision", || {
        let said = guard.said().split_off(before);
        said.contains("\"event\":\"decision\"").then_some(said)
    });
    assert!(told.contains("GET /?id=10") && !told.contains("GET /?id=1%27"), "{told}");
}

#[test]
fn bans_outlive_a_killed_keeper_and_the_next_one_takes_over() {
    let Some(mut guard) = Guard::start("--enforce") else { return };
    guard.attack(ATTACKER, 0..20);
    guard.wait_banned(guard.keeper.id(), ATTACKER);
    until("the ban in the store", || {
        String::from_utf8_lossy(&guard.ask(&["bans", "--json"]).stdout).contains(ATTACKER).then_some(())
    });
    let net = format!("--net=/proc/{}/ns/net", guard.keeper.id());
    let mut hold = Command::new("nsenter").args([&net, "sleep", "60"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let reader = guard.reader();
    guard.keeper.kill().unwrap();
    guard.keeper.wait().unwrap();
    until("the end of the orphaned reader", || (!Path::new(&format!("/proc/{reader}")).exists()).then_some(()));
    assert!(guard.in_kernel(hold.id(), ATTACKER), "the kernel holds the ban without us");
    guard.attack("203.0.113.9", 0..20);
    guard.again("--enforce", &hold);
    guard.wait_banned(hold.id(), "203.0.113.9");
    assert!(guard.in_kernel(hold.id(), ATTACKER));
    let bans = String::from_utf8(guard.ask(&["bans", "--json"]).stdout).unwrap();
    assert_eq!(bans.matches(ATTACKER).count(), bans.lines().filter(|line| line.contains(ATTACKER)).count());
    let _ = hold.kill();
    let _ = hold.wait();
}

#[test]
fn observing_decides_and_changes_nothing() {
    let Some(guard) = Guard::start("--observe") else { return };
    guard.attack(ATTACKER, 0..20);
    until("a decision", || guard.said().contains("\"event\":\"decision\"").then_some(()));
    let target = guard.keeper.id().to_string();
    let tables = run("nsenter", &["-t", &target, "-n", "nft", "list", "tables"]);
    assert!(tables.status.success() && tables.stdout.is_empty());
}

#[test]
fn a_second_guard_is_refused() {
    let Some(guard) = Guard::start("--observe") else { return };
    let second = guard.ask(&["guard", "--observe"]);
    assert_eq!(second.status.code(), Some(5), "{}", String::from_utf8_lossy(&second.stderr));
}

#[test]
fn logins_come_from_the_journal_where_no_file_has_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let Some(mut guard) = Guard::start("--observe") else { return };
    guard.keeper.kill().unwrap();
    guard.keeper.wait().unwrap();
    let at = guard.dir.path().to_owned();
    let stamp = Command::new("date").args(["+%s%6N"]).output().unwrap().stdout;
    let stamp = String::from_utf8(stamp).unwrap();
    let entry = |number: u32| {
        let words = "Failed password for root from 203.0.113.8 port 4711 ssh2";
        let stamp = stamp.trim();
        format!("__CURSOR=c{number}\\n__REALTIME_TIMESTAMP={stamp}\\n_COMM=sshd\\n_UID=0\\nMESSAGE={words}\\n\\n")
    };
    let entries: String = (1..=30).map(entry).collect();
    let dir = at.display();
    let script = format!("#!/bin/sh\necho \"$@\" >> {dir}/args\nprintf '{entries}'\nexec sleep 60\n");
    fs::write(at.join("journalctl"), script).unwrap();
    fs::set_permissions(at.join("journalctl"), fs::Permissions::from_mode(0o755)).unwrap();
    let peelhouse = env!("CARGO_BIN_EXE_peelhouse");
    let stage = format!(
        "mount -t tmpfs none /var/log && mkdir -p /var/log/journal/x && touch /var/log/journal/x/system.journal && \
         PATH={dir}:$PATH exec {peelhouse} guard --json --observe --state {dir}/state --config {dir}/peelhouse.toml"
    );
    let said = fs::File::create(at.join("said")).unwrap();
    let unshare = ["--net", "--mount", "sh", "-c", &stage];
    guard.keeper = Command::new("unshare").args(unshare).stdout(said).stderr(Stdio::null()).spawn().unwrap();
    until("a decision about who tried passwords", || {
        let said = guard.said();
        let mut lines = said.lines();
        lines.any(|line| line.contains("\"event\":\"decision\"") && line.contains(ATTACKER)).then_some(())
    });
    let why = String::from_utf8(guard.ask(&["why", ATTACKER, "--json"]).stdout).unwrap();
    assert!(why.contains("Failed password for root"), "{why}");
    assert!(why.contains("\"file\":\"journal\""), "{why}");
    assert!(run("kill", &["-HUP", &guard.keeper.id().to_string()]).status.success());
    until("the next journalctl begins at the cursor", || {
        fs::read_to_string(at.join("args")).unwrap_or_default().contains("--after-cursor=c30").then_some(())
    });
}

#[test]
fn a_reload_follows_what_the_configuration_now_says() {
    let Some(guard) = Guard::start("--enforce") else { return };
    guard.attack(ATTACKER, 0..20);
    guard.wait_banned(guard.keeper.id(), ATTACKER);
    let dir = guard.dir.path();
    let config = format!(
        "[[log]]\npath = \"{0}/access.log\"\n[[log]]\npath = \"{0}/second.log\"\n\
         [[policy.allow]]\nnets = [\"203.0.113.9/32\"]\nreason = \"ours\"\n",
        dir.display()
    );
    fs::write(dir.join("second.log"), "").unwrap();
    fs::write(dir.join("peelhouse.toml"), config).unwrap();
    let readers = || guard.said().matches("\"event\":\"reader\"").count();
    let before = readers();
    assert!(run("kill", &["-HUP", &guard.keeper.id().to_string()]).status.success());
    until("the reader of the new configuration", || (readers() > before).then_some(()));
    assert!(guard.said().contains("second.log"));
    assert!(guard.in_kernel(guard.keeper.id(), ATTACKER), "a reload frees nobody");
    guard.attack("203.0.113.9", 0..20);
    guard.attack("203.0.113.10", 0..20);
    guard.wait_banned(guard.keeper.id(), "203.0.113.10");
    assert!(!guard.in_kernel(guard.keeper.id(), "203.0.113.9"), "the new configuration allows it");
}
