//! A private network namespace for a test: the test runs itself again inside one.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType, sockopt};

const INSIDE: &str = "PEELHOUSE_TEST_INSIDE";

/// Runs `body` in a new network namespace with a loopback; `name` is the calling test's own.
pub fn inside(name: &str, body: fn()) {
    if std::env::var(INSIDE).as_deref() == Ok(name) {
        run("ip link set lo up");
        return body();
    }
    if !rustix::process::geteuid().is_root() {
        println!("skipped: {name} needs root for a network namespace of its own");
        return;
    }
    let itself = std::env::current_exe().unwrap();
    let output = Command::new("unshare")
        .arg("-n")
        .arg(itself)
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, name)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("1 passed"),
        "{name} inside its namespace:\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A command line without quoting, which must succeed; its output.
pub fn run(line: &str) -> String {
    let mut words = line.split_whitespace();
    let output = Command::new(words.next().unwrap()).args(words).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// One nft command.
pub fn nft(command: &str) -> String {
    let output = Command::new("nft").arg(command).output().unwrap();
    assert!(output.status.success(), "nft {command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Another namespace, held by a sleeping process that ends with this value.
pub struct Neighbour(Child);

impl Neighbour {
    pub fn new() -> Self {
        let child = Command::new("unshare").args(["-n", "sleep", "120"]).stdout(Stdio::null()).spawn().unwrap();
        let neighbour = Self(child);
        let ours = std::fs::read_link("/proc/self/ns/net").unwrap();
        // Until it has entered its own namespace, there is nothing to move a link to.
        while std::fs::read_link(format!("/proc/{}/ns/net", neighbour.pid())).is_ok_and(|theirs| theirs == ours) {
            std::thread::sleep(Duration::from_millis(2));
        }
        neighbour.run("ip link set lo up");
        neighbour
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Runs something in that namespace, on a thread of its own.
    pub fn within<T: Send + 'static>(&self, body: impl FnOnce() -> T + Send + 'static) -> T {
        let namespace = std::fs::File::open(format!("/proc/{}/ns/net", self.pid())).unwrap();
        let thread = std::thread::spawn(move || {
            let kind = Some(rustix::thread::LinkNameSpaceType::Network);
            rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&namespace), kind).unwrap();
            body()
        });
        thread.join().unwrap()
    }

    pub fn run(&self, line: &str) -> String {
        run(&format!("nsenter -t {} -n {line}", self.pid()))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Accepts and keeps connections; every address is listened on by one of the two.
pub fn listen(address: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind(address).unwrap();
    let bound = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming().flatten() {
            kept.push(stream);
        }
    });
    bound
}

/// Whether a TCP connection from `source` opens within a third of a second (the first repeat of a SYN comes after 1 s).
pub fn connects(source: IpAddr, to: SocketAddr) -> bool {
    let family = if source.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = rustix::net::socket(family, SocketType::STREAM, None).unwrap();
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Send, Some(Duration::from_millis(300))).unwrap();
    rustix::net::bind(&socket, &SocketAddr::new(source, 0)).unwrap();
    rustix::net::connect(&socket, &to).is_ok()
}
