//! Opening, creating, migrating; setting a damaged store aside.

use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{Reading, Store, StoreError, schema};
use crate::model::Millis;

/// A reader never blocks the writer, so this is only waited out when two writers meet.
const PATIENCE: Duration = Duration::from_secs(5);
/// The write-ahead log shrinks to this once a burst is over.
const WAL_BYTES: i64 = 16 << 20;
/// Bytes; SQLite's own choice.
const PAGE: i64 = 4096;

impl Store {
    /// Opens, or creates with mode 0600 (its directory with 0700), and brings the schema up to date.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        create(path).map_err(|cause| StoreError::CannotOpen { path: path.to_path_buf(), cause })?;
        let opened = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(|db| {
            // Only counts for a file still empty.
            db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
            db.pragma_update(None, "journal_mode", "WAL")?;
            db.pragma_update(None, "synchronous", "FULL")?;
            db.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
            // To bring it back into the file waits for the disk, so it is not done each few seconds.
            db.pragma_update(None, "wal_autocheckpoint", WAL_BYTES / PAGE)?;
            Ok(db)
        });
        let db = opened.map_err(|cause| StoreError::of(path, cause))?;
        let mut store = Self { reading: Reading { db, path: path.to_path_buf() } };
        store.migrate()?;
        Ok(store)
    }

    /// Whether a change is on the disk when it returns, as it is at first.
    pub(super) fn wait_for_disk(&self, wait: bool) -> Result<(), StoreError> {
        self.ask(|db| db.pragma_update(None, "synchronous", if wait { "FULL" } else { "NORMAL" }))
    }

    fn migrate(&mut self) -> Result<(), StoreError> {
        let found = self.version()?;
        let known = i64::try_from(schema::STEPS.len()).unwrap_or(i64::MAX);
        if found > known {
            return Err(StoreError::Newer { path: self.path.clone(), found, known });
        }
        let taken = usize::try_from(found).unwrap_or(0);
        self.change(|change| {
            for step in schema::STEPS.iter().skip(taken) {
                change.execute_batch(step)?;
            }
            change.pragma_update(None, "user_version", known)
        })
    }
}

impl Reading {
    /// Read only; works while the writer is live.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        if let Err(cause) = rustix::fs::access(path, rustix::fs::Access::READ_OK) {
            return Err(match cause {
                rustix::io::Errno::NOENT => StoreError::Absent(path.to_path_buf()),
                cause => StoreError::CannotOpen { path: path.to_path_buf(), cause: cause.into() },
            });
        }
        let db = read_only(path).map_err(|cause| StoreError::of(path, cause))?;
        Ok(Self { db, path: path.to_path_buf() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads every page; the first thing wrong, or none. Takes a second per some 100 MB.
    pub fn damage(&self) -> Result<Option<String>, StoreError> {
        let word: String = self.ask(|db| db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))?;
        Ok((word != "ok").then_some(word))
    }

    fn version(&self) -> Result<i64, StoreError> {
        self.ask(|db| db.query_row("PRAGMA user_version", [], |row| row.get(0)))
    }
}

/// Renames a damaged store and its write-ahead log to `<name>.damaged-<milliseconds>`; the next `Store::open` begins a
/// new one. Returns where the old one stands.
pub fn set_aside(path: &Path, at: Millis) -> Result<PathBuf, StoreError> {
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
    let aside = beside(&format!(".damaged-{}", at.0));
    let moved = |from: &Path, to: &Path| rustix::fs::rename(from, to).map_err(io::Error::from);
    moved(path, &aside).map_err(|cause| StoreError::CannotOpen { path: path.to_path_buf(), cause })?;
    for suffix in ["-wal", "-shm"] {
        match moved(&beside(suffix), &PathBuf::from(format!("{}{suffix}", aside.display()))) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::CannotOpen { path: beside(suffix), cause });
            }
            _ => {}
        }
    }
    Ok(aside)
}

/// SQLite would create it with the umask's mode; the evidence inside is nobody else's.
fn create(path: &Path) -> io::Result<()> {
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    }
    std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(PATIENCE)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

/// Where the directory is not ours to write and no writer is live, SQLite cannot make its shared memory; nothing
/// changes then, so the file alone is the truth.
fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let first = |db: &Connection| db.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).map(drop);
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match first(&db) {
        Err(cause) if cause.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen) => {
            let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
            let uri = PathBuf::from(format!("file:{escaped}?immutable=1"));
            connect(&uri, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
        }
        other => other.map(|()| db),
    }
}
