//! The deny map in real web servers behind a trusted proxy, in a private network namespace.
#![allow(clippy::disallowed_methods, reason = "a test looks at the machine itself")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may")]

mod netns;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ipnet::IpNet;
use netns::inside;
use peelhouse::act::packet_filter::Effect;
use peelhouse::act::server_map::{Denied, MapError, ServerMap};

const BAD: &str = "203.0.113.7";
const SLOW: &str = "2001:db8::7";
const GOOD: &str = "203.0.113.8";

/// A program in the foreground that ends with this value.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

/// The status that a client gets which the proxy on loopback names.
fn status(port: u16, client: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    write!(stream, "GET / HTTP/1.0\r\nHost: www\r\nX-Forwarded-For: {client}\r\n\r\n").ok()?;
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.split_whitespace().nth(1)?.parse().ok()
}

fn eventually(what: &str, mut true_now: impl FnMut() -> bool) {
    let start = Instant::now();
    while !true_now() {
        assert!(start.elapsed() < Duration::from_secs(20), "never came: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn denied() -> Denied {
    let net = |text: &str| IpNet::from(text.parse::<std::net::IpAddr>().unwrap());
    Denied::from([(net(BAD), Effect::Drop), (net(SLOW), Effect::Limit)])
}

fn installed(program: &str) -> bool {
    let there = ["/usr/sbin", "/usr/bin", "/sbin"].iter().any(|dir| Path::new(dir).join(program).exists());
    if !there {
        println!("skipped: {program} is not installed");
    }
    there
}

/// The shipped snippet, reading the map of this test.
fn snippet(file: &str, state: &Path) -> String {
    let shipped = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("etc").join(file)).unwrap();
    shipped.replace("/var/lib/peelhouse", state.to_str().unwrap())
}

fn open_to_all(directory: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn nginx_denies_and_limits_the_client_behind_the_proxy() {
    if !installed("nginx") {
        return;
    }
    inside("nginx_denies_and_limits_the_client_behind_the_proxy", || {
        let home = tempfile::tempdir().unwrap();
        let at = home.path();
        open_to_all(at);
        let mut map = ServerMap::open(at).unwrap();
        std::fs::write(at.join("http.conf"), snippet("nginx/peelhouse-deny.conf", at)).unwrap();
        std::fs::write(at.join("site.conf"), snippet("nginx/peelhouse-deny-site.conf", at)).unwrap();
        std::fs::write(at.join("index.html"), "welcome").unwrap();
        let home = at.display();
        let config = format!(
            "daemon off; worker_processes 1; pid {home}/pid; error_log {home}/error.log;\nevents {{}}\nhttp {{\n\
             access_log {home}/access.log; include {home}/http.conf;\n\
             set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;\n\
             server {{ listen 127.0.0.1:8080; root {home}; include {home}/site.conf; }}\n}}\n"
        );
        let file = at.join("nginx.conf");
        std::fs::write(&file, &config).unwrap();
        let nginx = Command::new("nginx").arg("-c").arg(&file).stderr(Stdio::null()).spawn().unwrap();
        let servers = [i32::try_from(nginx.id()).unwrap()];
        let _daemon = Daemon(nginx);
        eventually("nginx serves", || status(8080, BAD) == Some(200));
        assert!(map.write(&denied()).unwrap().is_some());
        assert!(map.write(&denied()).unwrap().is_none(), "the same map is written once");
        let start = Instant::now();
        assert!(map.reload(&servers, start).unwrap().is_some());
        eventually("the new map is taken up", || status(8080, BAD) == Some(403));
        assert_eq!(status(8080, GOOD), Some(200));
        // For a moment the old workers answer beside the new ones.
        eventually("a limited client is let through at times", || {
            let slow: Vec<_> = (0..20).map(|_| status(8080, SLOW)).collect();
            slow.contains(&Some(200)) && slow.contains(&Some(429))
        });
        map.write(&Denied::new()).unwrap();
        assert!(map.reload(&servers, start + Duration::from_secs(1)).unwrap().is_none(), "too soon");
        map.reload(&servers, start + Duration::from_secs(2)).unwrap();
        eventually("unbanned", || status(8080, BAD) == Some(200));
        eventually("new workers are there", || {
            assert!(map.reload(&servers, start + Duration::from_secs(4)).unwrap().is_none(), "nothing is left to tell");
            !map.is_waiting()
        });
        std::fs::write(&file, format!("{config}\nbroken")).unwrap();
        map.write(&denied()).unwrap();
        map.reload(&servers, start + Duration::from_secs(9)).unwrap();
        let refused = map.reload(&servers, start + Duration::from_secs(19));
        assert!(matches!(refused, Err(MapError::Refused(_))), "{refused:?}");
        assert_eq!(status(8080, GOOD), Some(200), "nginx runs on");
    });
}

#[test]
fn apache_denies_and_limits_the_client_behind_the_proxy() {
    if !installed("apache2") {
        return;
    }
    inside("apache_denies_and_limits_the_client_behind_the_proxy", || {
        let home = tempfile::tempdir().unwrap();
        let at = home.path();
        open_to_all(at);
        let mut map = ServerMap::open(at).unwrap();
        std::fs::create_dir(at.join("www")).unwrap();
        open_to_all(&at.join("www"));
        std::fs::write(at.join("www/index.html"), "welcome").unwrap();
        let modules = ["mpm_event", "authz_core", "remoteip", "rewrite", "dir", "mime"];
        let load = |name: &str| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n");
        let home = at.display();
        let config = format!(
            "ServerRoot {home}\nServerName www\nPidFile {home}/pid\nErrorLog {home}/error.log\nListen 127.0.0.1:8081\n\
             {}User www-data\nGroup www-data\nTypesConfig /etc/mime.types\nMutex file:{home}\n\
             RemoteIPHeader X-Forwarded-For\nRemoteIPTrustedProxy 127.0.0.1\nDirectoryIndex index.html\n{}\n\
             <VirtualHost *:8081>\nServerName www\nDocumentRoot {home}/www\n{}\
             <Directory {home}/www>\nRequire all granted\n</Directory>\n</VirtualHost>\n",
            modules.map(load).concat(),
            snippet("apache2/peelhouse-deny.conf", at),
            snippet("apache2/peelhouse-deny-site.conf", at),
        );
        let file = at.join("apache.conf");
        std::fs::write(&file, config).unwrap();
        let apache = Command::new("apache2").args(["-D", "FOREGROUND", "-f"]).arg(&file).spawn().unwrap();
        let _daemon = Daemon(apache);
        eventually("apache serves", || status(8081, BAD) == Some(200));
        map.write(&denied()).unwrap();
        eventually("the new map is taken up", || status(8081, BAD) == Some(403));
        assert_eq!(status(8081, GOOD), Some(200));
        let slow: Vec<_> = (0..60).map(|_| status(8081, SLOW).unwrap()).collect();
        assert!(slow.contains(&200) && slow.contains(&429), "{slow:?}");
        map.write(&Denied::new()).unwrap();
        eventually("unbanned", || status(8081, BAD) == Some(200));
    });
}
