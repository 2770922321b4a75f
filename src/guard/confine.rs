//! The reader gives up what it does not need before it reads a byte that an attacker wrote: root, every capability but
//! one, every path but the logs, every system call but a few.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use caps::{CapSet, Capability, CapsHashSet};
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
use rustix::process::{DumpableBehavior, Gid, Resource, Rlimit, Signal, Uid};

use crate::guard::calls;

/// Who the reader becomes where the user `peelhouse` is absent: nobody.
const NOBODY: u32 = 65534;
/// Address space of the reader: the engine's memory is capped far below.
const MAX_MEMORY: u64 = 4 << 30;
/// Zones of stamps without an offset; read-only like the logs.
const ZONES: [&str; 2] = ["/usr/share/zoneinfo", "/etc/localtime"];

/// Why the reader is not confined.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    #[error("cannot drop to uid {uid}: {cause}")]
    User { uid: u32, cause: rustix::io::Errno },
    #[error("cannot give up capabilities: {0}")]
    Capabilities(#[from] caps::errors::CapsError),
    #[error("cannot set limits: {0}")]
    Limits(#[from] rustix::io::Errno),
    #[error("Landlock: {0}")]
    Landlock(#[from] landlock::RulesetError),
    #[error(
        "this kernel has no Landlock (5.13 or later has; check that `landlock` stands in /sys/kernel/security/lsm)"
    )]
    NoLandlock,
    #[error("cannot filter system calls: {0}")]
    Calls(#[from] calls::CallsError),
}

/// Everything at once, in the order in which each step still may take the next.
pub fn confine(account: Option<(u32, u32)>, paths: &BTreeSet<PathBuf>) -> Result<(), ConfineError> {
    limit()?;
    become_nobody(account)?;
    enclose(paths)?;
    Ok(calls::filter()?)
}

fn limit() -> Result<(), ConfineError> {
    let fixed = |value| Rlimit { current: Some(value), maximum: Some(value) };
    rustix::process::setrlimit(Resource::Core, fixed(0))?;
    rustix::process::setrlimit(Resource::Fsize, fixed(0))?;
    rustix::process::setrlimit(Resource::As, fixed(MAX_MEMORY))?;
    Ok(())
}

/// Root becomes an unprivileged user that can read any file and nothing more; whoever is not root keeps nothing.
fn become_nobody(account: Option<(u32, u32)>) -> Result<(), ConfineError> {
    let mut keep = CapsHashSet::new();
    if rustix::process::geteuid().is_root() {
        keep.insert(Capability::CAP_DAC_READ_SEARCH);
        drop_bounding(&keep)?;
        caps::securebits::set_keepcaps(true)?;
        let (uid, gid) = account.unwrap_or((NOBODY, NOBODY));
        switch(uid, gid).map_err(|cause| ConfineError::User { uid, cause })?;
    }
    keep.retain(|cap| caps::has_cap(None, CapSet::Permitted, *cap).unwrap_or(false));
    caps::clear(None, CapSet::Ambient)?;
    caps::set(None, CapSet::Effective, &keep)?;
    caps::set(None, CapSet::Permitted, &keep)?;
    caps::clear(None, CapSet::Inheritable)?;
    rustix::thread::set_no_new_privs(true)?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

fn drop_bounding(keep: &CapsHashSet) -> Result<(), ConfineError> {
    for cap in caps::read(None, CapSet::Bounding)? {
        if !keep.contains(&cap) {
            caps::drop(None, CapSet::Bounding, cap)?;
        }
    }
    Ok(())
}

fn switch(uid: u32, gid: u32) -> Result<(), rustix::io::Errno> {
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)
}

/// Files under `paths` can be read, nothing else can be opened, written, made, connected to or signalled.
fn enclose(paths: &BTreeSet<PathBuf>) -> Result<(), ConfineError> {
    let abi = ABI::V6;
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?;
    for path in paths.iter().map(PathBuf::as_path).chain(ZONES.iter().map(Path::new)) {
        // A directory that is not there yet has nothing to read; the keeper starts a new reader when it appears.
        let Ok(fd) = PathFd::new(path) else { continue };
        let access = if path.is_dir() { AccessFs::ReadFile | AccessFs::ReadDir } else { AccessFs::ReadFile.into() };
        ruleset = ruleset.add_rule(PathBeneath::new(fd, access))?;
    }
    let status = ruleset.restrict_self()?;
    if status.ruleset == RulesetStatus::NotEnforced { Err(ConfineError::NoLandlock) } else { Ok(()) }
}

/// What must stay readable for these logs: their directories, and those that symlinks lead to.
pub fn readable<'a>(logs: impl Iterator<Item = &'a Path>) -> BTreeSet<PathBuf> {
    let mut dirs = BTreeSet::new();
    for log in logs {
        let dir = log.parent().filter(|dir| *dir != Path::new("/") && !dir.as_os_str().is_empty());
        dirs.extend(dir.map(Path::to_path_buf));
        let target = log.canonicalize().ok().and_then(|real| real.parent().map(Path::to_path_buf));
        dirs.extend(target.filter(|dir| dir != Path::new("/")));
    }
    dirs
}

/// uid and gid of a user in the bytes of passwd(5).
pub fn account(passwd: &[u8], user: &str) -> Option<(u32, u32)> {
    let passwd = String::from_utf8_lossy(passwd);
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        (name == user && uid != 0).then_some((uid, gid))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_and_root_is_none() {
        let passwd = b"root:x:0:0::/root:/bin/sh\nbroken\npeelhouse:x:990:989::/:/bin/false\n";
        assert_eq!(account(passwd, "peelhouse"), Some((990, 989)));
        assert_eq!(account(passwd, "root"), None);
        assert_eq!(account(passwd, "absent"), None);
    }

    #[test]
    fn readable_is_the_directory_and_what_a_link_leads_to_never_the_root() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("real");
        std::fs::DirBuilder::new().create(&real).unwrap();
        let log = real.join("access.log");
        std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let link = dir.path().join("link.log");
        std::os::unix::fs::symlink(&log, &link).unwrap();
        let dirs = readable([link.as_path(), Path::new("/top.log")].into_iter());
        assert!(dirs.contains(dir.path()) && dirs.contains(&real.canonicalize().unwrap()));
        assert!(!dirs.contains(Path::new("/")));
    }
}
