//! Which samples of which reply travelled at which time: what has a far end heard that says how far
//! it has played?

use std::collections::VecDeque;

use crate::opus::RTP_RATE;

/// Frames that are remembered (20 s).
const FRAMES: usize = 1000;

/// A frame of speech that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    pub rtp: u64,
    pub reply: i64,
    /// The reply's samples before it, and those in it.
    pub start: u64,
    pub len: u32,
    /// Nothing more of the reply follows.
    pub last: bool,
}

/// The last frames of speech.
#[derive(Debug)]
pub struct Account(VecDeque<Sent>);

impl Default for Account {
    fn default() -> Self {
        Account(VecDeque::with_capacity(FRAMES))
    }
}

impl Account {
    pub fn sent(&mut self, frame: Sent) {
        if self.0.len() == FRAMES {
            self.0.pop_front();
        }
        self.0.push_back(frame);
    }

    /// Nothing more of this reply will be sent.
    pub fn end(&mut self, reply: i64) {
        if let Some(sent) = self.0.back_mut().filter(|sent| sent.reply == reply) {
            sent.last = true;
        }
    }

    /// (Reply, samples of it, done) once everything before RTP time `rtp` was played; `rate`:
    /// samples a second. None before the first frame that is remembered.
    pub fn heard(&self, rtp: u64, rate: u32) -> Option<(i64, u64, bool)> {
        let at = self
            .0
            .partition_point(|sent| sent.rtp < rtp)
            .checked_sub(1)?;
        let sent = self.0[at];
        let ticks = rtp - sent.rtp;
        let samples = ticks.saturating_mul(u64::from(rate)) / u64::from(RTP_RATE);
        let played = samples.min(u64::from(sent.len));
        let done = sent.last && played == u64::from(sent.len);
        Some((sent.reply, sent.start + played, done))
    }
}
