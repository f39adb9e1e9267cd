//! What waits for Python: batches bounded in number, events never lost; and figures of the thread.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::calls::load::Load;
use crate::calls::Totals;
use crate::drivers::engine::wake::Wake;
use crate::seam::batch::{Batch, Happening};

/// 15 s of ticks.
const MAX_BATCHES: usize = 750;
/// Bytes of text that wait for Python, of all calls.
const MAX_TEXT: usize = 64 * 1024 * 1024;

pub struct Outbox {
    waiting: Mutex<Waiting>,
    pub ready: Wake,
}

#[derive(Default)]
struct Waiting {
    batches: VecDeque<Batch>,
    text: usize,
    dropped: u64,
}

impl Outbox {
    pub fn new() -> std::io::Result<Self> {
        Ok(Outbox {
            waiting: Mutex::default(),
            ready: Wake::new()?,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // What is inside is whole after any panic: each change is one push or one take.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what one tick brought. False: texts come faster than Python reads them.
    pub fn push(&self, batch: Batch) -> bool {
        if batch.is_empty() {
            return true;
        }
        let mut waiting = self.lock();
        waiting.text += text_bytes(&batch);
        waiting.batches.push_back(batch);
        if waiting.batches.len() > MAX_BATCHES {
            if let Some(oldest) = waiting.batches.pop_front() {
                waiting.dropped += 1;
                if let Some(next) = waiting.batches.front_mut() {
                    next.events.splice(0..0, oldest.events);
                }
            }
        }
        let bearable = waiting.text <= MAX_TEXT;
        drop(waiting);
        self.ready.raise();
        bearable
    }

    /// Takes everything.
    pub fn take(&self) -> VecDeque<Batch> {
        let mut waiting = self.lock();
        self.ready.clear();
        waiting.text = 0;
        std::mem::take(&mut waiting.batches)
    }

    /// Batches that wait.
    pub fn waiting(&self) -> usize {
        self.lock().batches.len()
    }

    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }
}

fn text_bytes(batch: &Batch) -> usize {
    let texts = batch.events.iter().map(|event| match &event.what {
        Happening::Text(text) => text.len(),
        _ => 0,
    });
    texts.sum()
}

/// Figures that the media thread writes and anyone reads, without a lock between them.
pub struct Figures {
    calls: AtomicU64,
    ticks: AtomicU64,
    /// Ticks by how late they ran: a bucket is 0.1 ms, the last holds all that are later.
    late: Vec<AtomicU64>,
    late_max_us: AtomicU64,
    packets_in: AtomicU64,
    packets_out: AtomicU64,
    packets_dropped: AtomicU64,
    encodes: AtomicU64,
    /// Share of a core over the last seconds, millionths.
    share: AtomicU64,
    red_in: AtomicU64,
    red_out: AtomicU64,
    repairs_in: AtomicU64,
    repairs_out: AtomicU64,
    repaired: AtomicU64,
}

const BUCKET_MS: f64 = 0.1;
const BUCKETS: usize = 2001;

impl Default for Figures {
    fn default() -> Self {
        let zero = AtomicU64::default;
        Figures {
            calls: zero(),
            ticks: zero(),
            late: (0..BUCKETS).map(|_| zero()).collect(),
            late_max_us: zero(),
            packets_in: zero(),
            packets_out: zero(),
            packets_dropped: zero(),
            encodes: zero(),
            share: zero(),
            red_in: zero(),
            red_out: zero(),
            repairs_in: zero(),
            repairs_out: zero(),
            repaired: zero(),
        }
    }
}

impl Figures {
    pub fn ticked(&self, late_ms: f64) {
        let bucket = ((late_ms / BUCKET_MS) as usize).min(BUCKETS - 1);
        self.late[bucket].fetch_add(1, Relaxed);
        self.ticks.fetch_add(1, Relaxed);
        self.late_max_us
            .fetch_max((late_ms * 1000.0) as u64, Relaxed);
    }

    pub fn publish(&self, calls: usize, totals: Totals, load: &Load) {
        self.share.store((load.share() * 1e6) as u64, Relaxed);
        self.calls.store(calls as u64, Relaxed);
        self.packets_in.store(totals.packets_in, Relaxed);
        self.packets_out.store(totals.packets_out, Relaxed);
        self.packets_dropped.store(totals.packets_dropped, Relaxed);
        self.encodes.store(totals.encodes, Relaxed);
        self.red_in.store(totals.red_in, Relaxed);
        self.red_out.store(totals.red_out, Relaxed);
        self.repairs_in.store(totals.repairs_in, Relaxed);
        self.repairs_out.store(totals.repairs_out, Relaxed);
        self.repaired.store(totals.repaired, Relaxed);
    }

    /// Name and value of each figure.
    pub fn read(&self, batches_dropped: u64) -> Vec<(&'static str, f64)> {
        let count = |figure: &AtomicU64| figure.load(Relaxed) as f64;
        vec![
            ("calls", count(&self.calls)),
            ("ticks", count(&self.ticks)),
            ("tick_late_p50_ms", self.late_ms(0.50)),
            ("tick_late_p99_ms", self.late_ms(0.99)),
            ("tick_late_max_ms", count(&self.late_max_us) / 1000.0),
            ("packets_in", count(&self.packets_in)),
            ("packets_out", count(&self.packets_out)),
            ("packets_dropped", count(&self.packets_dropped)),
            ("encodes", count(&self.encodes)),
            ("red_in", count(&self.red_in)),
            ("red_out", count(&self.red_out)),
            ("repairs_in", count(&self.repairs_in)),
            ("repairs_out", count(&self.repairs_out)),
            ("repaired", count(&self.repaired)),
            ("batches_dropped", batches_dropped as f64),
            ("core_share", count(&self.share) / 1e6),
        ]
    }

    /// Lateness that this fraction of the ticks did not exceed, milliseconds.
    fn late_ms(&self, fraction: f64) -> f64 {
        let counts: Vec<u64> = self.late.iter().map(|n| n.load(Relaxed)).collect();
        let total: u64 = counts.iter().sum();
        let wanted = (total as f64 * fraction).ceil() as u64;
        let mut seen = 0;
        for (bucket, n) in counts.iter().enumerate() {
            seen += n;
            if seen >= wanted && seen > 0 {
                return (bucket + 1) as f64 * BUCKET_MS;
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seam::batch::Event;

    fn connected(call: i64) -> Batch {
        Batch {
            events: vec![Event {
                call,
                what: Happening::Connected,
            }],
            ..Batch::default()
        }
    }

    #[test]
    fn old_batches_go_but_their_events_stay_in_order() {
        let outbox = Outbox::new().unwrap();
        for call in 0..MAX_BATCHES as i64 + 10 {
            assert!(outbox.push(connected(call)));
        }
        let batches = outbox.take();
        assert_eq!(batches.len(), MAX_BATCHES);
        assert_eq!(outbox.dropped(), 10);
        let calls: Vec<i64> = batches
            .iter()
            .flat_map(|b| b.events.iter().map(|e| e.call))
            .collect();
        assert_eq!(calls, (0..MAX_BATCHES as i64 + 10).collect::<Vec<_>>());
        assert!(outbox.take().is_empty());
    }

    #[test]
    fn lateness_percentiles() {
        let figures = Figures::default();
        for _ in 0..99 {
            figures.ticked(0.25);
        }
        figures.ticked(5000.0);
        let read: std::collections::HashMap<_, _> = figures.read(0).into_iter().collect();
        assert!((read["tick_late_p50_ms"] - 0.3).abs() < 1e-9);
        assert!((read["tick_late_p99_ms"] - 0.3).abs() < 1e-9);
        assert_eq!(read["tick_late_max_ms"], 5000.0);
        assert_eq!(read["ticks"], 100.0);
    }
}
