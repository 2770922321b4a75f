//! Following logs exactly once: rotation, truncation, links, compression, downtime.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test writes the logs it follows")]

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use peelhouse::model::{Millis, Position};
use peelhouse::monitor::{After, Options, Problem, Tailer};
use proptest::prelude::*;

const AFTER: After = After { now: Millis(0), settled: true };

fn quick() -> Options {
    Options { from_start: true, drain: Duration::ZERO, look: Duration::ZERO, ..Options::default() }
}

/// Like a guard's: real delays, so that only inotify can be quick.
fn patient() -> Options {
    Options { from_start: true, ..Options::default() }
}

fn tailer(path: &Path, positions: &[Position], options: Options) -> Tailer {
    Tailer::new(vec![path.to_path_buf()], positions.to_vec(), options)
}

fn positions(tailer: &Tailer) -> Vec<Position> {
    tailer.positions()
}

/// Everything that is there now.
fn all(tailer: &mut Tailer) -> Vec<String> {
    let mut lines = Vec::new();
    let mut quiet = 0;
    while quiet < 3 {
        let before = lines.len();
        let more = tailer.poll(Duration::from_millis(1), &mut |_, line| {
            lines.push(String::from_utf8_lossy(line.bytes).into_owned());
            AFTER
        });
        quiet = if more || lines.len() > before { 0 } else { quiet + 1 };
    }
    lines
}

/// Polls until so many lines came; fails after a minute.
fn wait_for(tailer: &mut Tailer, count: usize) -> Vec<String> {
    let (mut lines, start) = (Vec::new(), Instant::now());
    while lines.len() < count {
        assert!(start.elapsed() < Duration::from_secs(60), "{} of {count} lines", lines.len());
        tailer.poll(Duration::from_millis(50), &mut |_, line| {
            lines.push(String::from_utf8_lossy(line.bytes).into_owned());
            AFTER
        });
    }
    lines.extend(all(tailer));
    lines
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn gzip(path: &Path) {
    let to = PathBuf::from(format!("{}.gz", path.display()));
    let mut packer = flate2::write::GzEncoder::new(File::create(to).unwrap(), flate2::Compression::fast());
    packer.write_all(&fs::read(path).unwrap()).unwrap();
    packer.finish().unwrap();
    fs::remove_file(path).unwrap();
}

fn zstd(path: &Path) {
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    let packed = compress_to_vec(&*fs::read(path).unwrap(), CompressionLevel::Fastest);
    fs::write(format!("{}.zst", path.display()), packed).unwrap();
    fs::remove_file(path).unwrap();
}

/// As logrotate(8) does: `.2.gz` → `.3.gz`, …
fn shift(path: &Path) {
    for number in (1..40).rev() {
        for packing in ["", ".gz", ".zst"] {
            let from = format!("{}.{number}{packing}", path.display());
            let _ = fs::rename(from, format!("{}.{}{packing}", path.display(), number + 1));
        }
    }
}

fn rotate(path: &Path) {
    shift(path);
    let _ = fs::rename(path, format!("{}.1", path.display()));
}

fn copytruncate(path: &Path) {
    shift(path);
    if fs::copy(path, format!("{}.1", path.display())).is_ok() {
        File::options().write(true).open(path).unwrap().set_len(0).unwrap();
    }
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("access.log");
    (dir, log)
}

#[test]
fn lines_come_whole_with_their_place() {
    let (_dir, log) = scratch();
    append(&log, "one\r\n\ntw");
    let mut tailer = tailer(&log, &[], quick());
    let mut seen = Vec::new();
    for more in ["", "o\n", "three\n"] {
        append(&log, more);
        for _ in 0..3 {
            tailer.poll(Duration::ZERO, &mut |_, line| {
                seen.push((line.offset, line.number, line.bytes.to_vec()));
                AFTER
            });
        }
    }
    let wanted = [(0, 1, "one"), (5, 2, ""), (6, 3, "two"), (10, 4, "three")];
    assert_eq!(seen, wanted.map(|(offset, number, text)| (offset, number, text.as_bytes().to_vec())));
}

#[test]
fn a_first_start_begins_at_the_end() {
    let (_dir, log) = scratch();
    append(&log, "old\nolder, but not whole");
    let mut tailer = tailer(&log, &[], Options { from_start: false, ..quick() });
    assert!(all(&mut tailer).is_empty());
    append(&log, " yet\nnew\n");
    assert_eq!(all(&mut tailer), ["older, but not whole yet", "new"]);
    assert_eq!(positions(&tailer)[0].line, 3);
}

#[test]
fn what_was_rotated_before_the_first_start_stays_old() {
    let (_dir, log) = scratch();
    append(&log, "long ago\n");
    rotate(&log);
    append(&log, "");
    let mut first = tailer(&log, &[], Options { from_start: false, ..quick() });
    assert!(all(&mut first).is_empty());
    let known = positions(&first);
    drop(first);
    append(&log, "new\n");
    rotate(&log);
    gzip(&log.with_file_name("access.log.1"));
    append(&log, "newer\n");
    assert_eq!(all(&mut tailer(&log, &known, quick())), ["new", "newer"]);
}

#[test]
fn three_hundred_thousand_lines_over_ten_renames() {
    const LINES: usize = 300_000;
    let (_dir, log) = scratch();
    let mut tailer = tailer(&log, &[], patient());
    let writer = std::thread::spawn({
        let log = log.clone();
        move || {
            for part in 0..10 {
                let mut file = OpenOptions::new().append(true).create(true).open(&log).unwrap();
                for chunk in 0..LINES / 10 / 100 {
                    let first = part * LINES / 10 + chunk * 100;
                    let lines: String = (first..first + 100).map(|number| format!("{number}\n")).collect();
                    file.write_all(lines.as_bytes()).unwrap();
                }
                rotate(&log);
            }
        }
    });
    let lines = wait_for(&mut tailer, LINES);
    writer.join().unwrap();
    assert_eq!(lines.len(), LINES);
    assert!(lines.iter().enumerate().all(|(number, line)| *line == number.to_string()));
    assert_eq!(tailer.problems(), []);
}

#[test]
fn late_lines_in_the_renamed_file_are_read() {
    let (_dir, log) = scratch();
    append(&log, "1\n");
    let mut tailer = tailer(&log, &[], Options { look: Duration::ZERO, ..patient() });
    assert_eq!(all(&mut tailer), ["1"]);
    rotate(&log);
    append(&log, "2\n");
    assert_eq!(all(&mut tailer), ["2"]);
    append(&log.with_file_name("access.log.1"), "late\n");
    assert_eq!(all(&mut tailer), ["late"]);
}

#[test]
fn copytruncate_starts_over_and_takes_the_rest_from_the_copy() {
    let (_dir, log) = scratch();
    append(&log, "1\n2\n");
    let mut tailer = tailer(&log, &[], quick());
    assert_eq!(all(&mut tailer), ["1", "2"]);
    append(&log, "3\n");
    copytruncate(&log);
    append(&log, "4 is longer than all that was before\n");
    assert_eq!(all(&mut tailer), ["3", "4 is longer than all that was before"]);
    assert_eq!(tailer.problems(), []);
}

#[test]
fn truncation_without_a_copy_starts_over_and_says_so() {
    let (_dir, log) = scratch();
    append(&log, "1\n2\n");
    let mut tailer = tailer(&log, &[], quick());
    assert_eq!(all(&mut tailer), ["1", "2"]);
    File::create(&log).unwrap();
    append(&log, "3\n");
    assert_eq!(all(&mut tailer), ["3"]);
    assert_eq!(tailer.problems(), [Problem::Gone { path: log, offset: 4 }]);
}

#[test]
fn rotated_and_compressed_while_down() {
    for dated in [false, true] {
        let (_dir, log) = scratch();
        let name = |number: usize| match dated {
            false => log.with_file_name(format!("access.log.{number}")),
            true => log.with_file_name(format!("access.log-2026112{}", 4 - number)),
        };
        append(&log, "1\n2\n");
        let mut first = tailer(&log, &[], quick());
        assert_eq!(all(&mut first), ["1", "2"]);
        let known = positions(&first);
        drop(first);
        append(&log, "3\n");
        fs::rename(&log, name(3)).unwrap();
        gzip(&name(3));
        append(&log, "4\n");
        fs::rename(&log, name(2)).unwrap();
        zstd(&name(2));
        append(&log, "5\n");
        fs::rename(&log, name(1)).unwrap();
        append(&log, "6\n");
        let mut second = tailer(&log, &known, quick());
        assert_eq!(all(&mut second), ["3", "4", "5", "6"], "dated: {dated}");
        assert_eq!(second.problems(), []);
        let known = positions(&second);
        assert!(all(&mut tailer(&log, &known, quick())).is_empty());
    }
}

#[test]
fn text_lost_while_down_is_told() {
    let (_dir, log) = scratch();
    append(&log, "1\n");
    let mut first = tailer(&log, &[], quick());
    assert_eq!(all(&mut first), ["1"]);
    let known = positions(&first);
    drop(first);
    fs::remove_file(&log).unwrap();
    append(&log, "3\n");
    let mut second = tailer(&log, &known, quick());
    assert_eq!(all(&mut second), ["3"]);
    assert_eq!(second.problems(), [Problem::Gone { path: log, offset: 2 }]);
}

#[test]
fn a_swapped_link_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let (a, b, log) = (dir.path().join("a"), dir.path().join("b"), dir.path().join("logs/access.log"));
    for dir in [&a, &b, &dir.path().join("logs")] {
        fs::create_dir(dir).unwrap();
    }
    append(&a.join("x"), "1\n");
    std::os::unix::fs::symlink(a.join("x"), &log).unwrap();
    let mut tailer = tailer(&log, &[], patient());
    assert_eq!(wait_for(&mut tailer, 1), ["1"]);
    append(&a.join("x"), "2\n");
    assert_eq!(wait_for(&mut tailer, 1), ["2"]);
    append(&b.join("y"), "3\n");
    std::os::unix::fs::symlink(b.join("y"), dir.path().join("logs/new")).unwrap();
    fs::rename(dir.path().join("logs/new"), &log).unwrap();
    assert_eq!(wait_for(&mut tailer, 1), ["3"]);
    append(&b.join("y"), "4\n");
    assert_eq!(wait_for(&mut tailer, 1), ["4"]);
}

#[test]
fn a_glob_takes_new_files_and_no_rotations() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name);
    append(&file("site.2026-11-21.txt"), "1\n");
    append(&file("site.2026-11-20.txt.gz"), "not a log");
    let mut tailer = tailer(&file("*.txt*"), &[], patient());
    assert_eq!(wait_for(&mut tailer, 1), ["1"]);
    append(&file("site.2026-11-22.txt"), "2\n");
    assert_eq!(wait_for(&mut tailer, 1), ["2"]);
    fs::rename(file("site.2026-11-22.txt"), file("site.2026-11-22.txt.1")).unwrap();
    append(&file("site.2026-11-22.txt"), "3\n");
    assert_eq!(wait_for(&mut tailer, 1), ["3"]);
    let known = positions(&tailer);
    drop(tailer);
    append(&file("site.2026-11-23.txt"), "4\n");
    let mut again = self::tailer(&file("*.txt*"), &known, Options { from_start: false, ..patient() });
    assert_eq!(wait_for(&mut again, 1), ["4"]);
}

#[test]
fn absent_files_and_directories_may_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("logs/access.log");
    let begin = || Options { from_start: false, ..quick() };
    let mut tailer = tailer(&log, &[], begin());
    assert!(all(&mut tailer).is_empty());
    for text in ["1", "2"] {
        fs::create_dir(dir.path().join("logs")).unwrap();
        append(&log, &format!("{text}\n"));
        assert_eq!(all(&mut tailer), [text]);
        fs::remove_dir_all(dir.path().join("logs")).unwrap();
        assert!(all(&mut tailer).is_empty());
    }
    let known = positions(&tailer);
    fs::create_dir(dir.path().join("logs")).unwrap();
    append(&log, "3\n");
    assert_eq!(all(&mut self::tailer(&log, &known, begin())), ["3"]);
}

#[test]
fn a_log_absent_when_last_seen_is_read_from_its_start() {
    let (_dir, log) = scratch();
    let begin = || Options { from_start: false, ..quick() };
    let mut first = tailer(&log, &[], begin());
    assert!(all(&mut first).is_empty());
    let known = positions(&first);
    append(&log, "1\n");
    assert_eq!(all(&mut tailer(&log, &known, begin())), ["1"]);
}

#[test]
fn what_is_no_file_is_told_and_does_not_hang() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    for path in [fifo.as_path(), dir.path(), Path::new("/dev/zero")] {
        let mut tailer = tailer(path, &[], quick());
        assert!(all(&mut tailer).is_empty());
        let problems = tailer.problems();
        assert!(matches!(&problems[..], [Problem::CannotFollow { path: told, .. }] if told == path), "{problems:?}");
    }
}

#[test]
fn a_line_over_the_cap_is_cut_and_the_next_is_whole() {
    let (_dir, log) = scratch();
    let options = || Options { cap: 300_000, ..quick() };
    append(&log, "a\n");
    let mut tailer = tailer(&log, &[], options());
    assert_eq!(all(&mut tailer), ["a"]);
    for _ in 0..10 {
        append(&log, &"x".repeat(100_000));
        assert!(all(&mut tailer).is_empty());
    }
    let known = positions(&tailer);
    append(&log, "\nb\n");
    for tailer in [&mut tailer, &mut self::tailer(&log, &known, options())] {
        let lines = all(tailer);
        assert_eq!((lines[0].len(), lines[1].as_str(), lines.len()), (300_000, "b", 2));
        assert!(matches!(&tailer.problems()[..], [Problem::LongLine { line: 2, .. }]));
    }
}

#[test]
fn reading_goes_on_before_a_record_that_was_not_complete() {
    let (_dir, log) = scratch();
    append(&log, "whole\npart\nmore\n");
    let mut first = tailer(&log, &[], quick());
    let mut count = 0;
    first.poll(Duration::ZERO, &mut |_, line| {
        count += 1;
        After { settled: line.bytes == b"whole", ..AFTER }
    });
    let known = positions(&first);
    drop(first);
    rotate(&log);
    gzip(&log.with_file_name("access.log.1"));
    assert_eq!((count, all(&mut tailer(&log, &known, quick()))), (3, vec!["part".to_owned(), "more".to_owned()]));
}

#[derive(Clone, Debug)]
enum Step {
    Write(u8),
    Rotate,
    CopyTruncate,
    Gzip(u8),
    Zstd(u8),
    Poll,
    Checkpoint,
    /// Killed: what was read since the checkpoint is read again.
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..6u8).prop_map(Step::Write),
        2 => Just(Step::Rotate),
        1 => Just(Step::CopyTruncate),
        1 => (1..4u8).prop_map(Step::Gzip),
        1 => (1..4u8).prop_map(Step::Zstd),
        2 => Just(Step::Poll),
        2 => Just(Step::Checkpoint),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..40)
}

/// Takes the steps; what was read must be what was written, in order, each line once.
fn play(steps: &[Step]) -> Result<(), TestCaseError> {
    let (_dir, log) = scratch();
    let (mut written, mut read) = (Vec::new(), Vec::new());
    let mut saved = (positions(&tailer(&log, &[], quick())), 0);
    let mut current = None;
    let rotated = |number: &u8| log.with_file_name(format!("access.log.{number}"));
    for step in steps {
        match step {
            Step::Write(count) => {
                for _ in 0..*count {
                    written.push(format!("line {}", written.len()));
                    append(&log, &format!("line {}\n", written.len() - 1));
                }
            }
            Step::Rotate => rotate(&log),
            Step::CopyTruncate => copytruncate(&log),
            Step::Gzip(number) if rotated(number).exists() => gzip(&rotated(number)),
            Step::Zstd(number) if rotated(number).exists() => zstd(&rotated(number)),
            Step::Gzip(_) | Step::Zstd(_) => {}
            Step::Poll => read.extend(all(current.get_or_insert_with(|| tailer(&log, &saved.0, quick())))),
            Step::Checkpoint => {
                if let Some(tailer) = &current {
                    saved = (positions(tailer), read.len());
                }
            }
            Step::Crash => {
                current = None;
                read.truncate(saved.1);
            }
        }
    }
    read.extend(all(current.get_or_insert_with(|| tailer(&log, &saved.0, quick()))));
    prop_assert_eq!(read, written);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_once_and_in_order_whatever_happens_to_the_files(steps in steps()) {
        play(&steps)?;
    }
}
