//! `peelhouse import fail2ban` over configurations made for it: what is right, what is broken, what is hostile.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "the test lays out files and runs the program")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

struct Scene {
    home: tempfile::TempDir,
}

impl Scene {
    fn new(files: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = home.path().join("fail2ban").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text.replace("HOME", &home.path().display().to_string())).unwrap();
        }
        std::fs::create_dir_all(home.path().join("fail2ban/filter.d")).unwrap();
        std::fs::create_dir(home.path().join("etc")).unwrap();
        std::fs::write(home.path().join("etc/peelhouse.toml"), "").unwrap();
        Self { home }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn run(&self, args: &[&str]) -> Output {
        let config = self.path("etc/peelhouse.toml");
        Command::new(env!("CARGO_BIN_EXE_peelhouse")).args(args).arg("--config").arg(config).output().unwrap()
    }

    /// Objects of one kind, by name.
    fn import(&self, what: &str) -> Vec<Value> {
        let output = self.run(&["import", "fail2ban", self.path("fail2ban").to_str().unwrap(), "--json"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        all.filter(|object| object["what"] == what).collect()
    }

    fn filter(&self, name: &str) -> Value {
        self.import("filter").into_iter().find(|filter| filter["name"] == name).unwrap()
    }
}

const DOOR: (&str, &str) = ("filter.d/door.conf", "[Definition]\nfailregex = ^ door: bad key from <HOST>$\n");
const JAIL: (&str, &str) = (
    "jail.conf",
    "[DEFAULT]\nbantime = 1h\nbantime.increment = true\nbantime.maxtime = 5w\n[door]\nenabled = yes\nfilter = %(__name__)s\n\
     logpath = HOME/door.log\nmaxretry = 3\nfindtime = 1m 30s\nport = 22,80\nignoreip = 127.0.0.1/8 2001:db8::/32 host.example\n\
     [off]\nfilter = door\nlogpath = /x\nmaxretry = many\n",
);

#[test]
fn a_jail_becomes_one_of_ours_and_bans() {
    let scene = Scene::new(&[DOOR, JAIL]);
    let jails = scene.import("jail");
    let (door, off) = (&jails[0], &jails[1]);
    assert_eq!((&door["name"], &door["enabled"], &door["supported"]), (&"door".into(), &true.into(), &true.into()));
    assert_eq!((&door["findtime"], &door["bantime"]), (&90.into(), &3600.into()));
    assert_eq!((&door["growth"]["increment"], &door["growth"]["maxtime"]), (&true.into(), &3_024_000.into()));
    assert_eq!(off["enabled"], false);
    let wrong = off["problems"][0].as_str().unwrap();
    assert!(wrong.ends_with("jail.conf:16: maxretry is `many`, and should be a number from 1 on"), "{wrong}");
    let names = door["problems"][0].as_str().unwrap();
    assert!(names.contains("jail.conf:12: ignoreip is `host.example`"), "{names}");
    let ours = scene.path("etc/fail2ban.toml");
    assert!(!ours.exists(), "nothing is written unless asked");
    scene.run(&["import", "fail2ban", scene.path("fail2ban").to_str().unwrap(), "--write"]);
    assert!(std::fs::read_to_string(&ours).unwrap().contains("name = \"door\""));
    let lines =
        |ip: &str| (1..=3).map(|n| format!("2026-11-01 10:00:0{n} door: bad key from {ip}\n")).collect::<String>();
    std::fs::write(scene.path("door.log"), lines("203.0.113.7") + &lines("2001:db8::7")).unwrap();
    let output = scene.run(&["replay", "--json", scene.path("door.log").to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    let banned: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(banned.len(), 2, "{text}");
    assert_eq!((&banned[0]["client"], &banned[0]["action"]), (&"203.0.113.7".into(), &"ban".into()));
    assert_eq!(banned[0]["evidence"].as_array().unwrap().len(), 3);
    std::fs::remove_file(ours).unwrap();
    let output = scene.run(&["replay", "--json", scene.path("door.log").to_str().unwrap()]);
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1, "the file deleted, the import is undone");
}

#[test]
fn local_files_includes_and_modes_are_read_as_fail2ban_reads_them() {
    let scene = Scene::new(&[
        ("filter.d/base.conf", "[DEFAULT]\n_d = door\n[Definition]\npre = ^ %(_d)s:\\s\n"),
        (
            "filter.d/door.conf",
            "[INCLUDES]\nbefore = base.conf\n[Definition]\nmdre-normal = bad key\nmdre-all = (?:bad|old) key\n\
             failregex = %(pre)s<mdre-<mode>> from <HOST>$\nmode = normal\n",
        ),
        ("filter.d/door.local", "[Definition]\nfailregex = %(known/failregex)s\n            ^ also <HOST>$\n"),
    ]);
    assert_eq!(scene.filter("door")["supported"], true);
    let host = peelhouse::host::Host::live();
    let dir = scene.path("fail2ban");
    let loader = peelhouse::detect::fail2ban::Loader::new(&host, &dir, 2026);
    let texts = |name: &str| -> Vec<String> {
        let filter = loader.by_name(name).unwrap();
        filter.definition.failregex.iter().map(|value| value.text.clone()).collect()
    };
    assert_eq!(texts("door"), [r"^ door:\sbad key from <HOST>$", "^ also <HOST>$"]);
    assert_eq!(texts("door,mode=all")[0], r"^ door:\s(?:bad|old) key from <HOST>$");
    assert_eq!(texts("door[mode=all]")[0], texts("door,mode=all")[0]);
}

#[test]
fn what_is_broken_is_told_with_its_place_and_the_rest_is_read() {
    let scene = Scene::new(&[
        DOOR,
        ("filter.d/cycle.conf", "[Definition]\na = %(b)s\nb = %(a)s\nfailregex = %(a)s <HOST>\n"),
        ("filter.d/tags.conf", "[Definition]\na = <b>\nb = <a>\nfailregex = <a> <HOST>\n"),
        (
            "filter.d/self.conf",
            "[INCLUDES]\nbefore = self.conf\nafter = gone.conf\n[Definition]\nfailregex = x <HOST>\n",
        ),
        ("filter.d/unset.conf", "[Definition]\nfailregex = %(nothing)s <HOST>\n"),
        ("filter.d/open.conf", "[Definition]\nfailregex = (x <HOST>\n"),
        ("filter.d/nobody.conf", "[Definition]\nfailregex = ^x$\n"),
        ("filter.d/noini.conf", "words\n"),
        ("filter.d/twice.conf", "[Definition]\nfailregex = <HOST> <HOST>\n"),
    ]);
    std::fs::write(scene.path("fail2ban/filter.d/binary.conf"), [0u8, 159, 146, 150]).unwrap();
    let reason = |name: &str| scene.filter(name)["reason"].as_str().unwrap_or("none").to_owned();
    assert!(reason("cycle").ends_with("cycle.conf:4: %(…)s refers to itself, or is nested more than 10 deep"));
    assert!(
        reason("tags").contains("tags.conf:4: <") && reason("tags").ends_with("refers to itself"),
        "{}",
        reason("tags")
    );
    assert!(reason("unset").ends_with("unset.conf:2: %(nothing)s is not set anywhere"));
    assert!(reason("open").ends_with("open.conf:2: failregex 1: a group is not closed"), "{}", reason("open"));
    assert!(reason("nobody").contains("nobody.conf:2: failregex 1: there is no <HOST>"));
    assert!(reason("noini").contains("noini.conf:1: an option stands before the first [section]"));
    assert!(reason("binary").ends_with("binary.conf: is not UTF-8 text"));
    assert!(reason("twice").ends_with("the group ip4 is defined twice"));
    assert_eq!((reason("door"), reason("self")), ("none".to_owned(), "none".to_owned()));
    assert_eq!(scene.import("problem").len(), 1, "there is no jail.conf");
}

#[test]
fn what_is_hostile_ends_soon() {
    let bomb: String = (0..9).map(|n| format!("a{n} = {}\n", format!("%(a{})s", n + 1).repeat(20))).collect();
    let bomb = format!("[Definition]\n{bomb}a9 = {}\nfailregex = %(a0)s<HOST>\n", "x".repeat(20));
    let tags: String = (0..30).map(|n| format!("t{n} = {}\n", format!("<t{}>", n + 1).repeat(20))).collect();
    let wide = format!("[INCLUDES]\nbefore = {}[Definition]\nfailregex = <HOST>\n", "wide2.conf\n ".repeat(300));
    let deep = format!("[Definition]\nfailregex = {}x{}<HOST>\n", "(".repeat(5000), ")".repeat(5000));
    let scene = Scene::new(&[
        ("filter.d/bomb.conf", &bomb),
        ("filter.d/tagbomb.conf", &format!("[Definition]\n{tags}failregex = <t0><HOST>\n")),
        ("filter.d/wide.conf", &wide),
        ("filter.d/wide2.conf", "[Definition]\n"),
        ("filter.d/deep.conf", &deep),
        (
            "filter.d/huge.conf",
            &format!("[Definition]\nfailregex = (?:a{{9999}}){{9999}}<HOST>\nx = {}\n", "y".repeat(9 << 20)),
        ),
        ("filter.d/slow.conf", "[Definition]\nfailregex = ^(?P<x>a*)*(?P=x)b <HOST>$\n"),
    ]);
    let begun = Instant::now();
    for name in ["bomb", "tagbomb", "wide", "deep", "huge"] {
        let filter = scene.filter(name);
        assert_eq!(filter["supported"], false, "{name}");
        assert!(filter["reason"].as_str().unwrap().len() < 500, "{name}");
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    let host = peelhouse::host::Host::live();
    let dir = scene.path("fail2ban");
    let loader = peelhouse::detect::fail2ban::Loader::new(&host, &dir, 2026);
    let filter = std::sync::Arc::new(loader.by_name("slow").unwrap());
    let now = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    let calendar = peelhouse::detect::fail2ban::Calendar { now, zone: jiff::tz::TimeZone::UTC };
    let log = format!("{}c 192.0.2.1\naab 192.0.2.2\n", "a".repeat(2000));
    let verdicts = filter.lines(&calendar, log.as_bytes());
    assert!(verdicts[0].costly && !verdicts[0].matched, "a pattern that is given up is told: {:?}", verdicts[0]);
    assert!(verdicts[1].matched && !verdicts[1].costly);
}

#[test]
fn a_folder_that_is_none_is_an_error() {
    let scene = Scene::new(&[]);
    let output = scene.run(&["import", "fail2ban", "/nowhere/fail2ban"]);
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/nowhere/fail2ban/filter.d: cannot be read"), "{said}");
    assert!(!Path::new("/nowhere").exists());
}
