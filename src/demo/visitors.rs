//! Who comes to the demonstration and the lab: attackers, an office behind one address, a crawler.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::socket_error;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};

/// How long a visitor waits for the server before it takes itself for banned.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Why a visitor got no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    #[error("the connection was not answered within {} ms", PATIENCE.as_millis())]
    Silence,
    #[error("the connection failed: {0}")]
    Failed(#[from] std::io::Error),
}

/// Somebody at an address of the world, talking to one server.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub from: IpAddr,
    pub to: SocketAddr,
    pub host: &'static str,
    pub agent: String,
    /// Header lines of its own, each with its line end.
    pub extra: String,
    /// Before every request.
    pub pause: Duration,
}

impl Visitor {
    pub fn new(from: IpAddr, to: SocketAddr, agent: &str) -> Self {
        Self { from, to, host: "shop.example", agent: agent.to_owned(), extra: String::new(), pause: Duration::ZERO }
    }

    /// Sends one request on a connection of its own; the status of the answer.
    pub fn ask(&self, method: &str, target: &str, body: &str) -> Result<u16, NoAnswer> {
        let Self { host, agent, extra, .. } = self;
        std::thread::sleep(self.pause);
        let length = body.len();
        self.send(
            format!(
                "{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n{extra}\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n{body}"
            )
            .as_bytes(),
        )
    }

    pub fn get(&self, target: &str) -> Result<u16, NoAnswer> {
        self.ask("GET", target, "")
    }

    /// Asks for each in turn; how many were answered before the first that was not.
    pub fn get_all<'a>(&self, targets: impl IntoIterator<Item = &'a str>) -> usize {
        targets.into_iter().take_while(|target| self.get(target).is_ok()).count()
    }

    /// Guesses passwords; how many tries were answered before the first that was not.
    pub fn guess_passwords(&self, path: &str, tries: usize) -> usize {
        let body = |n: usize| format!("log=admin&pwd=guess{n}");
        (0..tries).take_while(|n| self.ask("POST", path, &body(*n)).is_ok()).count()
    }

    fn send(&self, request: &[u8]) -> Result<u16, NoAnswer> {
        let mut stream = self.connect()?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request)?;
        let mut answer = Vec::new();
        match stream.take(64 * 1024).read_to_end(&mut answer) {
            Ok(_) => {}
            Err(cause) if cause.kind() == std::io::ErrorKind::WouldBlock => return Err(NoAnswer::Silence),
            Err(cause) => return Err(cause.into()),
        }
        status(&answer).ok_or(NoAnswer::Silence)
    }

    fn connect(&self) -> Result<TcpStream, NoAnswer> {
        let family = if self.to.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket: OwnedFd = socket_with(family, SocketType::STREAM, flags, None).map_err(std::io::Error::from)?;
        bind(&socket, &SocketAddr::new(self.from, 0)).map_err(std::io::Error::from)?;
        match connect(&socket, &self.to) {
            Ok(()) | Err(Errno::INPROGRESS) => {}
            Err(cause) => return Err(std::io::Error::from(cause).into()),
        }
        let patience = Timespec { tv_sec: 1, tv_nsec: 500_000_000 };
        let ready = poll(&mut [PollFd::new(&socket, PollFlags::OUT)], Some(&patience)).map_err(std::io::Error::from)?;
        if ready == 0 {
            return Err(NoAnswer::Silence);
        }
        socket_error(&socket).map_err(std::io::Error::from)?.map_err(std::io::Error::from)?;
        let stream = TcpStream::from(socket);
        stream.set_nonblocking(false)?;
        Ok(stream)
    }
}

/// What a scanner asks for first.
pub const WORDLIST: [&str; 24] = [
    "/admin.bak",
    "/old/index.php",
    "/backup.tar.gz",
    "/test.php",
    "/phpinfo.php",
    "/.env",
    "/config.php.old",
    "/db.sql",
    "/adminer.php",
    "/.git/config",
    "/cgi-bin/test.cgi",
    "/server-status",
    "/console",
    "/api/v1/users.bak",
    "/wp-config.php~",
    "/dump.sql",
    "/install.php",
    "/setup.cgi",
    "/shell.php",
    "/web.config",
    "/.svn/entries",
    "/.aws/credentials",
    "/id_rsa",
    "/old.zip",
];

/// Ways out of the document root.
pub const TRAVERSALS: [&str; 8] = [
    "/download?file=../../../../etc/passwd",
    "/download?file=..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/download?file=%252e%252e%252f%252e%252e%252fetc%252fpasswd",
    "/static/..%5c..%5c..%5cwindows%5cwin.ini",
    "/view?page=....//....//....//etc/shadow",
    "/view?page=/proc/self/environ",
    "/download?file=%c0%ae%c0%ae%c0%af%c0%ae%c0%ae%c0%afetc%c0%afpasswd",
    "/view?page=php://filter/convert.base64-encode/resource=index.php",
];

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let code = line.split(|byte| *byte == b' ').nth(1)?;
    std::str::from_utf8(code).ok()?.parse().ok()
}
