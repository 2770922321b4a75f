//! A guard whose state directory fails it, and one whose configuration does.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output};

use crate::tools::{PEELHOUSE, attack, finish, is_root, until};

/// A guard in namespaces of its own; ended when dropped.
pub struct Guard {
    pub dir: tempfile::TempDir,
    keeper: Option<Child>,
}

impl Guard {
    pub fn new() -> Option<Self> {
        if !is_root() {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        fs::create_dir(dir.path().join("state")).unwrap();
        let guard = Self { dir, keeper: None };
        fs::write(guard.path("access.log"), "").unwrap();
        guard.configure("");
        Some(guard)
    }

    pub fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn configure(&self, more: &str) {
        let log = format!("{more}\n[[log]]\npath = \"{}\"\n", self.path("access.log"));
        fs::write(self.path("peelhouse.toml"), log).unwrap();
    }

    /// Starts it after `first`, a shell command in its namespaces, and waits for its reader.
    pub fn start(&mut self, first: &str, mode: &str) {
        let said = fs::File::create(self.path("said")).unwrap();
        let errors = fs::File::create(self.path("errors")).unwrap();
        let (config, state) = (self.path("peelhouse.toml"), self.path("state"));
        let run = format!("{first} exec {PEELHOUSE} guard --json {mode} --config {config} --state {state}");
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "sh", "-ec", &run]);
        self.keeper = Some(command.stdout(said).stderr(errors).spawn().unwrap());
        self.wait_for("\"event\":\"reader\"");
    }

    pub fn said(&self) -> String {
        fs::read_to_string(self.path("said")).unwrap_or_default()
            + &fs::read_to_string(self.path("errors")).unwrap_or_default()
    }

    pub fn wait_for(&self, text: &str) {
        until(text, || self.said().contains(text).then_some(()));
    }

    pub fn append(&self, text: impl AsRef<[u8]>) {
        use std::io::Write as _;
        let mut log = fs::OpenOptions::new().append(true).open(self.path("access.log")).unwrap();
        log.write_all(text.as_ref()).unwrap();
    }

    fn pid(&self) -> String {
        self.keeper.as_ref().unwrap().id().to_string()
    }

    /// A command in the guard's own namespaces.
    fn inside(&self, command: &str) -> Output {
        finish(Command::new("nsenter").args(["-t", &self.pid(), "--net", "--mount", "sh", "-c", command]))
    }

    fn is_banned(&self, client: &str) -> bool {
        String::from_utf8_lossy(&self.inside("nft list ruleset").stdout).contains(client)
    }

    fn wait_banned(&self, client: &str) {
        until(&format!("the ban of {client}"), || self.is_banned(client).then_some(()));
    }

    pub fn kill(&mut self, signal: &str) {
        let Some(mut keeper) = self.keeper.take() else { return };
        let _ = finish(Command::new("kill").args([signal, &keeper.id().to_string()]));
        let _ = keeper.wait();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.kill("-KILL");
    }
}

/// An attack whose lines are so long that their evidence fills a disk soon.
fn heavy(from: &str) -> String {
    attack(from).replace("sqlmap/1.0", &format!("sqlmap/1.0 {}", "x".repeat(900)))
}

#[test]
fn a_full_disk_stops_no_ban_and_is_told_once_until_it_is_over() {
    let Some(mut guard) = Guard::new() else { return };
    let state = guard.path("state");
    guard.start(&format!("mount -t tmpfs -o size=1M tmpfs {state};"), "--enforce");
    guard.append(attack("203.0.113.1"));
    guard.wait_banned("203.0.113.1");
    guard.inside(&format!("cat /dev/zero > {state}/fill"));
    (1..150).for_each(|n| guard.append(heavy(&format!("198.51.100.{n}"))));
    guard.wait_banned("198.51.100.149");
    guard.wait_for("no room to write the store");
    guard.append(attack("203.0.113.2"));
    guard.wait_banned("203.0.113.2");
    // Now and then something small still finds room, and it begins anew; retries alone would say it once a second.
    let told = guard.said().matches("no room to write").count();
    let over = guard.said().matches("can be written again").count();
    assert_eq!(told, over + 1);
    // Room again: larger, as what waited needs more than there was.
    guard.inside(&format!("rm {state}/fill; mount -o remount,size=64M {state}"));
    for client in ["203.0.113.1\"", "203.0.113.2\"", "198.51.100.1\"", "198.51.100.149\""] {
        until(&format!("the record of {client}"), || {
            let bans = guard.inside(&format!("{PEELHOUSE} bans --json --state {state}"));
            String::from_utf8_lossy(&bans.stdout).contains(client).then_some(())
        });
    }
    guard.wait_for("the store can be written again");
}

#[test]
fn a_state_directory_that_cannot_be_written_is_named() {
    let Some(guard) = Guard::new() else { return };
    let (state, config) = (guard.path("state"), guard.path("peelhouse.toml"));
    let run = format!(
        "mount -t tmpfs -o ro tmpfs {state}; exec {PEELHOUSE} guard --observe --state {state} --config {config}"
    );
    let output = finish(Command::new("unshare").args(["--net", "--mount", "sh", "-ec", &run]));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains(&state) && stderr.contains("Read-only"), "{stderr}");
    assert_eq!(output.status.code(), Some(6));
}

#[test]
fn a_damaged_store_is_kept_aside_and_the_host_stays_guarded() {
    for damage in [&b"this was a database"[..], &[0; 8192], b"SQLite format 3\0\x10\0\x02\x02\0garbage"] {
        let Some(mut guard) = Guard::new() else { return };
        fs::write(guard.path("state/peelhouse.db"), damage).unwrap();
        guard.start("", "--enforce");
        guard.append(attack("203.0.113.1"));
        guard.wait_banned("203.0.113.1");
        let names: Vec<_> =
            fs::read_dir(guard.path("state")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        let aside = names.iter().find(|name| name.to_string_lossy().contains(".damaged-")).unwrap();
        assert_eq!(fs::read(Path::new(&guard.path("state")).join(aside)).unwrap(), damage);
        assert!(guard.said().contains("is damaged"), "{}", guard.said());
    }
}

#[test]
fn a_damaged_memory_is_told_and_loses_no_ban() {
    let Some(mut guard) = Guard::new() else { return };
    guard.start("", "--enforce");
    guard.append(attack("203.0.113.1"));
    guard.wait_banned("203.0.113.1");
    guard.wait_for("\"event\":\"decision\"");
    guard.kill("-TERM");
    let store = rusqlite::Connection::open(guard.path("state/peelhouse.db")).unwrap();
    let changed = store.execute("UPDATE checkpoint SET snapshot = zeroblob(length(snapshot))", []).unwrap();
    assert_eq!(changed, 1);
    drop(store);
    // A new network namespace: the kernel knows nothing, the store does.
    guard.start("", "--enforce");
    guard.wait_banned("203.0.113.1");
    guard.wait_for("what was remembered cannot be read");
    guard.append(attack("203.0.113.2"));
    guard.wait_banned("203.0.113.2");
}

#[test]
fn a_mistake_in_the_configuration_does_not_end_a_guard_at_a_reload() {
    let Some(mut guard) = Guard::new() else { return };
    guard.start("", "--enforce");
    guard.configure("[polcy]");
    assert!(finish(Command::new("kill").args(["-HUP", &guard.pid()])).status.success());
    guard.wait_for("unknown field `polcy`");
    guard.append(attack("203.0.113.1"));
    guard.wait_banned("203.0.113.1");
    assert!(guard.said().contains("stays in force"));
}

#[test]
fn what_is_no_log_is_told_and_the_others_are_followed() {
    let Some(mut guard) = Guard::new() else { return };
    let fifo = guard.path("access.log.fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o644), 0)
        .unwrap();
    fs::create_dir(guard.path("dir.log")).unwrap();
    let others: String = [&*fifo, &guard.path("dir.log"), "/dev/zero"]
        .iter()
        .fold(String::new(), |all, path| all + &format!("[[log]]\npath = \"{path}\"\n"));
    guard.configure(&others);
    guard.start("", "--enforce");
    guard.append(attack("203.0.113.1"));
    guard.wait_banned("203.0.113.1");
    for said in ["is a FIFO", "is a directory", "is a device"] {
        guard.wait_for(said);
    }
}

#[test]
fn an_attackers_text_leaves_the_guard_harmless() {
    let Some(mut guard) = Guard::new() else { return };
    let hostile = "\u{1b}[2J\u{9b}31m\u{202e}";
    guard.start("", "--enforce");
    guard.append(attack("203.0.113.1").replace("sqlmap/1.0", hostile));
    guard.wait_banned("203.0.113.1");
    guard.wait_for("\"event\":\"decision\"");
    let state = guard.path("state");
    let mut said = guard.said();
    for arguments in ["why 203.0.113.1", "why --json 203.0.113.1", "bans", "bans --json"] {
        let output = guard.inside(&format!("{PEELHOUSE} {arguments} --color never --state {state}"));
        assert!(output.status.success());
        said += &String::from_utf8(output.stdout).unwrap();
    }
    assert!(said.contains("UNION"));
    assert_eq!(said.chars().find(|c| (*c != '\n' && c.is_control()) || *c == '\u{202e}'), None);
}
