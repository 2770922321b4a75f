//! A private network namespace for measuring and for the demo.

#![allow(unsafe_code, reason = "unshare may separate file tables; here it never does")]

use std::io;

use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Moves this thread, and what it starts from now on, into a new and empty network namespace; it ends with them.
/// Needs CAP_SYS_ADMIN.
pub fn enter_new() -> io::Result<()> {
    // SAFETY: only the network namespace is separated; the file table (UnshareFlags::FILES) stays shared.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET) }?;
    Ok(())
}
