//! Processes of the host, from proc(5).

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::formats::Files;
use crate::host::Host;
use crate::model::{Server, ServerKind};

/// One process; what may not be read of it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    pub pid: i32,
    pub parent: i32,
    /// At most 15 bytes, as the kernel keeps it.
    pub name: String,
    /// The program, also where its file has been replaced since.
    pub exe: PathBuf,
    /// Its command line; nginx writes its own over it (`nginx: master process nginx -c …`).
    pub args: Vec<String>,
    pub cwd: PathBuf,
    /// True where it sees another file system than the host's (a container, a chroot).
    pub elsewhere: bool,
}

impl Host {
    /// All processes, by process id.
    pub fn processes(&self) -> Vec<Process> {
        let names = self.list(Path::new("/proc")).unwrap_or_default();
        let mut found: Vec<Process> = names.iter().filter_map(|name| self.process(name.parse().ok()?)).collect();
        found.sort_unstable_by_key(|process| process.pid);
        found
    }

    fn process(&self, pid: i32) -> Option<Process> {
        let dir = PathBuf::from(format!("/proc/{pid}"));
        let stat = self.read_file(&dir.join("stat")).ok()?;
        let (name, parent) = name_and_parent(&stat)?;
        let line = self.read_file(&dir.join("cmdline")).unwrap_or_default();
        let args = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
        let mut args: Vec<String> = args.collect();
        while args.last().is_some_and(String::is_empty) {
            args.pop();
        }
        Some(Process {
            pid,
            parent,
            name,
            exe: without_deleted(self.link(&dir.join("exe"))),
            args,
            cwd: self.link(&dir.join("cwd")),
            elsewhere: self.is_elsewhere(&dir.join("root")),
        })
    }

    fn link(&self, path: &Path) -> PathBuf {
        let dir = path.parent().map(|dir| self.real(dir)).unwrap_or_default();
        std::fs::read_link(dir.join(path.file_name().unwrap_or_default())).unwrap_or_default()
    }

    /// Compares the directories, not their names: in a container both are called `/`.
    fn is_elsewhere(&self, root: &Path) -> bool {
        let identity = |path: &Path| std::fs::metadata(self.real(path)).map(|there| (there.dev(), there.ino())).ok();
        match (identity(root), identity(Path::new("/"))) {
            (Some(theirs), Some(ours)) => theirs != ours,
            _ => false,
        }
    }
}

/// `pid (name) state parent …`; the name may hold anything, parentheses too.
fn name_and_parent(stat: &[u8]) -> Option<(String, i32)> {
    let stat = String::from_utf8_lossy(stat);
    let (head, tail) = stat.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let parent = tail.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some((name.to_owned(), parent))
}

fn without_deleted(exe: PathBuf) -> PathBuf {
    match exe.to_str().and_then(|text| text.strip_suffix(" (deleted)")) {
        Some(text) => text.into(),
        None => exe,
    }
}

impl Process {
    /// The file name of its program.
    pub fn program(&self) -> &str {
        self.exe.file_name().and_then(|name| name.to_str()).unwrap_or(&self.name)
    }

    /// Its words after the program, with nginx's own title taken apart again.
    pub fn words(&self) -> Vec<&str> {
        let (first, rest) = self.args.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        let titled = first.strip_prefix("nginx: master process ").unwrap_or_default();
        titled.split_ascii_whitespace().skip(1).chain(rest.iter().map(String::as_str)).collect()
    }

    /// The last value of a one-letter option: `-c FILE` or `-cFILE`.
    pub fn option(&self, flag: &str) -> Option<&str> {
        self.options(flag).pop()
    }

    /// All values of an option that may stand more than once, in their order.
    pub fn options(&self, flag: &str) -> Vec<&str> {
        let words = self.words();
        let values = words.iter().enumerate();
        values.filter_map(|(at, word)| option_value(word, flag, words.get(at + 1).copied())).collect()
    }

    /// A path given on its command line, relative to where it was started.
    pub fn path(&self, text: &str) -> PathBuf {
        self.cwd.join(text)
    }
}

fn option_value<'a>(word: &'a str, flag: &str, next: Option<&'a str>) -> Option<&'a str> {
    match word.strip_prefix(flag)? {
        "" => next,
        joined => Some(joined),
    }
}

/// A server that runs where its files cannot be read under the host's own paths.
pub(super) fn in_container(kind: ServerKind, config: PathBuf, process: &Process) -> Server {
    let pid = process.pid;
    let problem = format!("process {pid} runs in a container: its configuration and logs are not read from out here");
    let (sites, logs) = (Vec::new(), Vec::new());
    Server { kind, version: String::new(), config, running: Some(pid), sites, logs, problems: vec![problem] }
}

/// Of the processes of these programs those that no other of them started.
pub(super) fn masters<'a>(processes: &'a [Process], programs: &[&str]) -> Vec<&'a Process> {
    let ours: Vec<&Process> = processes.iter().filter(|process| programs.contains(&process.program())).collect();
    let started_by_ours = |process: &&Process| ours.iter().any(|other| other.pid == process.parent);
    // nginx's workers live on where their master was killed, and take no orders.
    let is_worker = |process: &&Process| process.args.first().is_some_and(|title| title.contains(": worker process"));
    ours.iter().copied().filter(|process| !started_by_ours(process) && !is_worker(process)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_as_it_is() {
        let me = i32::try_from(std::process::id()).unwrap();
        let processes = Host::live().processes();
        let found = processes.iter().find(|process| process.pid == me).unwrap();
        assert_eq!(found.exe, std::env::current_exe().unwrap());
        assert_eq!(found.cwd, std::env::current_dir().unwrap());
        assert!(!found.elsewhere);
        assert!(!found.args.is_empty());
    }

    #[test]
    fn workers_whose_master_was_killed_are_no_masters() {
        let nginx = |pid, parent, title: &str| Process {
            pid,
            parent,
            name: "nginx".to_owned(),
            exe: "/usr/sbin/nginx".into(),
            args: vec![title.to_owned()],
            ..Process::default()
        };
        let processes = [
            nginx(10, 1, "nginx: master process nginx -c /etc/nginx/nginx.conf"),
            nginx(11, 10, "nginx: worker process"),
            nginx(12, 1, "nginx: worker process"),
            nginx(13, 1, "nginx: worker process is shutting down"),
        ];
        let masters: Vec<i32> = masters(&processes, &["nginx"]).iter().map(|process| process.pid).collect();
        assert_eq!(masters, [10]);
    }

    #[test]
    fn a_process_in_a_container_is_told_apart() {
        let scratch = tempfile::tempdir().unwrap();
        for (pid, root) in [(5, "/container"), (6, "/")] {
            let dir = scratch.path().join(format!("proc/{pid}"));
            std::fs::create_dir_all(&dir).unwrap();
            std::fs::write(dir.join("stat"), format!("{pid} (nginx) S 1 0")).unwrap();
            std::os::unix::fs::symlink(root, dir.join("root")).unwrap();
        }
        std::fs::create_dir(scratch.path().join("container")).unwrap();
        let found = Host::recorded(scratch.path()).processes();
        assert_eq!(found.iter().map(|it| (it.pid, it.elsewhere)).collect::<Vec<_>>(), [(5, true), (6, false)]);
    }

    #[test]
    fn names_with_parentheses_and_spaces_are_read_whole() {
        assert_eq!(name_and_parent(b"7 (a) b (c) S 42 7 7 0"), Some(("a) b (c".to_owned(), 42)));
        assert_eq!(name_and_parent(b"garbage"), None);
    }

    #[test]
    fn options_are_found_in_plain_and_in_titled_command_lines() {
        let with =
            |args: &[&str]| Process { args: args.iter().map(|&word| word.to_owned()).collect(), ..Process::default() };
        let plain = with(&["/usr/sbin/nginx", "-c", "/a.conf", "-p/x"]);
        assert_eq!((plain.option("-c"), plain.option("-p"), plain.option("-g")), (Some("/a.conf"), Some("/x"), None));
        let titled = with(&["nginx: master process /usr/sbin/nginx -c /b.conf"]);
        assert_eq!(titled.option("-c"), Some("/b.conf"));
        assert_eq!(with(&["nginx", "-c"]).option("-c"), None);
        assert_eq!(with(&["apache2", "-DA", "-D", "B", "-d", "/r"]).options("-D"), ["A", "B"]);
    }

    #[test]
    fn workers_are_no_masters() {
        let process = |pid, parent| Process { pid, parent, name: "nginx".into(), ..Process::default() };
        let all = [process(10, 1), process(11, 10), process(12, 10), process(20, 1)];
        let pids: Vec<i32> = masters(&all, &["nginx"]).iter().map(|process| process.pid).collect();
        assert_eq!(pids, [10, 20]);
    }
}
