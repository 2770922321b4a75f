//! What happened: one typed record a log line, borrowed from the line it was read from.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::model::time::Millis;

/// Which source of this run a line came from; the names stand in the table of whoever opened the sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceIx(pub u32);

/// Where a line stands: source, byte offset of its start (in the decompressed text), and line number from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct At {
    pub source: SourceIx,
    pub offset: u64,
    pub line: u64,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// The log clock: the latest stamp of this source so far, so it never runs backwards; the only clock a detector sees.
    pub now: Millis,
    /// The stamp of the line itself (Apache: start of the request), where it has one.
    pub stamp: Option<Millis>,
    pub at: At,
    /// Who did it; absent where the line names nobody.
    pub client: Option<Client>,
    /// The site's name, empty where the source does not say.
    pub site: &'a [u8],
    /// The line as read, without its newline.
    pub raw: &'a [u8],
    pub what: What<'a>,
}

/// Who did it, after trusted proxies were taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client {
    pub ip: IpAddr,
    pub via: Via,
}

/// How the client reached the server; decides where it can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The TCP peer is the client: the packet filter can stop it.
    Direct,
    /// It came through a trusted proxy: only the web server can tell it from others.
    Proxy(IpAddr),
    /// The site trusts proxies and the log does not say which requests came through one.
    PerhapsProxy,
}

/// The kinds of things that happen.
#[derive(Clone, Debug)]
pub enum What<'a> {
    /// A request that a web server answered (access logs).
    Request(Request<'a>),
    /// Somebody proved, or failed to prove, who they are (sshd, sudo, web server and application logins).
    Login(Login<'a>),
    /// A server or a filter remarked on something (error logs, ModSecurity, php-fpm).
    Note(Note<'a>),
    /// Anything told as named fields (audit records, started processes).
    Named(Named<'a>),
}

/// One answered request. Fields hold the log's own bytes: its escapes (`\"`, `\x22`) are still in them.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// Empty where the request line was garbage; then `target` holds the whole request line.
    pub method: &'a [u8],
    /// Path and query as sent.
    pub target: &'a [u8],
    /// `HTTP/1.1`, or empty.
    pub protocol: &'a [u8],
    /// 0 where the log does not say.
    pub status: u16,
    /// Body bytes sent, where the log says.
    pub bytes: Option<u64>,
    /// Microseconds from the first byte of the request to the end of the answer, where the log says.
    pub micros: Option<u64>,
    /// `-` and absent are both empty, here and below.
    pub referer: &'a [u8],
    pub user_agent: &'a [u8],
    /// The Host header or server name.
    pub host: &'a [u8],
    /// The authenticated user.
    pub user: &'a [u8],
    /// True where the log escapes bytes as `\xHH`, `\"` and the like (Apache, nginx default).
    pub escaped: bool,
}

impl<'a> Request<'a> {
    /// The target up to the first `?`.
    pub fn path(&self) -> &'a [u8] {
        match memchr::memchr(b'?', self.target) {
            Some(at) => &self.target[..at],
            None => self.target,
        }
    }

    /// The target after the first `?`, empty without one.
    pub fn query(&self) -> &'a [u8] {
        match memchr::memchr(b'?', self.target) {
            Some(at) => &self.target[at + 1..],
            None => &[],
        }
    }
}

/// An attempt to log in.
#[derive(Clone, Debug)]
pub struct Login<'a> {
    /// `sshd`, `sudo`, `apache-basic`, `nginx-basic`, …
    pub service: &'static str,
    pub user: &'a [u8],
    pub ok: bool,
    /// True where success gives administration of this host (sshd, sudo).
    pub admin: bool,
}

/// A remark in an error log.
#[derive(Clone, Debug)]
pub struct Note<'a> {
    /// `apache`, `nginx`, `tomcat`, `php-fpm`, `modsecurity`
    pub service: &'static str,
    pub level: NoteLevel,
    /// `AH01630`, a ModSecurity rule id, or empty.
    pub code: &'a [u8],
    pub message: &'a [u8],
    /// Path, file or request target it is about, where it says.
    pub target: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteLevel {
    Debug,
    Info,
    Notice,
    Warn,
    Error,
    Critical,
}

/// Something told as names and texts, for rules about logs whose fields are not of our choosing.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// Sigma's category or service: `process_creation`, `auditd`, …
    pub source: &'static str,
    /// Name and text of each field, as the log has them; no name stands twice.
    pub fields: &'a [(&'a str, &'a [u8])],
}

impl<'a> Named<'a> {
    /// The text of a field, where there is one.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.fields.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }
}
