//! The server's receive buffer: driven by deadlines, never time-stretched.
//!
//! A packet is handed up in the tick after it came. A hole is waited for up to the *patience*,
//! while later packets queue; then it is repaired, or concealed and marked so. Where waiting was
//! in vain some times, for nothing is overtaken and no copies come, nothing is waited for. Nothing
//! delays what follows a burst: [`Ingest::ready`] says how many frames can be pulled at once.
//!
//! While nothing comes and nothing is known, `MISSING` frames keep time. They are provisional:
//! if packets of that time come late after all (a stall, not a silence), they are still handed
//! up, in order. So `rtp` may step back once over `MISSING` frames, never over samples handed up,
//! and `position` always grows; at the next silence `position` and `rtp` are in step again.
//!
//! A far end that keeps what it sends ([`Ingest::keeps`], see `backlog`) is asked for what is lost
//! beyond repair, and waited for. While its link is out, and until the answer is here, `AWAITED`
//! frames keep time: they stand for no samples, so that `position` and `rtp` stay in step, and
//! what was said is handed up in its place. What is received after it queues meanwhile.

mod keeper;
mod output;
mod ready;

use crate::opus::{is_padded, Frame, Mark, OpusError, FRAME_TICKS, RTP_RATE};
use crate::receive::stream::{Came, Next, Stream};
use crate::repair::backlog::awaited::Standing;
use crate::report::BufferStats;
use keeper::Keeper;

pub use keeper::MIN_LOST;
use output::Output;

/// Longest stretch of late packets that is still handed up, and of silence that is spelled out.
const REACH_TICKS: u64 = 2 * RTP_RATE as u64;
/// While repairs come, a hole is waited for until they cover it no more, at most so long.
const MAX_REPAIR_PATIENCE_S: f64 = 0.3;
/// What is asked for in every packet is waited for so many round trips, each with the ticks of both
/// ends, and at most so long, seconds.
const ASKED: f64 = 3.0;
const TURNAROUND_S: f64 = 0.05;
const MAX_ASKED_S: f64 = 0.4;
/// After so many holes that were waited for in vain no others are.
const TRIES: u32 = 3;
/// Below this peak the stream was silent when it stopped, and nothing is waited for.
const QUIET_PEAK: u16 = 128;

#[derive(Clone, Copy, Debug)]
pub struct IngestOptions {
    /// How long a missing packet is waited for while later ones are there, seconds.
    pub patience: f64,
    /// How long the stream is waited for if it stops in the middle of sound, seconds: what the
    /// next packet's redundancy repairs shall not have been handed up as nothing before.
    pub stall_patience: f64,
}

impl Default for IngestOptions {
    fn default() -> Self {
        Self {
            patience: 0.06,
            stall_patience: 0.25,
        }
    }
}

/// See the module.
pub struct Ingest {
    stream: Stream,
    frame: usize,
    patience: f64,
    stall_patience: f64,
    /// When a repair last came, and what it covers, seconds.
    repairs: (f64, f64),
    /// How long what is asked for in every packet is waited for, seconds; 0 if nothing is.
    asked: f64,
    /// When a packet with deep redundancy last came.
    deep_at: f64,
    output: Output,
    /// RTP time up to which frames, also provisional ones, have been handed up.
    high: u64,
    quiet: bool,
    keeper: Option<Box<Keeper>>,
    /// Holes waited for since a packet was overtaken or a copy came, and RTP time where the last
    /// one ends.
    in_vain: (u32, u64),
}

impl Ingest {
    /// `rate`: 8000, 12000, 16000, 24000 or 48000 samples a second.
    pub fn new(rate: u32, options: IngestOptions) -> Result<Self, OpusError> {
        let mut ingest = Self {
            stream: Stream::new(rate)?,
            frame: rate as usize / 50,
            patience: 0.0,
            repairs: (f64::NEG_INFINITY, 0.0),
            asked: 0.0,
            deep_at: f64::NEG_INFINITY,
            stall_patience: options.stall_patience,
            output: Output::new(rate),
            high: 0,
            quiet: true,
            keeper: None,
            in_vain: (0, 0),
        };
        ingest.set_patience(options.patience);
        Ok(ingest)
    }

    /// How long a missing packet is waited for, seconds (0 … 1); nonsense is ignored.
    pub fn set_patience(&mut self, seconds: f64) {
        if seconds.is_finite() {
            self.patience = seconds.clamp(0.0, 1.0);
        }
    }

    /// What comes from now on is another stream (another SSRC).
    pub fn expect_another(&mut self) {
        self.stream.expect_another();
    }

    /// Take a packet that arrived at `now`. `seq` and `rtp` are extended by the caller.
    pub fn push(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        let s = &self.stream;
        let before = (s.cursor, s.floor, s.last_seq());
        let (taken, overtaken) = (s.stats.received, s.stats.reordered);
        let goes_on = self.goes_on(seq, rtp);
        if is_padded(payload) {
            self.deep_at = now;
        }
        if self
            .stream
            .push(now, seq, rtp, payload, Came::Itself { ahead: 0.0 })
        {
            if goes_on {
                // The link held everything up; what it lost meanwhile can be asked for.
                self.stream.resume(before.0, before.1, before.2);
            } else {
                self.output.begin(rtp);
                self.high = rtp;
                if let Some(keeper) = &mut self.keeper {
                    keeper.awaited.clear();
                    keeper.presence.restart(rtp);
                }
            }
        }
        if self.stream.stats.reordered > overtaken {
            self.in_vain.0 = 0;
        }
        if let Some(keeper) = &mut self.keeper {
            if self.stream.stats.received > taken {
                keeper.presence.speech(now, rtp, payload);
            }
        }
        self.rewind();
    }

    /// Take a redundant copy (RED) of a packet; used only if the original has not come.
    pub fn push_redundant(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        self.in_vain.0 = 0;
        self.stream.push(now, seq, rtp, payload, Came::Copy);
        self.rewind();
    }

    /// Take a packet that was asked for in packets and came beside another.
    pub fn push_again(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        self.stream.push(now, seq, rtp, payload, Came::Again);
        self.rewind();
    }

    /// What is missed, and short, is asked for in every packet; a round trip takes `rtt` seconds.
    pub fn asks(&mut self, rtt: f64) {
        self.asked = (ASKED * (rtt + TURNAROUND_S)).min(MAX_ASKED_S);
    }

    /// Packets before this number are of no use any more.
    pub fn past(&self) -> u64 {
        self.stream.past()
    }

    /// A repair (see `fec`) came that covers so many RTP ticks: more may come for the same.
    pub fn expect_repairs(&mut self, now: f64, ticks: u64) {
        let seconds = ticks as f64 / f64::from(RTP_RATE);
        self.repairs = (now, seconds.min(MAX_REPAIR_PATIENCE_S));
    }

    /// If packets have come for time that only provisional frames stand for, go back to them.
    fn rewind(&mut self) {
        let s = &mut self.stream;
        s.floor = s.floor.max(self.high.saturating_sub(REACH_TICKS));
        if s.cursor <= s.floor {
            s.cursor = s.floor;
            return;
        }
        let Some(front) = s.queue.front() else {
            return;
        };
        let (_, lost) = Stream::split_gap(s.last_seq(), s.floor, front);
        let start =
            if self.keeper.is_some() && Stream::missing_before(s.last_seq(), front) >= MIN_LOST {
                s.floor // nobody knows in which part of the gap something was said
            } else {
                front.rtp.saturating_sub(lost).max(s.floor)
            };
        s.cursor = s.cursor.min(start);
    }

    /// Hand up the next 20 ms. Before the first packet: a `MISSING` frame at position 0 that
    /// does not count.
    pub fn pull(&mut self, now: f64, out: &mut [i16]) -> Frame {
        out.fill(0);
        let mark = Mark::Missing;
        if !self.stream.started() {
            return self.output.no_samples(0, mark);
        }
        while self.output.len() < self.frame {
            if self.on_its_way(now) {
                if let Some(keeper) = &mut self.keeper {
                    keeper.kept_time_at = now;
                }
                return self.output.no_samples(self.stream.cursor, Mark::Awaited);
            }
            self.make();
        }
        let frame = self.output.emit(self.stream.cursor, out);
        match frame.mark {
            Mark::Recovered => self.stream.stats.recovered += 1,
            Mark::Concealed => self.stream.stats.concealed += 1,
            Mark::Received | Mark::Missing | Mark::Awaited => {}
        }
        frame
    }

    /// Make some more samples, or go over time for which none are needed.
    fn make(&mut self) {
        let wanted = self.stream.ticks(self.frame - self.output.len());
        let rtp = self.stream.cursor;
        let next = self.stream.next();
        let answered = self.front_standing() == Some(Standing::Answered);
        let gap = self
            .stream
            .queue
            .front()
            .map_or(0, |p| p.rtp.saturating_sub(rtp));
        let next = match next {
            Next::Hole(_) | Next::Silent(_) if answered => Next::Silent(gap),
            next => next,
        };
        let stood_for = self.stood_for(rtp);
        match next {
            Next::Here => {
                let (pcm, mark) = self.stream.decode();
                self.quiet = pcm.iter().all(|s| s.unsigned_abs() < QUIET_PEAK);
                self.output.add(rtp, pcm, mark);
            }
            Next::Silent(gap) if stood_for > 0 => self.stream.skip(gap.min(stood_for)),
            Next::Silent(gap) if gap > REACH_TICKS => self.stream.skip(gap),
            // The grid of frames follows the sender's packets, lest each be split by it.
            Next::Silent(gap) if self.output.is_empty() && gap < FRAME_TICKS => {
                self.stream.skip(gap);
            }
            Next::Silent(gap) => {
                let ticks = gap.min(wanted);
                self.stream.skip(ticks);
                self.output.nothing(rtp, self.stream.samples(ticks));
            }
            Next::Hole(lost) if rtp < self.high && !self.stream.recoverable(lost) => {
                self.stream.skip_piece(lost);
            }
            Next::Hole(lost) => {
                if self.in_vain.1 != rtp + lost {
                    self.in_vain = (self.in_vain.0.saturating_add(1), rtp + lost);
                }
                let (pcm, mark) = self.stream.repair(lost);
                self.output.add(rtp, pcm, mark);
            }
            Next::Empty => {
                // Provisional: the floor stays, so that late packets of this time are taken.
                self.stream.cursor += wanted;
                self.output.nothing(rtp, self.stream.samples(wanted));
            }
        }
        self.high = self.high.max(self.stream.cursor);
    }

    /// Counters since the start, jitter, and the audio that waits here.
    pub fn stats(&self) -> BufferStats {
        let s = &self.stream;
        let waiting = s.queue.span(s.cursor) + s.ticks(self.output.len());
        BufferStats {
            depth: waiting as f64 / f64::from(RTP_RATE),
            ..s.stats
        }
    }
}
