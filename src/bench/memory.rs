//! Memory of this process, as the system and the allocator see it.

#![expect(unsafe_code, reason = "an allocator is unsafe by its trait")]

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicUsize, Ordering};

use mimalloc::MiMalloc;

/// Largest request since it was last asked for.
static LARGEST: AtomicUsize = AtomicUsize::new(0);

/// mimalloc, which remembers the largest request. The system's allocator hands every freed tensor back to the kernel: a
/// training step of plain candle spends a third of its time in page faults with it.
#[derive(Debug)]
pub struct Allocator;

// SAFETY: every call goes to mimalloc unchanged.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { MiMalloc.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { MiMalloc.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { MiMalloc.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { MiMalloc.dealloc(pointer, layout) }
    }
}

/// Largest request to the allocator since the last call, in bytes.
pub(super) fn largest_allocation() -> usize {
    LARGEST.swap(0, Ordering::Relaxed)
}

/// Bytes of memory in use now; from now on the peak is counted anew. `None` where the system does not tell.
pub(super) fn reset_peak() -> Option<f64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    resident("VmRSS:")
}

/// A line of the process's status in bytes: `VmRSS:` for what is in use, `VmHWM:` for its peak.
pub(super) fn resident(what: &str) -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with(what))?;
    Some(1024.0 * line.split_whitespace().nth(1)?.parse::<f64>().ok()?)
}
