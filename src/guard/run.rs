//! Brings everything up in order, and again after a reload.

use std::path::{Path, PathBuf};

use rustix::process::Resource;

use crate::act::server_map::ServerMap;
use crate::formats::Files;
use crate::guard::check::Check;
use crate::guard::config::Config;
use crate::guard::confine;
use crate::guard::control;
use crate::guard::error::GuardError;
use crate::guard::ground;
use crate::guard::hand::Hand;
use crate::guard::keeper::{Ended, Inputs, Keeper};
use crate::guard::lock::Lock;
use crate::guard::message::{Care, Start};
use crate::guard::rules::Texts;
use crate::guard::said::Said;
use crate::guard::signals;
use crate::guard::sources;
use crate::host::{Host, clock};
use crate::model::Server;
use crate::respond::Mode;
use crate::store::{self, StoreError};

/// The user that the reader becomes, where the host has it.
const ACCOUNT: &str = "peelhouse";

/// What the command line chose.
pub struct Options {
    pub state: PathBuf,
    pub config: PathBuf,
    /// None: as the configuration says.
    pub mode: Option<Mode>,
    pub allow_unconfined: bool,
}

/// Guards until told to stop (TERM, INT); reads everything anew when told to (HUP).
pub fn run(options: &Options, say: &mut dyn FnMut(&Said<'_>)) -> Result<(), GuardError> {
    let mut config = read(options)?;
    let _lock = Lock::take(&options.state)?;
    raise_open_files();
    let inputs =
        Inputs { told: signals::channel().map_err(GuardError::Signals)?, asks: control::listen(&options.state)? };
    loop {
        match bring_up(options, &config, say).and_then(|keeper| keeper.work(&inputs)) {
            Ok(Ended::Stopped) => break,
            Ok(Ended::Reload) => config = reread(options, config, say),
            Err(GuardError::Store(StoreError::Damaged { path, cause })) => begin_anew(&path, &cause, say)?,
            Err(cause) => return Err(cause),
        }
    }
    say(&Said::Stopped);
    Ok(())
}

fn read(options: &Options) -> Result<Config, GuardError> {
    let mut config = Config::read(&Host::live(), &options.config)?;
    config.policy.mode = options.mode.unwrap_or(config.policy.mode);
    Ok(config)
}

/// A mistake in the file must not leave the host without a guard.
fn reread(options: &Options, before: Config, say: &mut dyn FnMut(&Said<'_>)) -> Config {
    read(options).unwrap_or_else(|cause| {
        say(&Said::Problem { text: &format!("{cause}; the configuration read before stays in force") });
        before
    })
}

/// A host without its history is still to be guarded.
fn begin_anew(store: &Path, cause: &rusqlite::Error, say: &mut dyn FnMut(&Said<'_>)) -> Result<(), GuardError> {
    let aside = store::set_aside(store, clock::now())?;
    let (store, aside) = (store.display(), aside.display());
    let text = format!("the store {store} is damaged: {cause}; it is kept as {aside}, and history begins anew");
    say(&Said::Problem { text: &text });
    Ok(())
}

fn bring_up<'a>(
    options: &Options,
    config: &Config,
    say: &'a mut dyn FnMut(&Said<'_>),
) -> Result<Keeper<'a>, GuardError> {
    let host = Host::live();
    let servers = host.servers();
    servers.iter().for_each(|server| say_server(server, say));
    let found = sources::of(&host, &servers, config);
    found.said.iter().for_each(&mut *say);
    let (ground, problems) = ground::of(&host, &servers, config);
    problems.iter().for_each(|text| say(&Said::Problem { text }));
    let (rules, unread) = Texts::read(&host, &config.rules);
    unread.iter().for_each(|text| say(&Said::Problem { text }));
    let detection = config.detection.clone();
    let [nginx, apache] = ServerMap::paths(&options.state);
    let denying = host.denying_sites(&servers, &nginx, &apache);
    let mut hand = Hand::open(&options.state, config.clone(), ground, denying, clock::now())?;
    hand.refresh_sessions(&host);
    hand.reconcile(clock::now())?;
    say(&Said::Policy { enforcing: hand.mode() == Mode::Enforce, state: options.state.clone() });
    let dirs = confine::readable(found.sources.iter().map(|source| source.path.as_path()));
    let passwd = host.read("/etc/passwd".as_ref()).unwrap_or_default();
    let start = Start {
        sources: found.sources,
        positions: Vec::new(),
        snapshot: 0,
        settings: detection,
        rules,
        seed: seed(),
        watch: Vec::new(),
        account: confine::account(&passwd, ACCOUNT),
        allow_unconfined: options.allow_unconfined,
        care: Care::default(),
        journal: found.journal,
        from_start: false,
    };
    Ok(Keeper::new(hand, start, Check::new(dirs), say))
}

/// A log is a descriptor of the reader, which inherits our limit; a host has thousands of them.
fn raise_open_files() {
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where that is refused, the reader closes logs to open others.
    let _ = rustix::process::setrlimit(Resource::Nofile, limit);
}

fn say_server(server: &Server, say: &mut dyn FnMut(&Said<'_>)) {
    say(&Said::Server {
        kind: server.kind,
        version: &server.version,
        config: server.config.clone(),
        running: server.running.is_some(),
        sites: server.sites.len(),
    });
    server.problems.iter().for_each(|text| say(&Said::Problem { text }));
}

/// Different in every run; a snapshot brings its own.
fn seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(clock::now())
}
