//! The accounts of the host: passwd(5) and group(5).

use std::path::Path;

use crate::host::{Found, Host};

/// Who is who; empty where the files cannot be read.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    users: Vec<Account>,
    groups: Vec<(String, u32, Vec<String>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl Host {
    pub fn accounts(&self) -> Accounts {
        let lines = |file: &str| -> Vec<Vec<String>> {
            let text = self.read_file(Path::new(file)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect()
        };
        Accounts {
            users: lines("/etc/passwd").iter().filter_map(|line| user(line)).collect(),
            groups: lines("/etc/group").iter().filter_map(|line| group(line)).collect(),
        }
    }
}

fn user(columns: &[String]) -> Option<Account> {
    let [name, _, uid, gid, ..] = columns else { return None };
    Some(Account { name: name.clone(), uid: uid.parse().ok()?, gid: gid.parse().ok()? })
}

fn group(columns: &[String]) -> Option<(String, u32, Vec<String>)> {
    let [name, _, gid, members, ..] = columns else { return None };
    let members = members.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    Some((name.clone(), gid.parse().ok()?, members))
}

impl Accounts {
    /// An account by its name, or by `#1000`.
    pub fn user(&self, name: &str) -> Option<&Account> {
        let uid: Option<u32> = name.strip_prefix('#').unwrap_or(name).parse().ok();
        self.users.iter().find(|user| user.name == name || Some(user.uid) == uid)
    }

    pub fn name_of(&self, uid: u32) -> String {
        self.users.iter().find(|user| user.uid == uid).map_or_else(|| format!("#{uid}"), |user| user.name.clone())
    }

    pub fn group_of(&self, name: &str) -> Option<u32> {
        self.groups.iter().find(|(known, ..)| known == name).map(|(_, gid, _)| *gid)
    }

    /// Whether a group is an account's own, or has it as a member.
    pub fn is_in(&self, user: &Account, gid: u32) -> bool {
        let member = |(_, id, names): &(_, u32, Vec<String>)| *id == gid && names.contains(&user.name);
        user.gid == gid || self.groups.iter().any(member)
    }

    /// Whether permission bits let an account read a file; the directories above it are not asked.
    pub fn can_read(&self, user: &Account, file: &Found) -> bool {
        let bit = match file.uid == user.uid {
            _ if user.uid == 0 => return true,
            true => 0o400,
            false if self.is_in(user, file.gid) => 0o040,
            false => 0o004,
        };
        file.mode & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permission_bits_are_asked_as_the_kernel_asks_them() {
        let scratch = tempfile::tempdir().unwrap();
        std::fs::create_dir(scratch.path().join("etc")).unwrap();
        std::fs::write(scratch.path().join("etc/passwd"), "www:x:33:33::/:/bin/sh\nann:x:1000:1000::/:/bin/sh\n")
            .unwrap();
        std::fs::write(scratch.path().join("etc/group"), "www:x:33:\nstaff:x:50:www\n").unwrap();
        let accounts = Host::recorded(scratch.path()).accounts();
        let www = accounts.user("www").unwrap();
        let file = |mode, uid, gid| Found { path: "/f".into(), is_dir: false, mode, uid, gid };
        assert!(accounts.can_read(www, &file(0o604, 0, 0)));
        assert!(accounts.can_read(www, &file(0o040, 0, 50)));
        assert!(!accounts.can_read(www, &file(0o604, 0, 50)), "the group's bits hold for its members");
        assert!(!accounts.can_read(www, &file(0o600, 1000, 1000)));
        assert_eq!((accounts.user("#1000").map(|user| user.gid), accounts.name_of(7)), (Some(1000), "#7".to_owned()));
    }
}
