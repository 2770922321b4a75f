//! A checkpoint as it arrives: positions in pieces, then the snapshot in chunks.

use crate::guard::wire::MAX_SNAPSHOT;
use crate::model::Position;
use crate::store::Checkpoint;

/// Logs of one host, rotated ones and all.
const MAX_POSITIONS: usize = 100_000;

/// Why the pieces make no checkpoint.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssemblyError {
    #[error("more than {MAX_POSITIONS} positions")]
    Positions,
    #[error("a snapshot of {0} bytes, {MAX_SNAPSHOT} are allowed")]
    Snapshot(u64),
    #[error("a chunk that belongs to no checkpoint")]
    Chunk,
    #[error("a message inside a checkpoint")]
    Inside,
}

/// What has come so far.
#[derive(Default)]
pub struct Assembly {
    positions: Vec<Position>,
    /// Bytes announced, and those here.
    snapshot: Option<(usize, Vec<u8>)>,
}

impl Assembly {
    pub fn positions(&mut self, more: Vec<Position>) -> Result<(), AssemblyError> {
        self.outside()?;
        if self.positions.len() + more.len() > MAX_POSITIONS {
            return Err(AssemblyError::Positions);
        }
        self.positions.extend(more);
        Ok(())
    }

    /// The checkpoint at once where its snapshot is empty.
    pub fn begin(&mut self, bytes: u64) -> Result<Option<Checkpoint>, AssemblyError> {
        self.outside()?;
        let size = usize::try_from(bytes).ok().filter(|size| *size <= MAX_SNAPSHOT);
        self.snapshot = Some((size.ok_or(AssemblyError::Snapshot(bytes))?, Vec::new()));
        Ok(self.whole())
    }

    pub fn chunk(&mut self, chunk: &[u8]) -> Result<Option<Checkpoint>, AssemblyError> {
        let Some((size, here)) = &mut self.snapshot else { return Err(AssemblyError::Chunk) };
        if here.len() + chunk.len() > *size {
            return Err(AssemblyError::Chunk);
        }
        here.extend_from_slice(chunk);
        Ok(self.whole())
    }

    /// No other message may come between a checkpoint and its last chunk.
    pub fn outside(&self) -> Result<(), AssemblyError> {
        if self.snapshot.is_some() { Err(AssemblyError::Inside) } else { Ok(()) }
    }

    fn whole(&mut self) -> Option<Checkpoint> {
        let (_, snapshot) = self.snapshot.take_if(|(size, here)| here.len() == *size)?;
        Some(Checkpoint { positions: std::mem::take(&mut self.positions), snapshot })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_make_the_snapshot_and_nothing_more() {
        let mut assembly = Assembly::default();
        assert_eq!(assembly.begin(5), Ok(None));
        assert_eq!(assembly.outside(), Err(AssemblyError::Inside));
        assert_eq!(assembly.chunk(b"abc"), Ok(None));
        let whole = assembly.chunk(b"de").unwrap().expect("five of five bytes are here");
        assert_eq!(whole.snapshot, b"abcde");
        assert_eq!(assembly.chunk(b"f"), Err(AssemblyError::Chunk));
        assert_eq!(assembly.outside(), Ok(()));
    }

    #[test]
    fn more_than_announced_and_more_than_allowed_are_refused() {
        let mut assembly = Assembly::default();
        assert_eq!(assembly.begin(u64::MAX), Err(AssemblyError::Snapshot(u64::MAX)));
        let mut assembly = Assembly::default();
        assert_eq!(assembly.begin(2), Ok(None));
        assert_eq!(assembly.chunk(b"abc"), Err(AssemblyError::Chunk));
    }

    #[test]
    fn an_empty_snapshot_is_whole_at_once() {
        assert_eq!(Assembly::default().begin(0), Ok(Some(Checkpoint::default())));
    }
}
