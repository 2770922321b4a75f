//! Asks the processor for memory that will be needed soon, so that other work goes on while it comes.

/// Bytes that come at once.
const LINE: usize = 64;

/// Fetches all of `value` into the nearest cache; does nothing on processors other than x86-64.
#[inline]
pub fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        let last = size_of::<T>().saturating_sub(1);
        // A value may begin anywhere in a line: one that is longer can reach into one line more.
        let lines = if last < LINE { 1 } else { last / LINE + 2 };
        for line in 0..lines {
            let at = (line * LINE).min(last);
            let from = std::ptr::from_ref(value).cast::<i8>().wrapping_add(at);
            // SAFETY: the instruction is a hint; it reads nothing into the program and faults at no address.
            unsafe { std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(from) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
