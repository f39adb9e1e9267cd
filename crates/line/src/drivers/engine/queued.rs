//! How much speech of a call is on its way to its loudspeaker, for threads that want to add to it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;

/// Samples of one call on their way.
pub struct Queued {
    /// In the call's queue, as last told to `backlog`.
    pub told: i64,
    backlog: Arc<AtomicI64>,
}

impl Queued {
    pub fn new(backlog: Arc<AtomicI64>) -> Self {
        Queued { told: 0, backlog }
    }

    /// So many are queued `now`.
    pub fn settle(&mut self, now: usize) {
        let gone = self.told - now as i64;
        self.told = now as i64;
        if gone != 0 {
            self.backlog.fetch_sub(gone, Ordering::SeqCst);
        }
    }
}
