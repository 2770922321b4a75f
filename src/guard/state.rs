//! What stands in the state directory.

use std::path::{Path, PathBuf};

/// History and what was learnt.
pub fn store(dir: &Path) -> PathBuf {
    dir.join("peelhouse.db")
}

/// Where a running guard takes orders.
pub fn socket(dir: &Path) -> PathBuf {
    dir.join("control.sock")
}
