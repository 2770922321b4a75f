//! Who administers this host right now, and from where: locking them out would be worse than any attack.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::host::{Host, Process, utmp};

/// Addresses that a session of sshd or a login comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdminSessions {
    pub addresses: BTreeSet<IpAddr>,
    /// Sessions whose origin could not be read: there may be more addresses than are listed.
    pub problems: Vec<String>,
}

impl Host {
    /// Live sessions: the SSH_CONNECTION (ssh(1)) that sshd gave its children, and utmp(5) records of live processes.
    pub fn admin_sessions(&self) -> AdminSessions {
        let processes = self.processes();
        let mut found = AdminSessions::default();
        for process in processes.iter().filter(|process| is_session(process, &processes)) {
            let path = PathBuf::from(format!("/proc/{}/environ", process.pid));
            match self.read_file(&path) {
                Ok(environ) => found.addresses.extend(origin(&environ)),
                // It ended while we looked.
                Err(_) if !self.exists(&path) => {}
                Err(error) => found.problems.push(error.to_string()),
            }
        }
        let records = self.read_file(Path::new("/run/utmp")).unwrap_or_default();
        let live = |pid: i32| processes.iter().any(|process| process.pid == pid);
        found.addresses.extend(utmp::sessions(&records).filter(|it| live(it.pid)).map(|it| it.from));
        found
    }
}

/// A direct child of sshd that is not sshd itself: further down, a user may have written the environment anew.
fn is_session(process: &Process, all: &[Process]) -> bool {
    let is_sshd = |process: &Process| process.name.starts_with("sshd");
    !is_sshd(process) && all.iter().any(|parent| parent.pid == process.parent && is_sshd(parent))
}

/// `SSH_CONNECTION=client port server port`
fn origin(environ: &[u8]) -> Option<IpAddr> {
    let value = environ.split(|byte| *byte == 0).find_map(|pair| pair.strip_prefix(b"SSH_CONNECTION=".as_slice()))?;
    let client = std::str::from_utf8(value).ok()?.split(' ').next()?;
    client.split('%').next()?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn process(root: &Path, pid: i32, parent: i32, name: &str, environ: &[u8]) {
        let dir = root.join(format!("proc/{pid}"));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("stat"), format!("{pid} ({name}) S {parent} 0 0")).unwrap();
        fs::write(dir.join("environ"), environ).unwrap();
    }

    #[test]
    fn sessions_are_children_of_sshd_and_live_utmp_records() {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path();
        process(root, 10, 1, "sshd", b"SSH_CONNECTION=203.0.113.1 1 192.0.2.2 22\0");
        process(root, 11, 10, "bash", b"A=B\0SSH_CONNECTION=198.51.100.7 5000 192.0.2.2 22\0");
        process(root, 12, 11, "sh", b"SSH_CONNECTION=203.0.113.2 1 192.0.2.2 22\0");
        process(root, 20, 10, "sshd-session", b"");
        process(root, 21, 20, "zsh", b"SSH_CONNECTION=fe80::7%eth0 5000 fe80::1 22\0");
        process(root, 30, 1, "bash", b"SSH_CONNECTION=203.0.113.3 1 192.0.2.2 22\0");
        let records = [utmp::tests::record(7, 30, &[192, 0, 2, 30]), utmp::tests::record(7, 99, &[192, 0, 2, 99])];
        fs::create_dir_all(root.join("run")).unwrap();
        fs::write(root.join("run/utmp"), records.concat()).unwrap();
        let found = Host::recorded(root).admin_sessions();
        let addresses: Vec<String> = found.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["192.0.2.30", "198.51.100.7", "fe80::7"]);
        assert_eq!(found.problems, Vec::<String>::new());
    }
}
