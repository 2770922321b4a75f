//! Why the guard cannot work.

use crate::guard::confine::ConfineError;
use crate::guard::lock::LockError;
use crate::guard::wire::WireError;

#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("the reader cannot be confined: {0}; --allow-unconfined runs it all the same, which is not advised")]
    Unconfined(#[from] ConfineError),
    #[error("cannot start the reader: {0}")]
    Start(std::io::Error),
    #[error("reader and keeper cannot talk: {0}")]
    Wire(#[from] WireError),
}
