//! Tells the service manager how we are: sd_notify(3), a datagram to the socket it named.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where to tell; nowhere when no service manager started us.
#[derive(Debug, Default)]
pub struct ServiceManager(Option<(UnixDatagram, SocketAddr)>);

impl ServiceManager {
    /// As `$NOTIFY_SOCKET` says: a path, or `@` and an abstract name.
    pub fn of_environment() -> Self {
        let named = std::env::var("NOTIFY_SOCKET").ok();
        let address = named.and_then(|name| match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name).ok(),
            None => SocketAddr::from_pathname(&name).ok(),
        });
        Self(address.and_then(|address| Some((UnixDatagram::unbound().ok()?, address))))
    }

    /// `READY=1`, `STOPPING=1`, `WATCHDOG=1`.
    pub fn tell(&self, state: &str) {
        if let Some((socket, address)) = &self.0 {
            // A service manager that does not listen has nothing to be told.
            let _ = socket.send_to_addr(state.as_bytes(), address);
        }
    }
}
