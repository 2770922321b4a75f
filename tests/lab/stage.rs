//! One private host: its servers, its guard, and the world outside.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use peelhouse::act::namespace::{SERVER4, SERVER6, World, borrow, cover, private};
use peelhouse::demo::visitors::Visitor;
use serde_json::Value;

const PEELHOUSE: &str = env!("CARGO_BIN_EXE_peelhouse");
/// No step of a test takes longer, or it has failed.
pub const SOON: Duration = Duration::from_secs(15);
pub const STATE: &str = "/var/lib/peelhouse";
const CONFIG: &str = "/etc/peelhouse/peelhouse.toml";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Apache,
}

impl Kind {
    pub fn access_log(self) -> &'static str {
        match self {
            Kind::Nginx => "/var/log/nginx/access.log",
            Kind::Apache => "/var/log/apache2/access.log",
        }
    }

    /// Included by the shop's site.
    fn extra(self) -> &'static str {
        match self {
            Kind::Nginx => "/etc/nginx/lab-extra.conf",
            Kind::Apache => "/etc/apache2/lab-extra.conf",
        }
    }
}

pub struct Stage {
    pub world: World,
    kind: Kind,
    servers: Vec<Child>,
    guard: Option<Guard>,
}

pub struct Guard {
    child: Child,
    said: Receiver<Value>,
    pub reader: i32,
}

/// A private host with one server that serves, and no guard yet.
/// `site` is added to the shop's configuration.
pub fn on(kind: Kind, config: &str, site: &str, test: impl FnOnce(&mut Stage) + Send) {
    private(|| {
        for folder in ["/etc", "/var"] {
            borrow(Path::new(folder)).unwrap();
        }
        for folder in ["/var/log", "/run", "/srv"] {
            cover(Path::new(folder)).unwrap();
        }
        // Only the server on stage is installed here.
        for other in ["/etc/nginx", "/etc/apache2", "/etc/tomcat10", "/var/lib/tomcat10"] {
            if !other.contains(if kind == Kind::Nginx { "nginx" } else { "apache2" }) {
                let _ = fs::remove_dir_all(other);
            }
        }
        write(CONFIG, config);
        write(kind.extra(), site);
        pages();
        let world = World::beside().unwrap();
        let mut stage = Stage { world, kind, servers: Vec::new(), guard: None };
        stage.serve();
        test(&mut stage);
    })
    .unwrap();
}

impl Stage {
    fn serve(&mut self) {
        self.servers.push(match self.kind {
            Kind::Nginx => nginx(),
            Kind::Apache => apache(),
        });
        if Path::new("/usr/sbin/php-fpm8.2").exists() {
            self.servers.push(php());
        }
        until("the server answers", || TcpStream::connect((SERVER4, 80)).is_ok());
    }

    /// Starts the guard and waits until its reader follows the logs.
    pub fn start_guard(&mut self) {
        let mut child = peelhouse(&["guard", "--enforce", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, said) = channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(object(&line))));
        let mut guard = Guard { child, said, reader: 0 };
        guard.reader = guard.wait_for_reader();
        self.guard = Some(guard);
    }

    /// Has the guard read all configuration again, and waits until its next reader follows the logs.
    pub fn reload_guard(&mut self) {
        let guard = self.guard.as_mut().unwrap();
        let keeper = guard.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &keeper]).status().unwrap().success());
        guard.wait_for_reader();
    }

    /// Has the server read its configuration again.
    pub fn reload_server(&self) {
        let master = self.servers[0].id().to_string();
        let signal = if self.kind == Kind::Nginx { "-HUP" } else { "-USR1" };
        assert!(Command::new("kill").args([signal, &master]).status().unwrap().success());
        thread::sleep(Duration::from_millis(500));
    }

    pub fn guard(&mut self) -> &mut Guard {
        self.guard.as_mut().unwrap()
    }

    /// kill -9 of the keeper; its reader must end with it.
    pub fn kill_keeper(&mut self) {
        let mut guard = self.guard.take().unwrap();
        guard.child.kill().unwrap();
        guard.child.wait().unwrap();
        let reader = PathBuf::from(format!("/proc/{}", guard.reader));
        until("the reader ends with its keeper", || !reader.exists());
    }

    /// A visitor over IPv4 or IPv6, by the family of its address.
    pub fn visitor(&self, from: &str, agent: &str) -> Visitor {
        let from: IpAddr = from.parse().unwrap();
        let to = SocketAddr::new(if from.is_ipv4() { SERVER4 } else { SERVER6 }, 80);
        Visitor::new(from, to, agent)
    }

    /// Lets a visitor act from its own address.
    pub fn as_visitor<T: Send + 'static>(
        &self,
        visitor: &Visitor,
        act: impl FnOnce(&Visitor) -> T + Send + 'static,
    ) -> T {
        let visitor = visitor.clone();
        self.world.run(move || act(&visitor)).unwrap()
    }

    pub fn answers(&self, visitor: &Visitor) -> bool {
        self.as_visitor(visitor, |visitor| visitor.get("/").is_ok())
    }

    /// What `peelhouse VERB… --json` prints.
    pub fn ask(&self, words: &[&str]) -> Vec<Value> {
        let mut words = words.to_vec();
        words.push("--json");
        let run = peelhouse(&words).stderr(Stdio::inherit()).output().unwrap();
        String::from_utf8(run.stdout).unwrap().lines().map(object).collect()
    }

    pub fn in_force(&self, who: &str, action: &str) -> bool {
        self.ask(&["bans"]).iter().any(|row| row["subject"]["client"] == who && row["action"] == action)
    }

    pub fn nft(&self, words: &[&str]) -> String {
        let run = Command::new("nft").args(words).output().unwrap();
        assert!(run.status.success(), "nft {words:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).unwrap()
    }

    /// Everything that the server wrote to its access log, rotated away or not.
    pub fn written(&self) -> String {
        let log = self.kind.access_log();
        let old = Command::new("zcat").arg(format!("{log}.1.gz")).stderr(Stdio::null()).output().unwrap().stdout;
        String::from_utf8(old).unwrap() + &fs::read_to_string(log).unwrap()
    }

    /// Rotates the access log as logrotate does with `compress`, and has the server open a new one.
    pub fn rotate_and_compress(&self) {
        let log = self.kind.access_log();
        fs::rename(log, format!("{log}.1")).unwrap();
        // Both take USR1 for "open your logs again" (Apache: graceful restart).
        let master = self.servers[0].id().to_string();
        assert!(Command::new("kill").args(["-USR1", &master]).status().unwrap().success());
        until("the server opens a new log", || Path::new(log).exists());
        assert!(Command::new("gzip").arg(format!("{log}.1")).status().unwrap().success());
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take() {
            let _ = Command::new("kill").arg(guard.child.id().to_string()).status();
            let _ = guard.child.wait();
        }
        for server in &mut self.servers {
            let _ = Command::new("kill").args(["-TERM", &server.id().to_string()]).status();
            let _ = server.wait();
        }
    }
}

impl Guard {
    /// The next object that the guard says and `wanted` takes.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + SOON;
        let mut heard = Vec::new();
        while let Ok(said) = self.said.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if wanted(&said) {
                return said;
            }
            heard.push(said);
        }
        let heard: Vec<String> = heard.iter().map(brief).collect();
        panic!("the guard never said: {what}; it said\n{}", heard.join("\n"));
    }

    pub fn wait_for_reader(&mut self) -> i32 {
        let said = self.wait_for("a reader reads", |said| said["event"] == "reader");
        assert_eq!(said["confined"], true, "the reader must be confined");
        i32::try_from(said["pid"].as_i64().unwrap()).unwrap()
    }

    pub fn wait_for_decision(&mut self, who: &str, action: &str) -> Value {
        self.wait_for(&format!("{action} {who}"), |said| {
            said["event"] == "decision" && said["subject"]["client"] == who && said["action"] == action
        })
    }
}

fn brief(said: &Value) -> String {
    let why = said.get("why").or_else(|| said["alert"].get("sentence")).unwrap_or(said);
    let who = said.get("subject").or_else(|| said["alert"].get("subject")).unwrap_or(&Value::Null);
    format!("{} {} {who}: {why}", said["event"], said["action"])
}

/// Waits until something holds; fails the test where it never does.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < end, "{what}: not within {} s", SOON.as_secs());
        thread::sleep(Duration::from_millis(20));
    }
}

pub fn write(path: &str, text: &str) {
    fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn peelhouse(words: &[&str]) -> Command {
    let mut command = Command::new(PEELHOUSE);
    command.args(words).args(["--state", STATE, "--config", CONFIG]);
    command
}

fn object(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|cause| panic!("not JSON ({cause}): {line}"))
}

/// A shop with pages, and a login that is real PHP.
fn pages() {
    write("/srv/shop/index.html", "<h1>The shop</h1>\n");
    for page in 1..=60 {
        write(&format!("/srv/shop/page/{page}.html"), "<p>A page of the shop</p>\n");
    }
    write(
        "/srv/shop/wp-login.php",
        "<?php if (($_POST['pwd'] ?? '') === 'right') { header('Location: /wp-admin/', true, 302); exit; } \
         echo '<form method=post>wrong password</form>';\n",
    );
}

fn nginx() -> Child {
    for site in fs::read_dir("/etc/nginx/sites-enabled").unwrap() {
        fs::remove_file(site.unwrap().path()).unwrap();
    }
    fs::create_dir_all("/var/log/nginx").unwrap();
    write("/etc/nginx/sites-enabled/shop", include_str!("sites/nginx.conf"));
    Command::new("nginx").args(["-g", "daemon off;"]).spawn().expect("nginx; `make test` installs it")
}

fn apache() -> Child {
    for site in fs::read_dir("/etc/apache2/sites-enabled").unwrap() {
        fs::remove_file(site.unwrap().path()).unwrap();
    }
    for module in ["proxy.load", "proxy_fcgi.load", "remoteip.load", "rewrite.load"] {
        let _ = std::os::unix::fs::symlink(
            format!("../mods-available/{module}"),
            format!("/etc/apache2/mods-enabled/{module}"),
        );
    }
    for folder in ["/var/log/apache2", "/run/apache2", "/run/lock"] {
        fs::create_dir_all(folder).unwrap();
    }
    write("/etc/apache2/sites-enabled/shop.conf", include_str!("sites/apache.conf"));
    let start = ". /etc/apache2/envvars && exec apache2 -DFOREGROUND";
    Command::new("sh").args(["-c", start]).spawn().expect("apache2; `make test` installs it")
}

fn php() -> Child {
    fs::create_dir_all("/run/php").unwrap();
    let fpm = Command::new("php-fpm8.2").args(["-F"]).stderr(Stdio::null()).spawn().unwrap();
    until("php answers", || Path::new("/run/php/php8.2-fpm.sock").exists());
    fpm
}
