//! A stretch of time that was asked for, and what of it has come.

use std::collections::BTreeMap;

use crate::opus::RTP_RATE;

/// A hole is waited for as long as it lasted, within these, and two round trips.
const WAIT_S: (f64, f64) = (0.4, 1.0);
/// … or while something of it came within so long and one round trip,
const PROGRESS_S: f64 = 0.4;
/// but never longer than this.
const MAX_WAIT_S: f64 = 6.0;
/// Gaps in one that are asked for again at a time.
pub const GAPS: usize = 8;

/// How it stands with a stretch of time that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// More of it may come.
    Waited,
    /// All that was sent of it is here.
    Answered,
    /// It has been waited for long enough.
    GivenUp,
}

#[derive(Debug)]
pub struct Hole {
    pub from: u64,
    pub to: u64,
    first_asked_at: f64,
    pub asked_at: f64,
    pub progress_at: f64,
    pub times_asked: usize,
    /// Packets that came, timestamp and ticks, and how many there are in all.
    pub had: BTreeMap<u64, u64>,
    pub total: Option<usize>,
}

impl Hole {
    /// One that is asked for at `now`, wholly.
    pub fn new(from: u64, to: u64, now: f64) -> Self {
        Hole {
            from,
            to,
            first_asked_at: now,
            asked_at: now,
            progress_at: f64::NEG_INFINITY,
            times_asked: 1,
            had: BTreeMap::new(),
            total: None,
        }
    }

    pub fn answered(&self) -> bool {
        self.total.is_some_and(|total| self.had.len() >= total)
    }

    /// What did not come before the last packet that did, or, if `all`, before the end.
    pub fn gaps(&self, all: bool) -> Vec<(u64, u64)> {
        let mut at = self.from;
        let mut gaps = Vec::new();
        for (rtp, ticks) in &self.had {
            if *rtp > at {
                gaps.push((at, *rtp));
            }
            at = at.max(rtp + ticks);
        }
        if all && at < self.to {
            gaps.push((at, self.to));
        }
        gaps.truncate(GAPS);
        gaps
    }

    pub fn standing(&self, now: f64, rtt: f64) -> Standing {
        let lasted = (self.to - self.from) as f64 / f64::from(RTP_RATE);
        let waited = now - self.first_asked_at;
        let moving = now - self.progress_at < PROGRESS_S + rtt;
        if self.answered() {
            Standing::Answered
        } else if waited < MAX_WAIT_S
            && (moving || waited < lasted.clamp(WAIT_S.0, WAIT_S.1) + 2.0 * rtt)
        {
            Standing::Waited
        } else {
            Standing::GivenUp
        }
    }
}
