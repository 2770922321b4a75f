//! What a log can be instead of a log.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::tools::{PEELHOUSE, attack, finish, is_root, replay, set};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn what_is_no_file_is_named_and_does_not_hang() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo.log");
    mknodat(CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let socket = dir.path().join("socket.log");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let missing = dir.path().join("missing.log");
    let device = Path::new("/dev/zero");
    for (path, said) in
        [(&*fifo, "is a FIFO"), (&*socket, "is a socket"), (device, "is a device"), (&*missing, "does not exist")]
    {
        let replay = replay(path);
        assert_eq!(replay.code, 3, "{path:?}");
        let problems = replay.problems();
        assert!(problems.contains(said) && problems.contains(path.to_str().unwrap()), "{problems}");
        assert_eq!(problems.matches("cannot read").count(), 1, "said once: {problems}");
        assert!(!problems.contains("rotated"), "{problems}");
    }
}

#[test]
fn a_directory_means_its_logs_and_one_without_any_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let empty = replay(dir.path());
    assert_eq!(empty.code, 3);
    assert!(empty.problems().contains(dir.path().to_str().unwrap()), "{}", empty.problems());
    fs::write(dir.path().join("access.log"), attack("203.0.113.8")).unwrap();
    mknodat(CWD, dir.path().join("fifo.log"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let replay = replay(dir.path());
    assert_eq!((replay.code, replay.stopped()), (0, set(&["203.0.113.8"])));
}

#[test]
fn an_unreadable_log_is_told() {
    if !is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let log = dir.path().join("access.log");
    fs::write(&log, attack("203.0.113.8")).unwrap();
    fs::set_permissions(&log, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    // The built program may stand where only root can go.
    let program = dir.path().join("peelhouse");
    fs::copy(PEELHOUSE, &program).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
    let output = finish(command.args(["replay", "--json"]).arg(&log));
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("permission denied"));
}

#[test]
fn an_empty_log_is_no_problem_and_a_last_line_needs_no_newline() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("access.log");
    fs::write(&log, "").unwrap();
    let empty = replay(&log);
    assert_eq!((empty.code, &empty.summary["lines"]), (0, &0.into()));
    fs::write(&log, attack("203.0.113.8").trim_end()).unwrap();
    let whole = replay(&log);
    assert_eq!((whole.code, &whole.summary["lines"]), (0, &20.into()));
}

#[test]
fn broken_packing_gives_the_lines_before_the_break() {
    let dir = tempfile::tempdir().unwrap();
    let mut text = attack("203.0.113.8");
    // What does not compress fills the blocks that are lost.
    for n in 0..20_000u64 {
        let noise = blake3::hash(&n.to_le_bytes()).to_hex();
        text.push_str(&format!(
            "192.0.2.1 - - [22/Nov/2026:08:01:00 +0000] \"GET /{noise} HTTP/1.1\" 200 5 \"-\" \"-\"\n"
        ));
    }
    let zstd = {
        let plain = dir.path().join("plain");
        fs::write(&plain, &text).unwrap();
        finish(Command::new("zstd").arg("-qc").arg(&plain)).stdout
    };
    for (name, packed) in [("a.log.gz", gzip(text.as_bytes())), ("a.log.zst", zstd)] {
        let log = dir.path().join(name);
        fs::write(&log, &packed[..packed.len() * 3 / 4]).unwrap();
        let replay = replay(&log);
        assert_eq!(replay.code, 3, "{name}");
        // A decoder of zstd keeps its window to itself until the frame ends well.
        let whole = name.ends_with("gz");
        assert!(!whole || replay.stopped().contains("203.0.113.8"), "{name}: the lines before the damage count");
        assert!(replay.problems().contains("damaged after"), "{name}: {}", replay.problems());
        let mut flipped = packed.clone();
        let middle = flipped.len() / 2;
        flipped[middle..middle + 64].fill(0xff);
        fs::write(&log, flipped).unwrap();
        assert_eq!(crate::tools::replay(&log).code, 3, "{name}");
    }
}

/// 1 GB of zeros in 1 MB: one endless line. Its memory is capped here, so that holding it fails.
#[test]
fn a_gzip_bomb_is_read_in_bounded_memory() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("bomb.log.gz");
    let megabyte = vec![0; 1 << 20];
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..256).for_each(|_| packed.write_all(&megabyte).unwrap());
    let quarter = packed.finish().unwrap();
    // Members of gzip one after another are one text.
    fs::write(&log, quarter.repeat(4)).unwrap();
    let limited = format!("ulimit -v 400000; exec {PEELHOUSE} replay --json {}", log.display());
    let output = finish(Command::new("sh").args(["-c", &limited]));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"lines\":1,"));
}
