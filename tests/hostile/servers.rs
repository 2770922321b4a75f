//! A web server's configuration written by somebody who does not want it read.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::tools::{PEELHOUSE, finish};

const APACHE: &str = "etc/apache2/apache2.conf";
const NGINX: &str = "etc/nginx/nginx.conf";

/// The sites of a host whose server is configured so; 2 GB of memory at most.
fn sites(files: &[(&str, &str)], prepare: impl Fn(&Path)) -> String {
    let root = tempfile::tempdir().unwrap();
    for (file, text) in files {
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    prepare(root.path());
    let limited = format!("ulimit -v 2000000; exec {PEELHOUSE} sites --json --root {}", root.path().display());
    let output = finish(Command::new("sh").args(["-c", &limited]));
    assert!(matches!(output.status.code(), Some(0..=3)), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

const SITE: &str =
    "Listen 80\n<VirtualHost *:80>\nServerName seen.example\nCustomLog /var/log/x.log combined\n</VirtualHost>\n";

#[test]
fn an_include_of_what_never_ends_is_a_problem_and_the_rest_is_read() {
    let apache =
        format!("Include fifo.conf\nInclude zero.conf\nInclude apache2.conf\nInclude socket.conf\nInclude .\n{SITE}");
    let nginx = "http { include fifo.conf; include zero.conf; include nginx.conf; include .;\nserver { listen 80; server_name seen.example; access_log /var/log/x.log; } }";
    for (main, text) in [(APACHE, apache.as_str()), (NGINX, nginx)] {
        let said = sites(&[(main, text)], |root| {
            let dir = root.join(main);
            let dir = dir.parent().unwrap();
            fifo(&dir.join("fifo.conf"));
            // A link of a recorded host stays inside; a device of its own does not need one.
            let _ = mknodat(
                CWD,
                dir.join("zero.conf"),
                FileType::CharacterDevice,
                Mode::from_raw_mode(0o600),
                rustix::fs::makedev(1, 5),
            );
            drop(std::os::unix::net::UnixListener::bind(dir.join("socket.conf")).unwrap());
        });
        assert!(said.contains("seen.example"), "{main}: {said}");
        assert!(said.contains("FIFO"), "{main}: the FIFO is told of: {said}");
    }
}

#[test]
fn a_main_file_that_is_none_does_not_hang() {
    for main in [APACHE, NGINX, "etc/tomcat10/server.xml"] {
        let dir = Path::new(main).parent().unwrap().join("mime.types");
        for prepare in [fifo as fn(&Path), |path| symlink(path, path).unwrap(), |path| fs::create_dir(path).unwrap()] {
            sites(&[(dir.to_str().unwrap(), "")], |root| prepare(&root.join(main)));
        }
    }
}

#[test]
fn includes_that_multiply_end() {
    // Each file includes the next twice: 2^40 readings, were they not bounded.
    let apache: Vec<(String, String)> = (0..40)
        .map(|n| (format!("etc/apache2/{n}.conf"), format!("Include {0}.conf\nInclude {0}.conf\n", n + 1)))
        .collect();
    let nginx: Vec<(String, String)> = (0..40)
        .map(|n| (format!("etc/nginx/{n}.conf"), format!("include {0}.conf;\ninclude {0}.conf;\n", n + 1)))
        .collect();
    for (main, start, files) in [(APACHE, "Include 0.conf\n", apache), (NGINX, "http { include 0.conf; }", nginx)] {
        let mut all: Vec<(&str, &str)> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
        all.push((main, start));
        sites(&all, |_| {});
    }
}

#[test]
fn deep_nesting_and_a_huge_file_end() {
    let depth = 100_000;
    let apache = "<IfModule !x>\n".repeat(depth) + SITE + &"</IfModule>\n".repeat(depth);
    sites(&[(APACHE, &apache)], |_| {});
    let nginx = "http { ".to_owned() + &"a {".repeat(depth) + &"}".repeat(depth) + "}";
    sites(&[(NGINX, &nginx)], |_| {});
    let xml = "<a>".repeat(depth) + &"</a>".repeat(depth);
    sites(&[("etc/tomcat10/server.xml", &xml)], |_| {});
    let said = sites(&[(APACHE, &format!("Include huge.conf\n{SITE}"))], |root| {
        fs::File::create(root.join("etc/apache2/huge.conf")).unwrap().set_len(100 << 20).unwrap();
    });
    assert!(said.contains("seen.example") && said.contains("huge.conf"), "{said}");
}

#[test]
fn names_that_drive_a_terminal_are_made_harmless() {
    let hostile = "\u{1b}[2J\u{9b}31m\u{202e}";
    let apache = format!(
        "Listen 80\n<VirtualHost *:80>\nServerName {hostile}.example\nCustomLog /var/log/{hostile} combined\n</VirtualHost>\nInclude {hostile}\n"
    );
    let root = tempfile::tempdir().unwrap();
    let main = root.path().join(APACHE);
    fs::create_dir_all(main.parent().unwrap()).unwrap();
    fs::write(&main, apache).unwrap();
    for json in [&["--json"][..], &[]] {
        let mut all = String::new();
        for verb in [&["sites", "--root"][..], &["config", "--follow"], &["config"]] {
            let at = if verb.contains(&"--root") { root.path() } else { &main };
            let output = finish(Command::new(PEELHOUSE).args(json).args(verb).arg(at));
            all += &(String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap());
        }
        assert!(all.contains(".example"), "{all}");
        assert_eq!(all.chars().find(|c| (*c != '\n' && c.is_control()) || *c == '\u{202e}'), None, "{all:?}");
    }
}

#[test]
fn defines_that_multiply_end() {
    let mut text = "Define a0 aaaaaaaaaaaaaaaa\n".to_owned();
    for n in 1..40 {
        let _ = writeln!(text, "Define a{n} ${{a{0}}}${{a{0}}}", n - 1);
    }
    text += "<Macro m $x>\nUse m $x$x\n</Macro>\nUse m aaaaaaaa\nServerName ${a39}\n";
    sites(&[(APACHE, &(text + SITE))], |_| {});
}
