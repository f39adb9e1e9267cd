//! Nothing panics, not even where a panic is caught; and what was allocated is given back.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Once;

thread_local! {
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is the system's allocator's; the count beside it touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.set(LIVE.get() + layout.size() as i64);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - layout.size() as i64);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Run `work`, which must give back all it allocates on this thread and not panic within.
pub fn watch(work: impl FnOnce()) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            usual(panic);
        }));
    });
    let (live, panics) = (LIVE.get(), PANICS.get());
    work();
    assert_eq!(PANICS.get(), panics, "panics that were caught");
    let kept = LIVE.get() - live;
    assert!(kept < 64 * 1024, "{kept} bytes were not given back");
}

/// Bytes this thread has allocated and not given back.
pub fn live() -> i64 {
    LIVE.get()
}

/// Memory of this process, KiB.
pub fn resident_kib() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4
}
