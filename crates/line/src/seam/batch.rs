//! What goes up to Python: one batch a tick, for all calls.

/// What the network did to one call since its last report. See `visavis.seam.LinkReport`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LinkReport {
    /// Milliseconds this report covers.
    pub window_ms: f64,
    /// Milliseconds since anything came from the far end.
    pub quiet_ms: f64,
    pub rtt_ms: Option<f64>,
    pub jitter_ms: f64,
    pub received: u64,
    pub lost: u64,
    pub late: u64,
    pub reordered: u64,
    /// Runs of consecutive losses that ended: of 1, 2-3, 4-9, 10 and more packets.
    pub loss_runs: [u64; 4],
    pub longest_loss: u64,
    pub queue_ms: f64,
    /// Milliseconds of delay gained in a second.
    pub gradient: Option<f64>,
    pub recovered: u64,
    pub concealed: u64,
    pub buffer_ms: f64,
    pub bitrate_up: f64,
    pub bitrate_down: f64,
    pub loss_down: Option<f64>,
    /// Bits a second the way down is estimated to carry.
    pub estimate_down: Option<f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    Connected,
    /// The last event of a call.
    Closed(String),
    Text(String),
    Played {
        reply: i64,
        samples: i64,
        exact: bool,
        done: bool,
    },
    Report(LinkReport),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub call: i64,
    pub what: Happening,
}

/// Row i of every column belongs to `calls[i]`; a call that catches up has several rows.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub now: f64,
    pub late_ms: f64,
    pub calls: Vec<i64>,
    pub positions: Vec<i64>,
    pub rtp: Vec<i64>,
    pub captured: Vec<f64>,
    pub marks: Vec<u8>,
    /// `receive_rate / 50` samples a row.
    pub pcm: Vec<i16>,
    /// [`crate::voice::voices::VOICES`] probabilities of voice a row, NaN for none; empty if no detector
    /// listens.
    pub voices: Vec<f32>,
    pub events: Vec<Event>,
}

impl Batch {
    /// An empty batch with room for `rows` rows of `frame` samples.
    pub fn with_capacity(rows: usize, frame: usize) -> Self {
        Batch {
            calls: Vec::with_capacity(rows),
            positions: Vec::with_capacity(rows),
            rtp: Vec::with_capacity(rows),
            captured: Vec::with_capacity(rows),
            marks: Vec::with_capacity(rows),
            pcm: Vec::with_capacity(rows * frame),
            ..Batch::default()
        }
    }

    pub fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.events.is_empty()
    }

    /// Takes back rows from `rows` on, of `frame` samples each.
    pub fn truncate(&mut self, rows: usize, frame: usize) {
        self.calls.truncate(rows);
        self.positions.truncate(rows);
        self.rtp.truncate(rows);
        self.captured.truncate(rows);
        self.marks.truncate(rows);
        self.pcm.truncate(rows * frame);
    }
}
