//! Any stream, cut anywhere: entries are the same as of the whole stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use peelhouse::formats::logs::journal::{Decoder, Entry};

fn entries<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Vec<Entry> {
    let mut decoder = Decoder::default();
    chunks.for_each(|chunk| decoder.push(chunk));
    std::iter::from_fn(|| decoder.entry()).collect()
}

fuzz_target!(|data: &[u8]| {
    let Some((size, stream)) = data.split_first() else { return };
    let cut = entries(stream.chunks(usize::from(*size).max(1)));
    assert_eq!(cut, entries(std::iter::once(stream)));
});
