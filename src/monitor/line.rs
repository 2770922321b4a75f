//! One line as bytes, before anything is made of it.

use crate::model::Millis;

/// A line of a log: any bytes but a newline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawLine<'a> {
    /// Where it starts, in bytes of the decompressed text.
    pub offset: u64,
    /// From 1.
    pub number: u64,
    /// Without its newline and without a carriage return before that.
    pub bytes: &'a [u8],
    /// True where the line was longer than the cap: the rest is not in `bytes`.
    pub cut: bool,
}

/// What a line came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// The log clock after it.
    pub now: Millis,
    /// False where it is part of a record that is not complete: reading would have to go on before that record.
    pub settled: bool,
}

/// Bytes of a line that are kept unless the owner says otherwise.
pub const MAX_LINE: usize = 1 << 20;

/// Bytes asked of the kernel or a decompressor at once.
pub(super) const BLOCK: usize = 256 << 10;

/// The line without a trailing carriage return.
pub(super) fn chomp(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_carriage_return_goes() {
        assert_eq!(chomp(b"a\rb\r"), b"a\rb");
        assert_eq!(chomp(b"a\r\r"), b"a\r");
        assert_eq!(chomp(b""), b"");
    }
}
