//! A real Apache of our own on loopback, and a client that asks it over one connection.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use peelhouse::effective::apache::{Answer, Asked, Outcome, Site as Told, Sites};
use peelhouse::formats::Files;
use peelhouse::formats::apache::evaluate::{self, Evaluation, Start};
use tempfile::TempDir;

const MODULES: &str = "/usr/lib/apache2/modules";
const LOADED: [&str; 20] = [
    "mpm_event",
    "authz_core",
    "authz_host",
    "authz_user",
    "authn_core",
    "authn_file",
    "auth_basic",
    "access_compat",
    "alias",
    "dir",
    "autoindex",
    "mime",
    "headers",
    "rewrite",
    "env",
    "setenvif",
    "userdir",
    "status",
    "proxy",
    "proxy_http",
];

/// A directory in which a server is put together.
pub struct Site {
    root: TempDir,
    pub port: u16,
}

impl Site {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        // Workers run as another user.
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { root, port }
    }

    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// `ROOT` and `PORT` stand for the server's own.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, self.filled(text)).unwrap();
    }

    fn filled(&self, text: &str) -> String {
        text.replace("ROOT", self.root().to_str().unwrap()).replace("PORT", &self.port.to_string())
    }

    pub fn configure(&self, text: &str) {
        let mut head = format!("ServerRoot {}\nListen 127.0.0.1:PORT\n", self.root().display());
        for module in LOADED {
            head.push_str(&format!("LoadModule {module}_module {MODULES}/mod_{module}.so\n"));
        }
        head.push_str(
            "User www-data\nGroup www-data\nPidFile pid\nDefaultRuntimeDir .\nMutex file:. default\nErrorLog error.log\n\
             LogLevel error\nServerName main.test\nTypesConfig /etc/mime.types\nStartServers 1\nServerLimit 1\n\
             ThreadsPerChild 8\nMaxRequestWorkers 8\nMinSpareThreads 1\nMaxSpareThreads 8\nMaxKeepAliveRequests 0\n\
             KeepAliveTimeout 60\n",
        );
        self.write("httpd.conf", &format!("{head}{text}"));
    }

    pub fn evaluation(&self) -> Evaluation {
        evaluate::evaluate(&Disk, Start::new(self.root(), self.root().join("httpd.conf")))
    }

    pub fn start(&self) -> Running {
        let mut command = Command::new("/usr/sbin/apache2");
        command.arg("-d").arg(self.root()).arg("-f").arg(self.root().join("httpd.conf")).arg("-DFOREGROUND");
        let stderr = fs::File::create(self.root().join("stderr")).unwrap();
        let child = command
            .stderr(stderr)
            .stdout(Stdio::null())
            .spawn()
            .expect("apache2 is not there: `make test` installs it");
        let mut running = Running { child, port: self.port };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = running.child.try_wait().unwrap().is_some();
            if ended || Instant::now() > until {
                let told =
                    ["stderr", "error.log"].map(|file| fs::read_to_string(self.root().join(file)).unwrap_or_default());
                panic!("apache2 does not start: {}", told.concat());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }

    /// The engine's answer to a request of this machine.
    pub fn predicted(&self, sites: &Sites<'_>, host: &str, method: &str, path: &str) -> Answer {
        let site = sites.answering("127.0.0.1".parse().unwrap(), self.port, host);
        predicted(&site, host, method, path)
    }
}

/// What a site answers this machine.
pub fn predicted(site: &Told<'_>, host: &str, method: &str, path: &str) -> Answer {
    let asked = Asked {
        method: method.into(),
        host: Some(host.into()),
        client: Some("127.0.0.1".parse().unwrap()),
        tls: Some(false),
        ..Asked::get(path)
    };
    site.answer(&asked, &Disk)
}

pub struct Running {
    child: Child,
    port: u16,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

impl Running {
    pub fn client(&self) -> Client {
        Client { port: self.port, stream: None }
    }
}

pub struct Client {
    port: u16,
    stream: Option<BufReader<TcpStream>>,
}

/// What a client sees.
#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: String,
}

impl Client {
    pub fn ask(&mut self, host: &str, method: &str, path: &str) -> Seen {
        for _ in 0..2 {
            if let Some(seen) = self.try_to_ask(host, method, path) {
                return seen;
            }
            self.stream = None;
        }
        panic!("no answer to {method} {path} of {host}");
    }

    fn try_to_ask(&mut self, host: &str, method: &str, path: &str) -> Option<Seen> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
            stream.set_nodelay(true).ok()?;
            self.stream = Some(BufReader::new(stream));
        }
        let stream = self.stream.as_mut()?;
        write!(stream.get_mut(), "{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").ok()?;
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut fields = Vec::new();
        loop {
            line.clear();
            stream.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
        let field =
            |name: &str| fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, v)| v.clone());
        let body = if method == "HEAD" {
            Vec::new()
        } else if field("Transfer-Encoding").is_some() {
            chunks(stream)?
        } else {
            let mut body = vec![0; field("Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0)];
            stream.read_exact(&mut body).ok()?;
            body
        };
        if field("Connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            self.stream = None;
        }
        Some(Seen { status, fields, body: String::from_utf8_lossy(&body).into_owned() })
    }
}

fn chunks(stream: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        let start = body.len();
        body.resize(start + length, 0);
        stream.read_exact(&mut body[start..]).ok()?;
        stream.read_line(&mut String::new()).ok()?;
        if length == 0 {
            return Some(body);
        }
    }
}

impl Seen {
    /// Fields of the configurations of these tests, as sent, sorted.
    pub fn ours(&self) -> Vec<String> {
        let ours = self.fields.iter().filter(|(name, _)| name.to_ascii_lowercase().starts_with("x-"));
        let mut ours: Vec<String> =
            ours.map(|(name, value)| format!("{}: {value}", name.to_ascii_lowercase())).collect();
        ours.sort();
        ours
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn is_a_listing(&self) -> bool {
        self.body.contains("<title>Index of")
    }
}

/// The same of the engine's answer.
pub fn ours(answer: &Answer) -> Vec<String> {
    let lines = answer.headers.lines.iter();
    let mut ours: Vec<String> =
        lines.map(|line| format!("{}: {}", line.name.to_ascii_lowercase(), line.value)).collect();
    ours.sort();
    ours
}

/// Where the two differ; none where they agree.
pub fn difference(seen: &Seen, answer: &Answer, host: &str, method: &str, port: u16) -> Option<String> {
    let status = answer.status;
    if let Outcome::Unknown(_) = answer.outcome {
        return None;
    }
    if status.is_some_and(|status| status != seen.status) {
        return Some(format!("status {} and not {status:?} ({:?})", seen.status, answer.outcome));
    }
    if ours(answer) != seen.ours() {
        return Some(format!("fields {:?} and not {:?}", seen.ours(), ours(answer)));
    }
    let listed = matches!(answer.outcome, Outcome::Listing(_));
    if seen.status == 200 && method != "HEAD" && listed != seen.is_a_listing() {
        return Some(format!("listing {} and not {listed}", seen.is_a_listing()));
    }
    if let Outcome::Redirect(to) = &answer.outcome {
        let to = if to.starts_with('/') { format!("http://{host}:{port}{to}") } else { to.clone() };
        let sent = seen.field("Location").map(|sent| sent.replace(&format!("{host}/"), &format!("{host}:{port}/")));
        if sent.as_deref() != Some(&to) && !to.contains("://elsewhere") {
            return Some(format!("redirect to {sent:?} and not {to}"));
        }
    }
    if let Outcome::File(file) = &answer.outcome
        && status == Some(200)
        && method != "HEAD"
    {
        let text = fs::read_to_string(file).unwrap_or_default();
        if seen.body != text {
            return Some(format!("body {:?} and not that of {file}", seen.body));
        }
    }
    None
}

/// The real disk.
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        fs::read(path).map_err(|error| error.to_string())
    }

    fn list(&self, dir: &Path) -> Result<Vec<String>, String> {
        let entries = fs::read_dir(dir).map_err(|error| error.to_string())?;
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    fn is_dir(&self, path: &Path) -> bool {
        PathBuf::from(path).is_dir()
    }
}
