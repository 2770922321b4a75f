//! Mistakes in our own configuration.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::tools::{PEELHOUSE, attack, finish};

/// A replay with this configuration, from the directory it stands in.
fn with(dir: &Path, config: &str) -> Output {
    fs::write(dir.join("p.toml"), config).unwrap();
    fs::write(dir.join("access.log"), attack("203.0.113.8")).unwrap();
    finish(Command::new(PEELHOUSE).current_dir(dir).args(["replay", "--config", "p.toml", "access.log"]))
}

#[test]
fn a_mistake_is_told_with_its_place_and_what_was_meant() {
    let dir = tempfile::tempdir().unwrap();
    for (config, said) in [
        ("[polcy]\nmode = \"observe\"\n", "p.toml:1: unknown field `polcy`"),
        ("[policy]\nmod = \"observe\"\n", "did you mean \"mode\"?"),
        ("[policy]\n\nmode = \"observed\"\n", "p.toml:3: unknown variant `observed`"),
        ("[policy]\nmode = 3\n", "p.toml:2:"),
        ("[policy.times]\nfirst = \"10x\"\n", "p.toml:2: \"10x\" is no span of time"),
        ("[detection]\nvolume_rate = \"x\"\n", "p.toml:2:"),
        ("[[log]]\npth = \"/x\"\n", "did you mean \"path\"?"),
        ("[[policy.match]]\nclass = [\"intrusio\"]\naction = \"ban\"\n", "did you mean \"intrusion\"?"),
        ("[policy]\nmode = \"observe\"\nmode = \"enforce\"\n", "p.toml:3:"),
        ("garbage", "p.toml:1:"),
        ("mode = \"\u{1b}[2J", "p.toml:1:"),
    ] {
        let output = with(dir.path(), config);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{config}: {stderr}");
        assert!(stderr.contains(said) && !stderr.contains('\u{1b}'), "{config}: {stderr}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_path_is_taken_from_where_the_person_stands() {
    let dir = tempfile::tempdir().unwrap();
    let output = with(dir.path(), "[policy]\nmode = \"observe\"\n");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("203.0.113.8"));
}

#[test]
fn what_is_no_configuration_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo.toml");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0)
        .unwrap();
    fs::write(dir.path().join("bytes.toml"), b"\xff\xfe").unwrap();
    let places =
        [fifo, "/dev/zero".into(), dir.path().to_owned(), dir.path().join("missing"), dir.path().join("bytes.toml")];
    for config in places {
        let output = finish(Command::new(PEELHOUSE).args(["replay", "/dev/null", "--config"]).arg(&config));
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(config.to_str().unwrap()), "{stderr}");
    }
}
