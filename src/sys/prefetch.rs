//! Asks the processor for memory that will be needed soon, so that other work goes on while it comes.

/// Bytes that come at once.
const LINE: usize = 64;

/// Fetches all of `value` into the nearest cache; does nothing on processors other than x86-64.
#[inline]
pub fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    for at in (0..size_of::<T>()).step_by(LINE).chain([size_of::<T>().saturating_sub(1)]) {
        let from = std::ptr::from_ref(value).cast::<i8>().wrapping_add(at);
        // SAFETY: the instruction is a hint; it reads nothing into the program and faults at no address.
        unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(from) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
