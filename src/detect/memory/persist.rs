//! How counters survive a restart: fixed little-endian fields, read back with every length checked.

use thiserror::Error;

/// Why a snapshot was refused; the counters then start empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SnapshotError {
    #[error("snapshot of the counters is not one of ours; start with empty counters")]
    Foreign,
    #[error("snapshot of the counters has version {0}, this program reads {1}; start with empty counters")]
    Version(u32, u32),
    #[error("snapshot of the counters is damaged; start with empty counters")]
    Damaged,
}

/// What can be written to a snapshot and read back.
pub trait Persist: Sized {
    fn put(&self, out: &mut Vec<u8>);
    /// # Errors
    /// [`SnapshotError::Damaged`] where the bytes end early or hold what was never written.
    fn get(from: &mut Reader<'_>) -> Result<Self, SnapshotError>;
}

/// The unread rest of a snapshot.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8], SnapshotError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(SnapshotError::Damaged)?;
        self.rest = rest;
        Ok(head)
    }

    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// A length that the remaining bytes can hold, so that no lie allocates.
    fn length(&mut self) -> Result<usize, SnapshotError> {
        let len = usize::try_from(u64::get(self)?).map_err(|_| SnapshotError::Damaged)?;
        if len > self.rest.len() { Err(SnapshotError::Damaged) } else { Ok(len) }
    }
}

macro_rules! whole_numbers {
    ($($kind:ty),*) => {$(
        impl Persist for $kind {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn get(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
                let bytes = from.take(size_of::<$kind>())?.try_into().map_err(|_| SnapshotError::Damaged)?;
                Ok(<$kind>::from_le_bytes(bytes))
            }
        }
    )*};
}

whole_numbers!(u8, u16, u32, u64, i64);

impl Persist for f32 {
    fn put(&self, out: &mut Vec<u8>) {
        self.to_bits().put(out);
    }

    fn get(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let value = Self::from_bits(u32::get(from)?);
        if value.is_finite() { Ok(value) } else { Err(SnapshotError::Damaged) }
    }
}

impl<T: Persist + Copy + Default, const N: usize> Persist for [T; N] {
    fn put(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|each| each.put(out));
    }

    fn get(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let mut all = [T::default(); N];
        for each in &mut all {
            *each = T::get(from)?;
        }
        Ok(all)
    }
}

impl<T: Persist> Persist for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        self.iter().for_each(|each| each.put(out));
    }

    fn get(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let len = from.length()?;
        let mut all = Self::new();
        for _ in 0..len {
            all.push(T::get(from)?);
        }
        Ok(all)
    }
}

impl Persist for Box<[u8]> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        out.extend_from_slice(self);
    }

    fn get(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let len = from.length()?;
        Ok(from.take(len)?.into())
    }
}

impl Persist for Box<str> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn get(from: &mut Reader<'_>) -> Result<Self, SnapshotError> {
        let len = from.length()?;
        std::str::from_utf8(from.take(len)?).map(Into::into).map_err(|_| SnapshotError::Damaged)
    }
}

/// Writes and reads a struct field by field, in the order named; the compiler sees to it that none is left out.
macro_rules! persist {
    ($kind:ident { $($field:ident),* $(,)? }) => {
        impl $crate::detect::memory::persist::Persist for $kind {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($crate::detect::memory::persist::Persist::put($field, out);)*
            }
            fn get(
                from: &mut $crate::detect::memory::persist::Reader<'_>,
            ) -> Result<Self, $crate::detect::memory::persist::SnapshotError> {
                $(let $field = $crate::detect::memory::persist::Persist::get(from)?;)*
                Ok(Self { $($field),* })
            }
        }
    };
}
pub(crate) use persist;
