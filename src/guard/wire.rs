//! Frames between reader and keeper: length, kind, payload. Whoever reads trusts nothing: a length is checked before a
//! byte of it is kept.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes of a message that the keeper takes from the reader.
pub const MAX_MESSAGE: usize = 256 * 1024;
/// Bytes of a message that the reader takes from the keeper, which it trusts: all sources of a big host.
pub const MAX_START: usize = 64 << 20;
/// Bytes of one piece of a snapshot.
pub const MAX_CHUNK: usize = 1 << 20;
/// Bytes of a whole snapshot.
pub const MAX_SNAPSHOT: usize = 256 << 20;

const MESSAGE: u8 = b'm';
const CHUNK: u8 = b'c';

/// One frame: `u32` length of the payload (big endian), one byte for its kind, the payload.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// JSON of a typed message.
    Message(Vec<u8>),
    /// A piece of a snapshot: opaque, at most [`MAX_CHUNK`] bytes.
    Chunk(Vec<u8>),
}

/// Why the other side can no longer be listened to.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("a {kind} frame of {len} bytes, {limit} are allowed")]
    TooLong { kind: char, len: usize, limit: usize },
    #[error("a frame of unknown kind {0:#04x}")]
    UnknownKind(u8),
    #[error("a message that cannot be understood: {0}")]
    Nonsense(#[from] serde_json::Error),
    #[error("the connection ended inside a frame or failed: {0}")]
    Cut(#[from] io::Error),
}

/// The next frame, none at the orderly end of the stream.
pub fn read_frame(from: &mut impl Read, max_message: usize) -> Result<Option<Frame>, WireError> {
    let mut head = [0; 5];
    if !read_or_end(from, &mut head)? {
        return Ok(None);
    }
    let [a, b, c, d, kind] = head;
    let len = u32::from_be_bytes([a, b, c, d]) as usize;
    let limit = match kind {
        MESSAGE => max_message,
        CHUNK => MAX_CHUNK,
        unknown => return Err(WireError::UnknownKind(unknown)),
    };
    if len > limit {
        return Err(WireError::TooLong { kind: char::from(kind), len, limit });
    }
    let payload = read_payload(from, len)?;
    Ok(Some(if kind == MESSAGE { Frame::Message(payload) } else { Frame::Chunk(payload) }))
}

/// A message out of its payload.
pub fn parse<M: DeserializeOwned>(payload: &[u8]) -> Result<M, WireError> {
    Ok(serde_json::from_slice(payload)?)
}

/// Writes one message as one frame.
pub fn write_message(to: &mut impl Write, message: &impl Serialize) -> Result<(), WireError> {
    write_frame(to, MESSAGE, &serde_json::to_vec(message)?)
}

/// Writes a snapshot as as many chunks as it takes.
pub fn write_chunks(to: &mut impl Write, snapshot: &[u8]) -> Result<(), WireError> {
    snapshot.chunks(MAX_CHUNK).try_for_each(|chunk| write_frame(to, CHUNK, chunk))
}

fn write_frame(to: &mut impl Write, kind: u8, payload: &[u8]) -> Result<(), WireError> {
    let too_long = || WireError::TooLong { kind: char::from(kind), len: payload.len(), limit: u32::MAX as usize };
    let len = u32::try_from(payload.len()).map_err(|_| too_long())?;
    let mut frame = Vec::with_capacity(payload.len() + 5);
    frame.extend_from_slice(&len.to_be_bytes());
    frame.push(kind);
    frame.extend_from_slice(payload);
    Ok(to.write_all(&frame)?)
}

/// Grows with what really arrives: a length alone reserves nothing.
fn read_payload(from: &mut impl Read, len: usize) -> Result<Vec<u8>, WireError> {
    let mut payload = Vec::new();
    let read = from.take(len as u64).read_to_end(&mut payload)?;
    if read < len {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(payload)
}

/// False where the stream ends before the first byte.
fn read_or_end(from: &mut impl Read, head: &mut [u8; 5]) -> Result<bool, WireError> {
    let mut first = [0; 1];
    loop {
        match from.read(&mut first) {
            Ok(0) => return Ok(false),
            Ok(_) => break,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause.into()),
        }
    }
    let mut rest = [0; 4];
    from.read_exact(&mut rest)?;
    *head = [first[0], rest[0], rest[1], rest[2], rest[3]];
    Ok(true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(mut bytes: &[u8]) -> Result<Vec<Frame>, WireError> {
        let mut frames = Vec::new();
        while let Some(frame) = read_frame(&mut bytes, MAX_MESSAGE)? {
            frames.push(frame);
        }
        Ok(frames)
    }

    proptest! {
        #[test]
        fn any_bytes_are_frames_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            let _ = frames(&bytes);
        }

        #[test]
        fn what_is_written_is_read(texts in proptest::collection::vec(".*", 0..5), blob in proptest::collection::vec(any::<u8>(), 1..2048)) {
            let mut bytes = Vec::new();
            for text in &texts {
                write_message(&mut bytes, text).unwrap();
            }
            write_chunks(&mut bytes, &blob).unwrap();
            let frames = frames(&bytes).unwrap();
            prop_assert_eq!(frames.len(), texts.len() + 1);
            for (frame, text) in frames.iter().zip(&texts) {
                let Frame::Message(payload) = frame else { panic!("a message was written") };
                prop_assert_eq!(&parse::<String>(payload).unwrap(), text);
            }
            prop_assert_eq!(frames.last(), Some(&Frame::Chunk(blob)));
        }

        #[test]
        fn a_cut_stream_is_an_error(text in ".{1,40}", cut in 1usize..5) {
            let mut bytes = Vec::new();
            write_message(&mut bytes, &text).unwrap();
            bytes.truncate(bytes.len() - cut.min(bytes.len() - 1));
            prop_assert!(frames(&bytes).is_err());
        }
    }

    #[test]
    fn an_oversize_frame_is_refused_by_its_length_alone() {
        let mut head = (MAX_MESSAGE as u32 + 1).to_be_bytes().to_vec();
        head.push(b'm');
        assert!(matches!(frames(&head), Err(WireError::TooLong { kind: 'm', .. })));
        let mut head = u32::MAX.to_be_bytes().to_vec();
        head.push(b'c');
        assert!(matches!(frames(&head), Err(WireError::TooLong { kind: 'c', .. })));
    }

    #[test]
    fn a_snapshot_goes_in_chunks() {
        let blob = vec![7; MAX_CHUNK * 2 + 1];
        let mut bytes = Vec::new();
        write_chunks(&mut bytes, &blob).unwrap();
        let frames = frames(&bytes).unwrap();
        assert_eq!(frames.len(), 3);
        let whole: Vec<u8> = frames
            .into_iter()
            .flat_map(|frame| match frame {
                Frame::Chunk(c) | Frame::Message(c) => c,
            })
            .collect();
        assert_eq!(whole, blob);
    }
}
