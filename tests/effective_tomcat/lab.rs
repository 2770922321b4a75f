//! A real Tomcat with its own CATALINA_BASE on free loopback ports, and a client that keeps its connection.

use std::fs;
use std::io::{BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub use crate::http::Reply;
use crate::http::read;

pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub const HOME: &str = "/usr/share/tomcat10";

/// What conf/web.xml says here of its one servlet, so that an application starts in milliseconds.
pub const DEFAULT_CLASS: &str = "<servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class>\n<load-on-startup>1</load-on-startup>\n";
const GLOBAL_WEB: &str = "<servlet-mapping><servlet-name>default</servlet-name><url-pattern>/</url-pattern></servlet-mapping>\n\
    <welcome-file-list><welcome-file>index.html</welcome-file></welcome-file-list>\n";

/// A base to fill, then a running server; ends with its value.
pub struct Lab {
    pub dir: tempfile::TempDir,
    pub ports: Vec<u16>,
    child: Option<Child>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub fn tomcat_is_here() -> bool {
    let here = Path::new(HOME).join("bin/bootstrap.jar").exists()
        && Command::new("java").arg("-version").stderr(Stdio::null()).status().is_ok();
    if !here {
        println!("skipped: no Tomcat 10, or no Java");
    }
    here
}

/// The version of the installed Tomcat, as its package says.
pub fn version() -> String {
    let out = Command::new("dpkg-query").args(["-W", "-f", "${Version}", "libtomcat10-java"]).output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

impl Lab {
    pub fn new(ports: usize) -> Self {
        // Thousands of small files: in memory where there is such a place.
        let memory = Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        for sub in ["conf/Catalina", "logs", "temp", "work", "webapps"] {
            fs::create_dir_all(dir.path().join(sub)).unwrap();
        }
        let free: Vec<TcpListener> = (0..ports).map(|_| TcpListener::bind((HERE, 0)).unwrap()).collect();
        let ports = free.iter().map(|socket| socket.local_addr().unwrap().port()).collect();
        Self { dir, ports, child: None }
    }

    pub fn base(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, path: impl AsRef<Path>, text: &str) {
        let path = self.base().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// conf/web.xml and conf/context.xml around some lines, and the rest that a base needs.
    pub fn write_globals(&self, web: &str, context: &str) {
        self.write("conf/web.xml", &web_xml(&format!("{web}{GLOBAL_WEB}")));
        let skip = "containerSciFilter=\"org.apache\"";
        self.write(
            "conf/context.xml",
            &format!("<Context {skip} {context}<JarScanner scanClassPath=\"false\" scanManifest=\"false\"/></Context>"),
        );
        let properties = fs::read_to_string("/etc/tomcat10/catalina.properties").unwrap_or_default();
        self.write("conf/catalina.properties", &properties);
        self.write("conf/logging.properties", "handlers=java.util.logging.ConsoleHandler\n.level=SEVERE\n");
    }

    pub fn start(&mut self) {
        let base = self.base().display().to_string();
        let home = PathBuf::from(HOME);
        let classes = ["bootstrap.jar", "tomcat-juli.jar"].map(|jar| home.join("bin").join(jar).display().to_string());
        let child = Command::new("java")
            .args(["-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"])
            .arg(format!("-Djava.util.logging.config.file={base}/conf/logging.properties"))
            .arg(format!("-Dcatalina.base={base}"))
            .args([&format!("-Dcatalina.home={HOME}"), &format!("-Djava.io.tmpdir={base}/temp")])
            .args(["-cp", &classes.join(":"), "org.apache.catalina.startup.Bootstrap", "start"])
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.base().join("logs/err")).unwrap())
            .spawn()
            .unwrap();
        self.child = Some(child);
        let until = Instant::now() + Duration::from_secs(90);
        while Instant::now() < until {
            if self.ports.iter().all(|port| TcpStream::connect((HERE, *port)).is_ok()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("Tomcat does not start: {}", self.errors());
    }

    pub fn errors(&self) -> String {
        fs::read_to_string(self.base().join("logs/err")).unwrap_or_default().chars().take(4_000).collect()
    }
}

pub fn web_xml(inner: &str) -> String {
    format!(
        "<web-app xmlns=\"https://jakarta.ee/xml/ns/jakartaee\" version=\"6.0\" metadata-complete=\"true\">\n{inner}</web-app>\n"
    )
}

#[derive(Default)]
pub struct Client {
    stream: Option<(u16, BufReader<TcpStream>)>,
}

impl Client {
    pub fn ask(&mut self, port: u16, host: &str, method: &str, target: &str, more: &str) -> Reply {
        let kept = self.stream.as_ref().is_some_and(|(known, _)| *known == port);
        if !kept {
            self.stream = None;
        }
        let reply = self.try_ask(port, host, method, target, more);
        let reply = if kept { reply.or_else(|| self.try_ask(port, host, method, target, more)) } else { reply };
        reply.unwrap_or_else(|| panic!("no answer to {method} {host}{target}"))
    }

    fn try_ask(&mut self, port: u16, host: &str, method: &str, target: &str, more: &str) -> Option<Reply> {
        let (_, mut stream) = self.stream.take().unwrap_or_else(|| {
            let stream = TcpStream::connect((HERE, port)).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            stream.set_nodelay(true).unwrap();
            (port, BufReader::new(stream))
        });
        let body = if method == "PUT" { "Content-Length: 3\r\n\r\nnew" } else { "\r\n" };
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{more}{body}");
        stream.get_mut().write_all(head.as_bytes()).ok()?;
        let reply = read(&mut stream, method)?;
        if reply.all("Connection") != ["close"] {
            self.stream = Some((port, stream));
        }
        Some(reply)
    }
}
