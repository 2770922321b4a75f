//! Finished logs, merged by their log clocks, into a trial.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::detect::fail2ban::JailRules;
use crate::detect::{Look, Looked};
use crate::formats::logs::LineFormat;
use crate::guard::trial::Trial;
use crate::host::Host;
use crate::model::{DeclaredFormat, Event, LogFile, LogKind, LogTarget, RealIp, Server, SourceIx};
use crate::monitor::{self, LineReader, MAX_LINE, Replayed, Source};

/// Lines that tell a format.
const SAMPLE: usize = 100;

/// What somebody says that lines look like.
#[derive(Clone, Debug)]
pub enum Form {
    Pattern(DeclaredFormat),
    Kind(LogKind),
}

/// One source a file. A file that a server of this host declares is read as declared; others are recognised, unless
/// `form` says what they are.
pub fn sources(files: &[PathBuf], servers: &[Server], form: Option<&Form>) -> Vec<Source> {
    let (kind, format) = match form {
        None => (None, None),
        Some(Form::Kind(kind)) => (Some(*kind), None),
        Some(Form::Pattern(format)) => (Some(LogKind::Access), Some(format)),
    };
    files
        .iter()
        .map(|path| {
            let declared = servers.iter().find_map(|server| declared(path, server));
            let (log, site) = declared.unzip();
            Source {
                path: path.clone(),
                kind: kind.or(log.map(|log| log.kind)).unwrap_or(LogKind::Access),
                format: format.cloned().or_else(|| log.filter(|_| kind.is_none())?.format.clone()),
                site: site.unwrap_or_default().to_owned(),
                real_ip: log.map_or_else(RealIp::default, |log| log.real_ip.clone()),
            }
        })
        .collect()
}

/// Files of no known format that an imported jail reads are read for it, line by line.
pub fn for_jails(sources: &mut [Source], jails: &[JailRules]) {
    for source in sources.iter_mut().filter(|source| source.kind == LogKind::Access && source.format.is_none()) {
        if jails.iter().any(|jail| jail.enabled && jail.reads(&source.path)) && recognised(&source.path).is_none() {
            source.kind = LogKind::Plain;
        }
    }
}

/// What the first lines of a file look like.
fn recognised(file: &Path) -> Option<LineFormat> {
    let mut lines = LineReader::open(file, MAX_LINE).ok()?;
    let mut sample: Vec<Vec<u8>> = Vec::new();
    while sample.len() < SAMPLE
        && let Ok(Some(line)) = lines.next_line()
    {
        sample.push(line.bytes.to_vec());
    }
    LineFormat::recognise(&sample.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// The logs that servers declare, with their rotations.
pub fn logs(host: &Host, servers: &[Server]) -> Vec<PathBuf> {
    let of_sites = servers.iter().flat_map(|server| server.sites.iter().flat_map(|site| &site.logs));
    let declared = servers.iter().flat_map(|server| &server.logs).chain(of_sites);
    let paths: BTreeSet<&Path> = declared.filter_map(|log| file(&log.target)).collect();
    let with = |path: &Path, end: &str| host.glob(Path::new(&format!("{}{end}", path.display())));
    paths.into_iter().flat_map(|path| ["", ".*", "-*"].map(|end| with(path, end))).flatten().collect()
}

fn file(target: &LogTarget) -> Option<&Path> {
    match target {
        LogTarget::File(file) | LogTarget::Pipe { file: Some(file), .. } => Some(file),
        _ => None,
    }
}

/// How to read a file line by line: one by one, unless its lines need those before them.
pub fn line_by_line(file: &Path) -> Option<Form> {
    (!recognised(file).is_some_and(|format| format.has_context())).then_some(Form::Kind(LogKind::Mixed))
}

/// Runs all of it through; the alarms of logs that do not parse are tried like any other alert.
pub fn replay(
    sources: &[Source],
    threads: NonZeroUsize,
    trial: &mut Trial,
    progress: &mut dyn FnMut(u64, u64),
) -> Replayed {
    for (ix, source) in (0..).map(SourceIx).zip(sources) {
        trial.source(ix, &source.path.to_string_lossy());
    }
    let mut replayed = monitor::replay_into(sources, MAX_LINE, threads, &mut Ahead(trial), progress);
    for alarm in std::mem::take(&mut replayed.alarms) {
        trial.alert(alarm);
    }
    replayed
}

/// A trial whose events are looked at ahead of their turn.
struct Ahead<'t>(&'t mut Trial);

struct Eyes(Look);

impl monitor::Look for Eyes {
    type Found = Looked;
    fn look(&mut self, event: &Event<'_>, looked: &mut Looked) {
        self.0.look(event, looked);
    }
}

impl monitor::Take for Ahead<'_> {
    type Look = Eyes;
    fn eyes(&self) -> Eyes {
        Eyes(self.0.engine().eyes())
    }
    fn announce(&self, looked: &Looked) {
        self.0.engine().announce(looked);
    }
    fn fetch(&self, looked: &Looked) {
        self.0.engine().fetch(looked);
    }
    fn take(&mut self, event: &Event<'_>, looked: Option<&Looked>) {
        self.0.take(event, looked);
    }
}

/// The log that a file is, or is a rotation of.
fn declared<'a>(path: &Path, server: &'a Server) -> Option<(&'a LogFile, &'a str)> {
    let of_sites = server.sites.iter().flat_map(|site| {
        let name = site.names.first().map_or("", String::as_str);
        site.logs.iter().map(move |log| (log, name))
    });
    let mut logs = server.logs.iter().map(|log| (log, "")).chain(of_sites);
    logs.find(|(log, _)| {
        let rotated = path.to_string_lossy();
        let rest = file(&log.target).and_then(|file| rotated.strip_prefix(&*file.to_string_lossy()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
    })
}
