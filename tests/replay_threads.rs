//! However many threads read, a replay says the same: of any packing, and of files that end in damage.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test starts programs and writes the logs they read"
)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const AGENTS: [&str; 2] = ["Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0", "sqlmap/1.0"];

/// Half an hour of one site, more than two megabytes; every file has its own clients and much the same moments.
fn log(file: usize) -> String {
    let line = |n: usize| {
        let stamp = format!("22/Nov/2026:08:{:02}:{:02} +0000", n / 360 % 60, n / 6 % 60);
        let odd = usize::from(n.is_multiple_of(97 + file));
        let path = ["/shop/page", "/?id=%27%20UNION%20SELECT%20a%20FROM%20b--"][odd];
        let client = if odd == 1 { n % 3 } else { n % 200 };
        let agent = AGENTS[odd];
        format!("198.51.{file}.{client} - - [{stamp}] \"GET {path}{n} HTTP/1.1\" 200 {n} \"-\" \"{agent}\"\n")
    };
    (0..12_000).map(line).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

fn zstd(text: &str) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest)
}

fn cut(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() * 2 / 3);
    bytes
}

/// After the text a block of a kind that there is not (RFC 1951, 3.2.3).
fn broken(text: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    packer.flush().unwrap();
    [packer.get_ref(), &[0xff; 64][..]].concat()
}

fn lay_out(dir: &Path) -> Vec<PathBuf> {
    let members = [gzip(&log(1)), gzip("198.51.1.1 half a line, and no newline")].concat();
    let files = [
        ("a.log", log(0).into_bytes()),
        ("b.log.gz", members),
        ("c.log.zst", zstd(&log(2))),
        ("d.log.gz", cut(gzip(&log(3)))),
        ("e.log.gz", broken(&log(4))),
        ("f.log.zst", cut(zstd(&log(5)))),
        ("g.log", Vec::new()),
    ];
    let written = files.map(|(name, bytes)| {
        let path = dir.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    });
    written.into_iter().chain([dir.join("absent.log")]).collect()
}

fn replay(files: &[PathBuf], threads: &str) -> Vec<Value> {
    let program = env!("CARGO_BIN_EXE_peelhouse");
    let output = Command::new(program).args(["replay", "--json", "--threads", threads]).args(files).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = objects.last_mut().and_then(|last| last.get_mut("summary")).and_then(Value::as_object_mut);
    assert!(summary.unwrap().remove("seconds").is_some());
    objects
}

#[test]
fn any_number_of_threads_says_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let files = lay_out(dir.path());
    let one = replay(&files, "1");
    let summary = &one.last().unwrap()["summary"];
    assert_eq!(summary["problems"].as_array().unwrap().len(), 4, "{summary}");
    assert!(summary["lines"].as_u64().unwrap() > 3 * 12_000, "{summary}");
    assert!(one.len() > 6, "no decisions to compare");
    for threads in ["2", "4"] {
        assert_eq!(replay(&files, threads), one, "--threads {threads}");
    }
}

#[test]
fn no_thread_is_too_few() {
    let program = env!("CARGO_BIN_EXE_peelhouse");
    let output = Command::new(program).args(["replay", "--threads", "0", "/dev/null"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
