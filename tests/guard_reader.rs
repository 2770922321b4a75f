//! The reader as a process of its own, with this test as its keeper.
#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::panic, reason = "a test starts programs")]

use std::fs;
use std::io::BufReader;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use peelhouse::detect::Settings;
use peelhouse::guard::message::{Care, Place, Start, ToKeeper, ToReader};
use peelhouse::guard::rules::Texts;
use peelhouse::guard::wire::{self, Frame};
use peelhouse::model::{LogKind, RealIp};
use peelhouse::monitor::Source;

struct Reader {
    child: Child,
    to: UnixStream,
    from: BufReader<UnixStream>,
}

impl Reader {
    fn start(path: PathBuf, care: Care) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_peelhouse"))
            .arg("guard-reader")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let from = BufReader::new(ours.try_clone().unwrap());
        let mut reader = Self { child, to: ours, from };
        let kind = LogKind::Access;
        let start = Start {
            sources: vec![Source { path, kind, format: None, site: String::new(), real_ip: RealIp::default() }],
            positions: Vec::new(),
            snapshot: 0,
            settings: Settings::default(),
            rules: Texts::default(),
            seed: 1,
            watch: Vec::new(),
            account: None,
            allow_unconfined: true,
            care,
            journal: false,
            from_start: true,
        };
        wire::write_message(&mut reader.to, &ToReader::Start(Box::new(start))).unwrap();
        reader
    }

    fn hear(&mut self) -> Option<ToKeeper> {
        loop {
            match wire::read_frame(&mut self.from, wire::MAX_MESSAGE).unwrap()? {
                Frame::Message(payload) => return Some(wire::parse(&payload).unwrap()),
                Frame::Chunk(_) => {}
            }
        }
    }

    /// All it says until it has read what there was.
    fn until_caught_up(&mut self) -> Vec<ToKeeper> {
        let mut heard = Vec::new();
        while let Some(said) = self.hear() {
            if said == ToKeeper::Reads(None) {
                return heard;
            }
            heard.push(said);
        }
        panic!("the reader ended: {heard:?}");
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn attack(path: &Path, lines: usize) {
    let stamp =
        String::from_utf8(Command::new("date").args(["-u", "+%d/%b/%Y:%H:%M:%S +0000"]).output().unwrap().stdout);
    let stamp = stamp.unwrap();
    let line = |n: usize| {
        let request = format!("GET /?id={n}%27%20UNION%20SELECT%20password%20FROM%20users-- HTTP/1.1");
        format!("203.0.113.8 - - [{}] \"{request}\" 404 5 \"-\" \"sqlmap/1.0\"\n", stamp.trim())
    };
    fs::write(path, (0..lines).map(line).collect::<String>()).unwrap();
}

#[test]
fn a_careful_reader_says_each_line_first_and_leaves_out_what_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let log = dir.path().join("access.log");
    attack(&log, 3);
    let mut first = Reader::start(log.clone(), Care { line_by_line: true, skip: Vec::new() });
    let heard = first.until_caught_up();
    let places: Vec<Place> =
        heard.iter().filter_map(|said| if let ToKeeper::Reads(place) = said { place.clone() } else { None }).collect();
    assert_eq!(
        places.iter().map(|place| (place.path.as_path(), place.line)).collect::<Vec<_>>(),
        [(log.as_path(), 1), (log.as_path(), 2), (log.as_path(), 3)]
    );
    let mut second = Reader::start(log.clone(), Care { line_by_line: true, skip: places[..2].to_vec() });
    let heard = second.until_caught_up();
    let read: Vec<&ToKeeper> = heard.iter().filter(|said| matches!(said, ToKeeper::Reads(_))).collect();
    assert_eq!(read, [&ToKeeper::Reads(Some(places[2].clone()))]);
}

#[test]
fn evidence_of_a_new_log_under_a_pattern_has_its_name_at_once() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut reader = Reader::start(dir.path().join("*.log"), Care::default());
    while !matches!(reader.hear(), Some(ToKeeper::Status(_))) {}
    let log = dir.path().join("new.log");
    // Whole at once: it appears with its lines in it.
    attack(&dir.path().join("new"), 20);
    fs::rename(dir.path().join("new"), &log).unwrap();
    loop {
        if let ToKeeper::Alert(alert) = reader.hear().expect("the reader lives") {
            assert!(!alert.evidence.is_empty());
            assert!(alert.evidence.iter().all(|line| Path::new(&line.file) == log), "{:?}", alert.evidence);
            return;
        }
    }
}
