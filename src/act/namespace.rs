//! Private networks for the demonstration, the measurements and the lab: nothing in them reaches the host.
//!
//! A thread that leaves the host's network takes the programs it starts with it (network_namespaces(7)).

use std::ffi::CString;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Sender};
use std::thread;

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::gettid;

use crate::sys::namespaces::leave_host;

/// Where the world's clients come from: addresses that documentation owns (RFC 5737, RFC 3849).
pub const WORLD: [&str; 3] = ["198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"];
/// The server's addresses in a private network.
pub const SERVER4: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
pub const SERVER6: IpAddr = IpAddr::V6(std::net::Ipv6Addr::new(0xfd00, 0x9ee1, 0, 0, 0, 0, 0, 1));

/// Covered in every private network: holds what [`borrow`] writes.
const SCRATCH: &str = "/mnt";

#[derive(Debug, thiserror::Error)]
pub enum NamespaceError {
    #[error("cannot leave the host's network: {0}; run as root")]
    Leave(#[source] rustix::io::Errno),
    #[error("cannot mount over {path}: {cause}; run as root")]
    Mount { path: String, cause: rustix::io::Errno },
    #[error("cannot run `ip`: {0}; install iproute2")]
    NoIp(#[source] io::Error),
    #[error("`ip {command}` failed: {said}")]
    Ip { command: String, said: String },
    #[error("the private network's thread ended early")]
    Ended,
}

type Job = Box<dyn FnOnce() + Send>;

/// Runs `work` on a thread of its own inside a private network, where only loopback is up; mounts made there are its own.
pub fn private<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, NamespaceError> {
    thread::scope(|scope| {
        let inside = scope.spawn(|| {
            leave_host().map_err(NamespaceError::Leave)?;
            let slash = |cause| NamespaceError::Mount { path: "/".to_owned(), cause };
            mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).map_err(slash)?;
            cover(Path::new(SCRATCH))?;
            ip("link set lo up")?;
            addresses_at_once();
            Ok(work())
        });
        inside.join().unwrap_or(Err(NamespaceError::Ended))
    })
}

/// Covers a directory with an empty one that only this private network sees.
pub fn cover(folder: &Path) -> Result<(), NamespaceError> {
    let options = c"mode=0755,size=256m";
    mount("tmpfs", folder, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options)
        .map_err(|cause| NamespaceError::Mount { path: folder.display().to_string(), cause })
}

/// Lets a directory be written to and forgotten: changes go to memory and only this private network sees them.
pub fn borrow(folder: &Path) -> Result<(), NamespaceError> {
    let wrong = |cause| NamespaceError::Mount { path: folder.display().to_string(), cause };
    let name = folder.display().to_string().replace('/', "_");
    let (upper, work) = (format!("{SCRATCH}/{name}/upper"), format!("{SCRATCH}/{name}/work"));
    for path in [&upper, &work] {
        std::fs::create_dir_all(path).map_err(|_| wrong(rustix::io::Errno::NOSPC))?;
    }
    let options = format!("lowerdir={},upperdir={upper},workdir={work}", folder.display());
    let options = CString::new(options).map_err(|_| wrong(rustix::io::Errno::INVAL))?;
    mount("overlay", folder, "overlay", MountFlags::NOSUID, options.as_c_str()).map_err(wrong)
}

/// The world outside a private server: a second network, joined to the server's by one cable, where every address of
/// [`WORLD`] is at home.
#[derive(Clone, Debug)]
pub struct World {
    jobs: Sender<Job>,
}

impl World {
    /// Call from inside [`private`]; the calling thread's network becomes the server, at [`SERVER4`] and [`SERVER6`].
    pub fn beside() -> Result<Self, NamespaceError> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let (ready, began) = mpsc::channel();
        thread::spawn(move || {
            let left = leave_host().map_err(NamespaceError::Leave).map(|()| gettid());
            addresses_at_once();
            let _ = ready.send(left);
            queue.into_iter().for_each(|job| job());
        });
        let tid = began.recv().map_err(|_| NamespaceError::Ended)??;
        let world = Self { jobs };
        ip(&format!("link add cable0 type veth peer name cable1 netns {}", tid.as_raw_nonzero()))?;
        server_side()?;
        world.run(world_side)??;
        Ok(world)
    }

    /// Runs `work` in the world's network; connections made there may bind to any address of [`WORLD`].
    pub fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, NamespaceError> {
        let (done, result) = mpsc::channel();
        // A thread of its own for each job, so that clients run side by side.
        let start: Job = Box::new(move || {
            thread::spawn(move || done.send(work()));
        });
        self.jobs.send(start).map_err(|_| NamespaceError::Ended)?;
        result.recv().map_err(|_| NamespaceError::Ended)
    }
}

fn server_side() -> Result<(), NamespaceError> {
    ip(&format!("addr add {SERVER4}/24 dev cable0"))?;
    ip(&format!("addr add {SERVER6}/64 dev cable0 nodad"))?;
    ip("link set cable0 up")?;
    ip("route add default via 192.0.2.2")?;
    ip("-6 route add default via fd00:9ee1::2 dev cable0")
}

fn world_side() -> Result<(), NamespaceError> {
    ip("link set lo up")?;
    ip("addr add 192.0.2.2/24 dev cable1")?;
    ip("addr add fd00:9ee1::2/64 dev cable1 nodad")?;
    ip("link set cable1 up")?;
    for net in WORLD {
        let family = if net.contains(':') { "-6 " } else { "" };
        ip(&format!("{family}route add local {net} dev lo"))?;
    }
    // The addresses are local by route, not by interface; without this bind(2) refuses them.
    for family in ["ipv4", "ipv6"] {
        let _ = std::fs::write(format!("/proc/sys/net/{family}/ip_nonlocal_bind"), "1");
    }
    Ok(())
}

/// Without this an IPv6 address waits a second or two for a twin that cannot be there (RFC 4862 §5.4).
fn addresses_at_once() {
    for scope in ["all", "default"] {
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{scope}/accept_dad"), "0");
    }
}

fn ip(command: &str) -> Result<(), NamespaceError> {
    let run = Command::new("ip").args(command.split_whitespace()).output().map_err(NamespaceError::NoIp)?;
    if run.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&run.stderr).trim().to_owned();
    Err(NamespaceError::Ip { command: command.to_owned(), said })
}
