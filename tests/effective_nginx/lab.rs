//! A real nginx on a free loopback port, and a client that keeps its connection.

use std::fs;
use std::io::{BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use peelhouse::effective::nginx::{Nginx, Outcome, Request, Served};
use peelhouse::formats::nginx::{Build, Config, evaluate};
use peelhouse::host::Host;

pub use crate::http::Reply;
use crate::http::read;

pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A running server with its files; ends with its value.
pub struct Lab {
    pub dir: tempfile::TempDir,
    pub port: u16,
    child: Child,
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn nginx_is_here() -> bool {
    let here = Command::new("nginx").arg("-v").stderr(Stdio::null()).status().is_ok();
    if !here {
        println!("skipped: no nginx");
    }
    here
}

/// Starts nginx on the http lines that `http` makes of (directory, port); `www` lies there already.
pub fn start(http: impl Fn(&str, u16) -> String) -> Lab {
    let dir = tempfile::tempdir().unwrap();
    docroot(&dir.path().join("www"));
    for _ in 0..5 {
        let port = TcpListener::bind((HERE, 0)).unwrap().local_addr().unwrap().port();
        let root = dir.path().display().to_string();
        let text = config(&root, &http(&root, port));
        fs::write(dir.path().join("nginx.conf"), &text).unwrap();
        let mut child = Command::new("nginx")
            .args(["-p", &root, "-c", "nginx.conf", "-e", "error.log"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            if TcpStream::connect((HERE, port)).is_ok() {
                return Lab { dir, port, child };
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
    let log = fs::read_to_string(dir.path().join("error.log")).unwrap_or_default();
    panic!("nginx does not start:\n{log}");
}

fn config(root: &str, http: &str) -> String {
    let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("{name}_temp_path {root}/tmp;\n"))
        .collect();
    format!(
        "daemon off; master_process off; pid {root}/pid; error_log {root}/error.log crit;\n\
         events {{ worker_connections 64; }}\nhttp {{\naccess_log off; server_names_hash_bucket_size 128; \
         server_names_hash_max_size 8192; variables_hash_max_size 4096;\n{temp}{http}\n}}\n"
    )
}

/// Each file holds its own path.
fn docroot(www: &Path) {
    for file in [
        "index.html",
        "a/index.html",
        "a/b.php",
        "a/b/c.txt",
        "a/b/index.php",
        "b/index.php",
        "b/x.html",
        "c.txt",
        "x.php",
        "err.html",
        "e/404.html",
        "alias/index.html",
        "alias/b.php",
        ".git/config",
        "a.bak",
    ] {
        let path = www.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("file:/{file}")).unwrap();
    }
    fs::create_dir_all(www.join("empty")).unwrap();
}

impl Lab {
    pub fn read(&self) -> Config {
        let config = evaluate(&Host::live(), &self.dir.path().join("nginx.conf"));
        assert_eq!(config.problems, Vec::<String>::new());
        config
    }

    pub fn build(&self) -> Build {
        Build { version: "1.22.1".to_owned(), ..Build::default() }.at_prefix(self.dir.path())
    }

    pub fn request<'r>(&self, host: &'r str, method: &'r str, target: &'r str) -> Request<'r> {
        Request {
            address: HERE,
            port: self.port,
            sni: None,
            host: Some(host),
            method,
            target,
            client: Some(HERE),
            headers: Some(&[("User-Agent", "lab"), ("X-Way", "two")]),
        }
    }
}

#[derive(Default)]
pub struct Client {
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    /// None where the server closes without an answer.
    pub fn ask(&mut self, port: u16, host: &str, method: &str, target: &str) -> Option<Reply> {
        self.ask_at((HERE, port), host, method, target)
    }

    pub fn ask_at(&mut self, at: (IpAddr, u16), host: &str, method: &str, target: &str) -> Option<Reply> {
        let kept = self.stream.is_some();
        let reply = self.try_ask(at, host, method, target);
        match reply {
            None if kept => self.try_ask(at, host, method, target),
            reply => reply,
        }
    }

    fn try_ask(&mut self, at: (IpAddr, u16), host: &str, method: &str, target: &str) -> Option<Reply> {
        let mut stream = self.stream.take().unwrap_or_else(|| {
            let stream = TcpStream::connect(at).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            stream.set_nodelay(true).unwrap();
            BufReader::new(stream)
        });
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: lab\r\nX-Way: two\r\n\r\n");
        stream.get_mut().write_all(head.as_bytes()).ok()?;
        let reply = read(&mut stream, method)?;
        if reply.all("Connection") != ["close"] {
            self.stream = Some(stream);
        }
        Some(reply)
    }
}

/// Why engine and wire differ, none where they agree.
pub fn difference(nginx: &Nginx<'_>, request: &Request<'_>, reply: Option<&Reply>) -> Option<String> {
    let answer = nginx.ask(request);
    let Some(outcome) = answer.only() else { return Some(format!("{} outcomes", answer.outcomes.len())) };
    let Some(reply) = reply else {
        return (outcome.served != Served::Closed).then(|| format!("closed, and not {:?}", outcome.served));
    };
    if outcome.status != Some(reply.status) {
        return Some(format!("status {} and not {:?} {:?}", reply.status, outcome.status, outcome.served));
    }
    headers_differ(outcome, reply).or_else(|| body_differs(outcome, reply, request.method))
}

fn headers_differ(outcome: &Outcome<'_>, reply: &Reply) -> Option<String> {
    let mine: Vec<(String, String)> = outcome
        .headers(reply.status)
        .into_iter()
        .map(|header| (header.name, header.value.expect("all variables are known")))
        .collect();
    let kinds = |name: &str| name.starts_with("X-") || name == "Cache-Control";
    let theirs: Vec<_> = reply.headers.iter().filter(|(name, _)| kinds(name)).cloned().collect();
    if by_kind(&mine) != by_kind(&theirs) {
        return Some(format!("headers {theirs:?} and not {mine:?}"));
    }
    let tells = outcome.scope.word("server_tokens") != "off";
    let said = reply.all("Server").first().is_some_and(|server| server.contains('/'));
    (tells != said).then(|| format!("Server: {:?}, server_tokens {tells}", reply.all("Server")))
}

/// Cache-Control goes before the others.
fn by_kind(headers: &[(String, String)]) -> Vec<(String, String)> {
    let mut sorted = headers.to_vec();
    sorted.sort_by_key(|(name, _)| name != "Cache-Control");
    sorted
}

fn body_differs(outcome: &Outcome<'_>, reply: &Reply, method: &str) -> Option<String> {
    let fits = match &outcome.served {
        Served::File(path) if method != "HEAD" => fs::read_to_string(path).is_ok_and(|text| text == reply.body),
        Served::Text(Some(text)) if method != "HEAD" => *text == reply.body,
        Served::Listing(_) if method != "HEAD" => reply.body.contains("Index of "),
        Served::Redirect(Some(target)) => {
            reply.all("Location").first().is_some_and(|location| location.ends_with(target))
        }
        Served::Error if method != "HEAD" => reply.body.contains("<center>nginx"),
        Served::Untold(_) | Served::Closed => false,
        _ => true,
    };
    (!fits).then(|| format!("{:?}, and not {:?} {:?}", outcome.served, reply.body, reply.all("Location")))
}
