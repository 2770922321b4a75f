//! Leaving the host's namespaces: unshare(2).

use rustix::io::Errno;
use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Gives the calling thread a network of its own, with nothing in it, and a copy of the mounts that it may change alone.
/// Programs it starts stay with it.
pub fn leave_host() -> Result<(), Errno> {
    // SAFETY: unshare is unsafe for FILES alone, which would split the table of descriptors; it is not asked for.
    unsafe { unshare_unsafe(UnshareFlags::NEWNET | UnshareFlags::NEWNS) }
}
