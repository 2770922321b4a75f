//! Bytes ↔ trees and records: server configurations (lossless), logs. No I/O, never panics, never fails on foreign
//! input: a tree plus its errors.

pub mod apache;
pub mod fail2ban;
pub mod glob;
pub mod logs;
pub mod nginx;
pub mod seclang;
pub mod tls;
pub mod tomcat;

use std::path::Path;

/// How a configuration's includes are read; `host::Host` is the real one, a map serves in tests.
pub trait Files {
    /// The bytes of a file, or why they could not be had (lower case, without the path).
    fn read(&self, path: &Path) -> Result<Vec<u8>, String>;
    /// Names in a directory, sorted by bytes, without `.` and `..`.
    fn list(&self, dir: &Path) -> Result<Vec<String>, String>;
    fn is_dir(&self, path: &Path) -> bool;
}
