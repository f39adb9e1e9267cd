//! What a receiver has asked its far end to send again, and what has come of it.
//!
//! Time stands still here while the link is out: `pass` says how much of it counts. The channel
//! gives a message up soon, because what SCTP repeats comes a second or more later and holds up
//! what follows it; so what does not come is asked for once more here, gap by gap.

mod hole;

use std::collections::VecDeque;

use crate::opus::RTP_RATE;
use crate::receive::queue::ticks_of;
use crate::repair::backlog::{Missing, Resent, KEPT_S};
use hole::Hole;

pub use hole::Standing;

/// Requests open at a time; holes beyond them are not asked for.
const MAX_HOLES: usize = 16;
/// Requests whose answers are known.
const MAX_REQUESTS: usize = 128;
/// Frames, and bytes of them, that wait here for their turn.
const MAX_FRAMES: usize = 3000;
const MAX_BYTES: usize = 512 * 1024;
/// After so long and two round trips it is asked again for what did not come, so many times.
const AGAIN_S: f64 = 0.2;
const AGAIN: usize = 5;
/// A longer round trip is not believed.
const MAX_RTT_S: f64 = 2.0;

#[derive(Debug)]
struct Request {
    number: u16,
    /// Where the hole that it is for starts, and whether it is for all of it.
    start: u64,
    all: bool,
}

/// A packet that was sent again.
#[derive(Debug)]
pub struct Again {
    pub rtp: u64,
    pub payload: Vec<u8>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Awaited {
    /// In order of time.
    holes: VecDeque<Hole>,
    frames: VecDeque<Again>,
    bytes: usize,
    unsent: VecDeque<Missing>,
    next_request: u16,
    requests: VecDeque<Request>,
    /// RTP time before which nothing more is asked for.
    pub asked_to: u64,
    /// Seconds that the link was up, and the time they were last counted.
    clock: f64,
    passed_at: Option<f64>,
    rtt: f64,
}

impl Awaited {
    /// Forget everything: another stream begins.
    pub fn clear(&mut self) {
        *self = Awaited {
            next_request: self.next_request,
            rtt: self.rtt,
            ..Awaited::default()
        };
    }

    /// Time goes on; `up`: the link is there. `rtt`: round trip, seconds.
    pub fn pass(&mut self, now: f64, up: bool, rtt: f64) {
        let before = self.passed_at.replace(now).unwrap_or(now);
        if up && now > before {
            self.clock += now - before;
        }
        if rtt.is_finite() {
            self.rtt = rtt.clamp(0.0, MAX_RTT_S);
        }
        let patience = AGAIN_S + 2.0 * self.rtt;
        for at in 0..self.holes.len() {
            let hole = &mut self.holes[at];
            let due = self.clock - hole.asked_at >= patience;
            if !due || hole.times_asked > AGAIN || hole.answered() {
                continue;
            }
            hole.asked_at = self.clock;
            // Packets come in order but for what is lost; the end may still be on its way.
            let quiet = self.clock - hole.progress_at >= patience;
            let gaps = hole.gaps(quiet);
            if gaps.is_empty() {
                continue;
            }
            hole.times_asked += 1;
            let (start, end) = (hole.from, hole.to);
            if hole.total.is_none() {
                self.request(start, (start, end), true);
                continue;
            }
            for gap in gaps {
                self.request(start, gap, false);
            }
        }
    }

    /// Ask for a range of the hole that starts there.
    fn request(&mut self, start: u64, range: (u64, u64), all: bool) {
        let number = self.next_request;
        self.next_request = number.wrapping_add(1);
        if self.requests.len() == MAX_REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(Request { number, start, all });
        self.unsent.push_back(Missing {
            request: number,
            from: range.0 as u32,
            to: range.1 as u32,
        });
    }

    /// Ask for `from` … `to`, which lies after all that was asked for before. What is longer
    /// than what a far end keeps is asked for from where that begins.
    pub fn ask(&mut self, from: u64, to: u64) {
        self.asked_to = self.asked_to.max(to);
        let from = from.max(to.saturating_sub(KEPT_S as u64 * u64::from(RTP_RATE)));
        if self.holes.len() >= MAX_HOLES || from >= to {
            return;
        }
        self.request(from, (from, to), true);
        self.holes.push_back(Hole::new(from, to, self.clock));
    }

    /// The next request to be sent.
    pub fn next_missing(&mut self) -> Option<Missing> {
        self.unsent.pop_front()
    }

    /// Take an answer. What was not asked for, or is there already, is left out.
    pub fn receive(&mut self, resent: &Resent<'_>) {
        let clock = self.clock;
        let request = self.requests.iter().find(|r| r.number == resent.request);
        let Some(request) = request else {
            return;
        };
        let Some(hole) = self.holes.iter_mut().find(|h| h.from == request.start) else {
            return;
        };
        if request.all {
            hole.total = Some(usize::from(resent.total));
        }
        for (rtp, payload) in resent.frames() {
            let rtp = hole.from + u64::from(rtp.wrapping_sub(hole.from as u32));
            let Ok(ticks) = ticks_of(payload) else {
                continue;
            };
            let full = self.frames.len() >= MAX_FRAMES || self.bytes + payload.len() > MAX_BYTES;
            if full || rtp >= hole.to || hole.had.contains_key(&rtp) {
                continue;
            }
            hole.had.insert(rtp, ticks);
            hole.progress_at = clock;
            self.bytes += payload.len();
            let at = self.frames.partition_point(|f| f.rtp < rtp);
            let payload = payload.to_vec();
            self.frames.insert(at, Again { rtp, payload });
        }
    }

    /// The earliest packet that waits here.
    pub fn pop(&mut self) -> Option<Again> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.payload.len();
        Some(frame)
    }

    /// Everything before this RTP time is done with.
    pub fn done(&mut self, cursor: u64) {
        while self.holes.front().is_some_and(|h| h.to <= cursor) {
            self.holes.pop_front();
        }
    }

    /// How it stands with the hole at this RTP time, if it was asked for.
    pub fn standing(&self, rtp: u64) -> Option<Standing> {
        let hole = self.holes.iter().find(|h| (h.from..h.to).contains(&rtp))?;
        Some(hole.standing(self.clock, self.rtt))
    }
}

#[cfg(test)]
mod tests;
