//! The loop, shown on a real nginx in a private network, with real attackers: bans land live, and nothing is left behind.

pub mod measure;
mod nginx;
pub mod traffic;
pub mod visitors;

use std::io::{self, BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use crate::act::files::forget;
use crate::act::namespace::{NamespaceError, SERVER4, SERVER6, World, borrow, cover, private};
use crate::act::process::{start, stop};
use crate::demo::visitors::{TRAVERSALS, Visitor, WORDLIST};
use crate::formats::Files;
use crate::host::Host;

/// Between requests of one visitor: fast for a person, slow enough to watch.
const PACE: Duration = Duration::from_millis(40);
/// The whole show takes no longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The guard's configuration in a private network.
const CONFIG: &str = "/etc/peelhouse/peelhouse.toml";

/// Why the demonstration could not be given.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("cannot make a private network: {0}")]
    Namespace(#[from] NamespaceError),
    #[error("cannot start {program}: {cause}; install it, or name it with --nginx")]
    Start { program: String, cause: io::Error },
    #[error("nginx does not answer; its error log said: {0}")]
    Silent(String),
    #[error("the guard ended early; it said: {0}")]
    NoGuard(String),
}

/// What one visitor came for, and what became of it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Outcome {
    pub from: IpAddr,
    pub who: &'static str,
    /// Requests that the server answered.
    pub answered: usize,
    pub sent: usize,
    /// True where a last connection, after everything, was not answered.
    pub banned: bool,
    /// True where it should be.
    pub attacker: bool,
}

/// Gives the demonstration; `say` hears every line of the guard as it happens.
pub fn show(nginx: &str, guard: &str, say: &mut (dyn FnMut(&str) + Send)) -> Result<Vec<Outcome>, DemoError> {
    private(|| {
        set_the_stage()?;
        let world = World::beside()?;
        let mut server = nginx::open_shop(nginx).map_err(|cause| failed(nginx, cause))?;
        let shown = wait_for_server().and_then(|()| play(&world, guard, say));
        let _ = stop(&mut server);
        shown
    })?
}

fn set_the_stage() -> Result<(), NamespaceError> {
    ["/etc", "/var"].iter().try_for_each(|folder| borrow(Path::new(folder)))?;
    ["/var/log", "/run", "/srv"].iter().try_for_each(|folder| cover(Path::new(folder)))?;
    hide_servers();
    Ok(())
}

/// A guard in a private network must see what was set up for it alone.
fn hide_servers() {
    for other in ["/etc/nginx", "/etc/apache2", "/etc/httpd", "/etc/tomcat10", "/etc/tomcat9", "/etc/tomcat"] {
        forget(Path::new(other));
    }
}

fn wait_for_server() -> Result<(), DemoError> {
    for _ in 0..100 {
        if TcpStream::connect((SERVER4, 80)).is_ok() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
    let log = Host::live().read(Path::new("/var/log/nginx/error.log")).unwrap_or_default();
    Err(DemoError::Silent(String::from_utf8_lossy(&log).trim().to_owned()))
}

fn play(world: &World, guard: &str, say: &mut (dyn FnMut(&str) + Send)) -> Result<Vec<Outcome>, DemoError> {
    let (mut child, lines) = start_guard(guard, "/run/peelhouse")?;
    let outcomes = wait_for_reader(&lines, say).map(|()| visits(world, &lines, say));
    let _ = stop(&mut child);
    outcomes
}

/// An enforcing guard, and what it says.
fn start_guard(guard: &str, state: &str) -> Result<(Child, Receiver<String>), DemoError> {
    let words = ["guard", "--enforce", "--state", state, "--config", CONFIG];
    let mut child = start(guard, &words).map_err(|cause| failed(guard, cause))?;
    let lines = heard(&mut child);
    Ok((child, lines))
}

/// Everybody comes at once; what the guard says is passed on as it says it.
fn visits(world: &World, lines: &Receiver<String>, say: &mut (dyn FnMut(&str) + Send)) -> Vec<Outcome> {
    let come = |role: Role| {
        let world = world.clone();
        thread::spawn(move || role.visit(&world))
    };
    let visits: Vec<_> = cast().into_iter().map(come).collect();
    while visits.iter().any(|visit| !visit.is_finished()) {
        lines.recv_timeout(Duration::from_millis(50)).iter().for_each(|line| say(line));
    }
    lines.try_iter().for_each(|line| say(&line));
    visits.into_iter().filter_map(|visit| visit.join().ok().flatten()).collect()
}

fn heard(guard: &mut Child) -> Receiver<String> {
    let (tell, lines) = channel();
    if let Some(out) = guard.stdout.take() {
        thread::spawn(move || BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
    }
    lines
}

fn wait_for_reader(lines: &Receiver<String>, say: &mut (dyn FnMut(&str) + Send)) -> Result<(), DemoError> {
    let mut last = String::new();
    while let Ok(line) = lines.recv_timeout(PATIENCE) {
        say(&line);
        if line.starts_with("reader ") {
            return Ok(());
        }
        last = line;
    }
    Err(DemoError::NoGuard(last))
}

fn failed(program: &str, cause: io::Error) -> DemoError {
    DemoError::Start { program: program.to_owned(), cause }
}

/// Somebody who comes to the shop.
#[derive(Clone, Copy)]
struct Role {
    who: &'static str,
    from: IpAddr,
    agent: &'static str,
    attacker: bool,
    act: fn(&Visitor) -> (usize, usize),
}

impl Role {
    fn visit(self, world: &World) -> Option<Outcome> {
        let to = SocketAddr::new(if self.from.is_ipv4() { SERVER4 } else { SERVER6 }, 80);
        let visitor = Visitor { pause: PACE, ..Visitor::new(self.from, to, self.agent) };
        let act = move || {
            let (answered, sent) = (self.act)(&visitor);
            // In-flight lines are read by now.
            thread::sleep(Duration::from_millis(300));
            (answered, sent, visitor.get("/").is_err())
        };
        let (answered, sent, banned) = world.run(act).ok()?;
        Some(Outcome { from: self.from, who: self.who, answered, sent, banned, attacker: self.attacker })
    }
}

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";
const CRAWLER: &str = "Mozilla/5.0 (compatible; Findbot/1.0; +https://findbot.example/about)";

fn cast() -> [Role; 6] {
    let four = |last| IpAddr::V4(Ipv4Addr::new(203, 0, 113, last));
    let six = |last| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, last, 0, 0, 0, 0, last));
    let role = |who, from, attacker, act| Role { who, from, agent: BROWSER, attacker, act };
    [
        role("scanner", four(7), true, |visitor| (visitor.get_all(WORDLIST), WORDLIST.len())),
        role("scanner over IPv6", six(7), true, |visitor| (visitor.get_all(WORDLIST), WORDLIST.len())),
        role("password guesser", four(8), true, |visitor| (visitor.guess_passwords("/wp-login.php", 40), 40)),
        role("file thief", four(9), true, |visitor| (visitor.get_all(TRAVERSALS), TRAVERSALS.len())),
        role("office behind one address", IpAddr::V4(Ipv4Addr::new(198, 51, 100, 20)), false, office),
        Role { agent: CRAWLER, ..role("crawler", IpAddr::V4(Ipv4Addr::new(198, 51, 100, 66)), false, crawl) },
    ]
}

fn office(visitor: &Visitor) -> (usize, usize) {
    let pages: Vec<String> = (1..=nginx::PAGES * 2).map(|page| format!("/page/{}", page % nginx::PAGES + 1)).collect();
    let mistyped = visitor.ask("POST", "/wp-login.php", "log=me&pwd=wrogn").is_ok();
    let logged_in = visitor.ask("POST", "/wp-login.php?as=me", "log=me&pwd=right").is_ok();
    let read = visitor.get_all(pages.iter().map(String::as_str));
    (read + usize::from(mistyped) + usize::from(logged_in), pages.len() + 2)
}

fn crawl(visitor: &Visitor) -> (usize, usize) {
    let mut pages: Vec<String> = (1..=nginx::PAGES).map(|page| format!("/page/{page}")).collect();
    pages.extend((1..=4).map(|page| format!("/page/moved-{page}")));
    (visitor.get_all(pages.iter().map(String::as_str)), pages.len())
}
