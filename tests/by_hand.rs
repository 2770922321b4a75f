//! Orders of a person where no guard runs, in a network namespace of their own.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stderr, reason = "a test starts programs")]

use std::path::Path;
use std::process::Command;

/// What a shell says that runs `script` in a new namespace; none where that cannot be. `$P` and `$D` are the program and its
/// state, `$S` lists the banned.
fn in_private(script: &str) -> Option<String> {
    if !rustix::process::geteuid().is_root() || !Path::new("/usr/sbin/nft").exists() {
        eprintln!("skipped: needs root and nft");
        return None;
    }
    let dir = tempfile::tempdir().unwrap();
    let (state, config) = (dir.path().join("state"), dir.path().join("peelhouse.toml"));
    std::fs::write(&config, "").unwrap();
    let run = Command::new("unshare")
        .args(["--net", "sh", "-c", script])
        .env("P", env!("CARGO_BIN_EXE_peelhouse"))
        .env("D", format!("--state {} --config {}", state.display(), config.display()))
        .env("S", "nft list table inet peelhouse")
        .output()
        .unwrap();
    let [said, complained] = [run.stdout, run.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(run.status.success(), "{said}\n{complained}");
    Some(said)
}

#[test]
fn whoever_is_freed_is_free_in_the_kernel_too() {
    for net in ["203.0.113.7", "203.0.113.0/24", "2001:db8::7"] {
        let script = format!(
            "set -e; $P ban {net} --for 1h $D >/dev/null; $P ban 198.51.100.1 --for 1h $D >/dev/null; $S | grep -c '{net}'; \
             $P unban {net} $D; $S | grep -c '{net}' || true; $S | grep -c 198.51.100.1"
        );
        let Some(said) = in_private(&script) else { return };
        let said: Vec<&str> = said.lines().collect();
        assert!(matches!(said[..], ["1", _, "0", "1"]), "{said:?}");
        assert!(said[1].contains(" is free"), "{said:?}");
    }
}

#[test]
fn the_last_one_freed_leaves_nobody_banned() {
    let script =
        "set -e; $P ban 203.0.113.7 --for 1h $D >/dev/null; $P unban 203.0.113.7 $D; $S | grep -c 203.0.113.7 || true";
    let Some(said) = in_private(script) else { return };
    assert_eq!(said.lines().last(), Some("0"), "{said}");
}

#[test]
fn a_ban_without_an_end_says_that_nobody_renews_it() {
    let said = in_private(
        "$P ban 203.0.113.7 $D; $P ban 203.0.113.8 --for 1h $D; $S | grep -o '203.0.113.7 .*expires [0-9]*h'",
    );
    let Some(said) = said else { return };
    let said: Vec<&str> = said.lines().collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].contains("no guard runs: the kernel lifts it in 24 h"), "{said:?}");
    assert!(!said[1].contains("no guard runs"), "{said:?}");
    assert!(said[2].contains("timeout 1d"), "{said:?}");
}
