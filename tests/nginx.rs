//! nginx's own reading of a configuration and ours are the same; every file of the wild prints back byte for byte.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests fail by panicking and say what they skip"
)]
#![allow(clippy::disallowed_methods, reason = "a test prepares files and runs the real server's parser")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use peelhouse::formats::nginx::{Config, Setting, evaluate, parse};
use peelhouse::host::Host;

#[test]
fn files_of_the_wild_print_back() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/certbot-nginx");
    let Ok(entries) = fs::read_dir(&corpus) else {
        return println!("skipped: no {}", corpus.display());
    };
    let mut count = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        let source = fs::read(&path).unwrap();
        assert!(parse(&source).print() == source, "{} does not print back", path.display());
        count += 1;
    }
    assert!(count > 50, "only {count} files in {}", corpus.display());
}

#[test]
fn stock_tree_is_what_nginx_reads() {
    let main = Path::new("/etc/nginx/nginx.conf");
    if !main.exists() || !rustix::process::geteuid().is_root() {
        return println!("skipped: no {}, or not root, whom it takes to test it", main.display());
    }
    let dumped = dump(Command::new("nginx").arg("-T").arg("-q")).unwrap();
    assert_same(&dumped, &evaluate(&Host::live(), main));
}

#[test]
fn generated_trees_are_what_nginx_reads() {
    for seed in 0..12 {
        let scratch = tempfile::tempdir().unwrap();
        let main = generate(scratch.path(), seed);
        let Some(dumped) =
            dump(Command::new("nginx").args(["-T", "-q", "-p"]).arg(scratch.path()).arg("-c").arg(&main))
        else {
            return println!("skipped: no nginx");
        };
        assert!(dumped.len() > 3, "seed {seed} made a tree of {} files", dumped.len());
        assert_same(&dumped, &evaluate(&Host::live(), &main));
    }
}

#[test]
fn a_file_that_includes_itself_is_reported_not_followed() {
    let scratch = tempfile::tempdir().unwrap();
    let main = scratch.path().join("nginx.conf");
    fs::write(&main, "include a.conf;\n").unwrap();
    fs::write(scratch.path().join("a.conf"), "user www;\ninclude nginx.conf;\ninclude gone.conf;\n").unwrap();
    let config = evaluate(&Host::live(), &main);
    assert_eq!(config.settings.len(), 1, "{config:?}");
    let problems = config.problems.join("\n");
    assert!(problems.contains("a.conf:2: include") && problems.contains("includes itself"), "{problems}");
    assert!(problems.contains("a.conf:3: include") && problems.contains("gone.conf"), "{problems}");
}

#[test]
fn includes_that_multiply_end() {
    let scratch = tempfile::tempdir().unwrap();
    for level in 0..40 {
        let text = format!("include {0}.conf;\n", level + 1).repeat(3);
        fs::write(scratch.path().join(format!("{level}.conf")), text).unwrap();
    }
    fs::write(scratch.path().join("40.conf"), "user www;\n").unwrap();
    let config = evaluate(&Host::live(), &scratch.path().join("0.conf"));
    assert!(
        config.problems.iter().any(|problem| problem.contains("more than 10000 files")),
        "{:?}",
        config.problems.first()
    );
}

#[test]
fn a_running_nginx_is_found_by_its_command_line() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path();
    fs::create_dir(dir.join("logs")).unwrap();
    let http =
        format!("http {{ access_log logs/a.log; server {{ listen unix:{}/s; server_name here; }} }}", dir.display());
    let text = format!("daemon off; pid pid; error_log logs/e.log; events {{}} {http}");
    fs::write(dir.join("other.conf"), text).unwrap();
    let started = Command::new("nginx").arg("-p").arg(dir).args(["-c", "other.conf"]).current_dir("/").spawn();
    let Ok(mut nginx) = started else {
        return println!("skipped: no nginx");
    };
    let config = dir.join("other.conf");
    let mut found = None;
    for _ in 0..200 {
        // Its socket is there once it has read its configuration and written its own title.
        if dir.join("s").exists() && found.is_none() {
            found = Host::live().servers().into_iter().find(|server| server.config == config);
        }
        if found.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(25));
    }
    let pid = i32::try_from(nginx.id()).unwrap();
    let _ = Command::new("kill").args(["-QUIT", &pid.to_string()]).status();
    let _ = nginx.wait();
    let server = found.unwrap();
    assert_eq!(server.running, Some(pid));
    assert!(!server.version.is_empty());
    assert_eq!(server.sites[0].names, ["here"]);
    let logs: Vec<String> = server.sites[0].logs.iter().map(|log| format!("{:?}", log.target)).collect();
    assert_eq!(logs, [format!("File({:?})", dir.join("logs/a.log")), format!("File({:?})", dir.join("logs/e.log"))]);
}

/// File names and contents as `nginx -T` prints them; none where there is no nginx.
fn dump(nginx: &mut Command) -> Option<Vec<(PathBuf, String)>> {
    let output = nginx.output().ok()?;
    assert!(output.status.success(), "nginx: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("# configuration file ").and_then(|rest| rest.strip_suffix(":\n")) {
            Some(path) => files.push((path.into(), String::new())),
            None => files.last_mut().unwrap().1.push_str(line),
        }
    }
    Some(files)
}

fn assert_same(dumped: &[(PathBuf, String)], ours: &Config) {
    let names: Vec<&PathBuf> = dumped.iter().map(|(path, _)| path).collect();
    assert_eq!(ours.files.iter().collect::<Vec<_>>(), names);
    assert_eq!(ours.problems, Vec::<String>::new());
    for (path, text) in dumped {
        let printed = parse(&fs::read(path).unwrap()).print();
        assert_eq!(text.trim_end(), String::from_utf8_lossy(&printed).trim_end(), "{}", path.display());
    }
    assert!(!ours.settings.iter().any(has_include), "an include is left in the tree");
}

fn has_include(setting: &Setting) -> bool {
    setting.name == "include" || setting.inside().iter().any(has_include)
}

/// A configuration whose servers and snippets lie in directories taken in by patterns, relative and absolute.
fn generate(dir: &Path, seed: u64) -> PathBuf {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let mut pick = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) % below
    };
    for sub in ["sites/.hidden", "snippets", "parts/b", "parts/a", "log"] {
        fs::create_dir_all(dir.join(sub)).unwrap();
    }
    for snippet in 0..=pick(3) {
        fs::write(dir.join(format!("snippets/{snippet}.inc")), "error_page 404 \"/a;b\"; # }\n").unwrap();
    }
    for site in 0..=pick(6) {
        let name = ["Z.conf", "a.conf", "10.conf", "9.conf", ".dot.conf", "b.conf", "ä.conf"][site as usize % 7];
        let include = ["snippets/*.inc", "snippets/[0-1].inc", "snippets/?.inc"][pick(3) as usize];
        let listen = format!("listen unix:{}/{site}.sock;", dir.display());
        let text = format!("server {{\n {listen}\n location / {{ include {include}; include parts/*/x.inc; }}\n}}\n");
        fs::write(dir.join("sites").join(name), text).unwrap();
    }
    fs::write(dir.join("parts/a/x.inc"), "root /srv;\n").unwrap();
    fs::write(dir.join("parts/b/x.inc"), "if ($uri = '}') { return 403; }\n").unwrap();
    let sites = if pick(2) == 0 { "sites/*.conf".to_owned() } else { format!("{}/sites/*", dir.display()) };
    let (logs, includes) = (dir.join("log"), format!("include {sites}; include none/*;"));
    let http = format!("http {{ access_log {}/a; {includes} }}", logs.display());
    let text = format!("pid {0}/pid;\nerror_log {0}/e;\nevents {{}}\n{http}\n", logs.display());
    let main = dir.join("nginx.conf");
    fs::write(&main, text).unwrap();
    main
}
