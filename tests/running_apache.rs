//! An Apache that runs is found as its own command line and environment started it.

#![allow(clippy::disallowed_methods, reason = "a test prepares files and runs the real server")]

use std::fs;
use std::process::{Child, Command};
use std::time::Duration;

use peelhouse::host::Host;
use peelhouse::model::{LogTarget, Server, ServerKind};

#[test]
fn a_running_apache_is_found_by_its_command_line() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = scratch.path();
    let modules = "/usr/lib/apache2/modules";
    let text = format!(
        "LoadModule mpm_event_module {modules}/mod_mpm_event.so\nLoadModule authz_core_module {modules}/mod_authz_core.so\n\
         Listen 8080\nPidFile pid\nErrorLog error.log\nDefaultRuntimeDir .\nMutex file:. default\n\
         <IfDefine OTHER>\n<VirtualHost *:8080>\nServerName here\nCustomLog ${{LOGS}}/a.log \"%h %r\"\n</VirtualHost>\n</IfDefine>\n"
    );
    fs::write(dir.join("other.conf"), text).unwrap();
    // A network of its own: nothing of this host is listened on.
    let mut command = Command::new("unshare");
    command.args(["-n", "apache2", "-f", "other.conf", "-DOTHER", "-DFOREGROUND", "-d"]).arg(dir).env("LOGS", dir);
    let Ok(mut apache) = command.spawn() else {
        return println!("skipped: no unshare");
    };
    let pid = i32::try_from(apache.id()).unwrap();
    let found = wait_until_up(&mut apache, &dir.join("pid")).then(|| find(pid));
    let _ = Command::new("kill").args(["-TERM", &pid.to_string()]).status();
    let _ = apache.wait();
    let Some(found) = found else {
        return println!("skipped: apache2 does not start here");
    };
    let server = found.unwrap();
    assert_eq!((server.kind, server.config.as_path()), (ServerKind::Apache, dir.join("other.conf").as_path()));
    let here = server.sites.iter().find(|site| site.names == ["here"]).unwrap();
    assert!(here.logs.iter().any(|log| log.target == LogTarget::File(dir.join("a.log"))), "{here:?}");
}

fn wait_until_up(apache: &mut Child, pid_file: &std::path::Path) -> bool {
    for _ in 0..400 {
        if pid_file.exists() || !matches!(apache.try_wait(), Ok(None)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    pid_file.exists()
}

fn find(pid: i32) -> Option<Server> {
    Host::live().servers().into_iter().find(|server| server.running == Some(pid))
}
