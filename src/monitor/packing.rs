//! How a finished log is packed, and its text as a stream.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::ahead::Text;
use super::line::BLOCK;
use super::rotated::ReadError;

/// How the bytes of a log are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    Plain,
    Gzip,
    Zstd,
    /// Known, and not read here.
    Foreign(&'static str),
}

impl Packing {
    /// From the first bytes.
    pub fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Foreign("xz"),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Foreign("bzip2"),
            [0x04, 0x22, 0x4d, 0x18, ..] => Self::Foreign("lz4"),
            _ => Self::Plain,
        }
    }
}

/// The text of a log from its beginning, and how it was packed.
pub(super) fn unpack(path: &Path, mut file: Counted) -> Result<(Packing, Text), ReadError> {
    let mut start = [0; 6];
    let damaged = |cause| ReadError::Damaged { path: path.to_path_buf(), offset: 0, cause };
    let count = read_up_to(&mut file, &mut start).map_err(damaged)?;
    let start = start.get(..count).unwrap_or_default().to_vec();
    let packing = Packing::of(&start);
    let packed = Cursor::new(start).chain(file);
    let text: Text = match packing {
        Packing::Plain => Box::new(packed),
        Packing::Gzip => {
            let text = MultiGzDecoder::new(BufReader::with_capacity(BLOCK, packed));
            Box::new(Pieces(BufReader::with_capacity(PIECE, text)))
        }
        Packing::Zstd => Box::new(Frames {
            packed: BufReader::with_capacity(BLOCK, packed),
            decoder: FrameDecoder::new(),
            inside: false,
        }),
        Packing::Foreign(packing) => return Err(ReadError::Unsupported { path: path.to_path_buf(), packing }),
    };
    Ok((packing, text))
}

/// Fills as much of `into` as the text has.
pub(super) fn read_up_to(text: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while let Some(rest) = into.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match text.read(rest) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(count)
}

/// The first bytes of the text of a packed log.
pub(super) fn start_of_text(path: &Path, file: File, length: usize) -> Result<Vec<u8>, ReadError> {
    let (_, mut text) = unpack(path, Counted { file, taken: Arc::default() })?;
    let mut start = vec![0; length];
    let damaged = |cause| ReadError::Damaged { path: path.to_path_buf(), offset: 0, cause };
    let count = read_up_to(&mut text, &mut start).map_err(damaged)?;
    start.truncate(count);
    Ok(start)
}

/// Counts what was taken from the disk.
pub(super) struct Counted {
    pub file: File,
    pub taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Bytes asked of the gzip decoder at once.
const PIECE: usize = 32 << 10;

/// Coming upon damage, the gzip decoder drops what it had of the same call: calls must not depend on who reads.
struct Pieces<R>(BufReader<R>);

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.0.fill_buf()?.read(into)?;
        self.0.consume(count);
        Ok(count)
    }
}

/// A zstd file is frames one after another (RFC 8878); the decoder knows one frame.
struct Frames {
    packed: BufReader<Chain<Cursor<Vec<u8>>, Counted>>,
    decoder: FrameDecoder,
    inside: bool,
}

impl Frames {
    /// False where there is no further frame.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.inside {
            if self.packed.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.init(&mut self.packed) {
                Ok(()) => self.inside = true,
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut (&mut self.packed).take(length.into()), &mut io::sink())?;
                }
                Err(cause) => return Err(bad(&cause)),
            }
        }
        Ok(true)
    }
}

impl Read for Frames {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.begin()? {
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.packed, one).map_err(|cause| bad(&cause))?;
            }
            match self.decoder.read(into)? {
                0 if !into.is_empty() => self.inside = false,
                count => return Ok(count),
            }
        }
        Ok(0)
    }
}

fn bad(cause: &FrameDecoderError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, cause.to_string())
}
