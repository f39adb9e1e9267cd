//! The server's receive buffer: driven by deadlines, never time-stretched.
//!
//! A packet is handed up in the tick after it came. A hole is waited for up to the *patience*,
//! while later packets queue; then it is repaired, or concealed and marked so. Nothing delays
//! what follows a burst: [`Ingest::ready`] says how many frames can be pulled at once.
//!
//! While nothing comes and nothing is known, `MISSING` frames keep time. They are provisional:
//! if packets of that time come late after all (a stall, not a silence), they are still handed
//! up, in order. So `rtp` may step back once over `MISSING` frames, never over samples handed up,
//! and `position` always grows; at the next silence `position` and `rtp` are in step again.

use std::collections::VecDeque;

use crate::opus::{Frame, Mark, OpusError, FRAME_TICKS, RTP_RATE};
use crate::report::BufferStats;
use crate::stream::{Next, Stream};

/// Longest stretch of late packets that is still handed up, and of silence that is spelled out.
const REACH_TICKS: u64 = 2 * RTP_RATE as u64;
/// Beyond this much queued audio a hole is not waited for.
const MAX_HELD_TICKS: u64 = RTP_RATE as u64;
/// Frames that one `ready` promises at most.
const MAX_READY: usize = 100;
const FRAME_S: f64 = 0.02;
/// Below this peak the stream was silent when it stopped, and nothing is waited for.
const QUIET_PEAK: u16 = 128;

#[derive(Clone, Copy, Debug)]
pub struct IngestOptions {
    /// How long a missing packet is waited for, seconds.
    pub patience: f64,
}

impl Default for IngestOptions {
    fn default() -> Self {
        Self { patience: 0.06 }
    }
}

/// Samples of one origin, waiting in the output.
#[derive(Clone, Copy, Debug)]
struct Piece {
    rtp: u64,
    len: usize,
    mark: Mark,
}

/// See the module.
pub struct Ingest {
    stream: Stream,
    frame: usize,
    patience: f64,
    pcm: VecDeque<i16>,
    pieces: VecDeque<Piece>,
    /// RTP time up to which frames, also provisional ones, have been handed up.
    high: u64,
    next_position: i64,
    /// A position and its RTP time.
    anchor: (i64, u64),
    quiet: bool,
}

impl Ingest {
    /// `rate`: 8000, 12000, 16000, 24000 or 48000 samples a second.
    pub fn new(rate: u32, options: IngestOptions) -> Result<Self, OpusError> {
        let mut ingest = Self {
            stream: Stream::new(rate)?,
            frame: rate as usize / 50,
            patience: 0.0,
            pcm: VecDeque::with_capacity(rate as usize / 4),
            pieces: VecDeque::with_capacity(64),
            high: 0,
            next_position: 0,
            anchor: (0, 0),
            quiet: true,
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

    /// Take a packet that arrived at `now`. `seq` and `rtp` are extended by the caller.
    pub fn push(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        if self.stream.push(now, seq, rtp, payload, false) {
            self.anchor = (self.next_position + self.pcm.len() as i64, rtp);
            self.high = rtp;
        }
        self.rewind();
    }

    /// Take a redundant copy (RED) of a packet; used only if the original has not come.
    pub fn push_redundant(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        self.stream.push(now, seq, rtp, payload, true);
        self.rewind();
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
        let start = front.rtp.saturating_sub(lost).max(s.floor);
        s.cursor = s.cursor.min(start);
    }

    /// Is a hole before a packet that came at `arrived` to be waited for no longer?
    fn given_up(&self, now: f64, arrived: f64) -> bool {
        now - arrived >= self.patience
            || self.stream.queue.span(self.stream.cursor) > MAX_HELD_TICKS
    }

    /// When the frame at RTP time `rtp` is overdue if nothing is known.
    fn overdue(&self, rtp: u64) -> f64 {
        let arrivals = &self.stream.arrivals;
        let slack = FRAME_S + (4.0 * arrivals.jitter()).min(0.1);
        let patience = if self.quiet { 0.0 } else { self.patience };
        arrivals.expected(rtp) + slack + patience
    }

    /// How many frames can be pulled now. Pull so many (at most 4 a tick are enough to catch up
    /// with any burst); a pull beyond them gives up what is still waited for.
    pub fn ready(&self, now: f64) -> usize {
        let s = &self.stream;
        if !s.started() {
            return 0;
        }
        let mut have = s.ticks(self.pcm.len());
        let (mut cursor, mut last_seq) = (s.cursor, s.last_seq());
        for packet in s.queue.iter().filter(|p| p.end() > s.cursor) {
            let (silent, lost) = Stream::split_gap(last_seq, cursor, packet);
            if silent > REACH_TICKS {
                // Not spelled out.
            } else if have.is_multiple_of(FRAME_TICKS) {
                have += silent - silent % FRAME_TICKS;
            } else {
                have += silent;
            }
            if lost > 0 {
                if !self.given_up(now, packet.arrived) {
                    return self.whole(have);
                }
                // A hole that provisional frames stand for is handed up only if recovered.
                have += if cursor < self.high { 0 } else { lost };
            }
            have += packet.end() - packet.rtp.max(cursor);
            (cursor, last_seq) = (packet.end().max(cursor), packet.seq);
        }
        let overdue = now - self.overdue(cursor);
        if overdue >= 0.0 {
            have += FRAME_TICKS * ((overdue / FRAME_S).min(MAX_READY as f64) as u64 + 1);
        }
        self.whole(have)
    }

    fn whole(&self, ticks: u64) -> usize {
        ((ticks / FRAME_TICKS) as usize).min(MAX_READY)
    }

    /// Hand up the next 20 ms. Before the first packet: a `MISSING` frame at position 0 that
    /// does not count.
    pub fn pull(&mut self, _now: f64, out: &mut [i16]) -> Frame {
        out.fill(0);
        if !self.stream.started() {
            return Frame {
                position: self.next_position,
                rtp: 0,
                mark: Mark::Missing,
            };
        }
        while self.pcm.len() < self.frame {
            self.make();
        }
        let frame = self.emit(out);
        self.next_position = frame.position + self.frame as i64;
        match frame.mark {
            Mark::Recovered => self.stream.stats.recovered += 1,
            Mark::Concealed => self.stream.stats.concealed += 1,
            Mark::Received | Mark::Missing => {}
        }
        frame
    }

    /// Make some more samples, or go over time for which none are needed.
    fn make(&mut self) {
        let wanted = self.stream.ticks(self.frame - self.pcm.len());
        let rtp = self.stream.cursor;
        match self.stream.next() {
            Next::Here => {
                let (pcm, mark) = self.stream.decode();
                self.quiet = pcm.iter().all(|s| s.unsigned_abs() < QUIET_PEAK);
                let len = pcm.len();
                self.pcm.extend(pcm);
                self.pieces.push_back(Piece { rtp, len, mark });
            }
            Next::Silent(gap) if gap > REACH_TICKS => self.stream.skip(gap),
            // The grid of frames follows the sender's packets, lest each be split by it.
            Next::Silent(gap) if self.pcm.is_empty() && gap < FRAME_TICKS => self.stream.skip(gap),
            Next::Silent(gap) => {
                let ticks = gap.min(wanted);
                self.stream.skip(ticks);
                self.nothing(rtp, ticks);
            }
            Next::Hole(lost) if rtp < self.high && !self.stream.recoverable(lost) => {
                self.stream.skip_piece(lost);
            }
            Next::Hole(lost) => {
                let (pcm, mark) = self.stream.repair(lost);
                let len = pcm.len();
                self.pcm.extend(pcm);
                self.pieces.push_back(Piece { rtp, len, mark });
            }
            Next::Empty => {
                // Provisional: the floor stays, so that late packets of this time are taken.
                self.stream.cursor += wanted;
                self.nothing(rtp, wanted);
            }
        }
        self.high = self.high.max(self.stream.cursor);
    }

    fn nothing(&mut self, rtp: u64, ticks: u64) {
        let len = self.stream.samples(ticks);
        self.pcm.extend(std::iter::repeat_n(0, len));
        self.pieces.push_back(Piece {
            rtp,
            len,
            mark: Mark::Missing,
        });
    }

    /// Move one frame of waiting samples to `out`; its mark is that of most of them.
    fn emit(&mut self, out: &mut [i16]) -> Frame {
        for (to, from) in out.iter_mut().zip(self.pcm.drain(..self.frame)) {
            *to = from;
        }
        let rtp = self.pieces.front().map_or(self.stream.cursor, |p| p.rtp);
        let mut share = [0usize; 4];
        let mut left = self.frame;
        while left > 0 {
            let Some(piece) = self.pieces.front_mut() else {
                break;
            };
            let n = piece.len.min(left);
            share[piece.mark as usize] += n;
            left -= n;
            piece.len -= n;
            piece.rtp += n as u64 * u64::from(RTP_RATE) / (self.frame as u64 * 50);
            if piece.len == 0 {
                self.pieces.pop_front();
            }
        }
        let most = [
            Mark::Received,
            Mark::Recovered,
            Mark::Concealed,
            Mark::Missing,
        ]
        .into_iter()
        .max_by_key(|m| share[*m as usize])
        .unwrap_or(Mark::Missing);
        let samples = self.stream.samples(rtp.saturating_sub(self.anchor.1)) as i64;
        let position = self.next_position.max(self.anchor.0 + samples);
        Frame {
            position,
            rtp,
            mark: most,
        }
    }

    /// Counters since the start, jitter, and the audio that waits here.
    pub fn stats(&self) -> BufferStats {
        let s = &self.stream;
        let waiting = s.queue.span(s.cursor) + s.ticks(self.pcm.len());
        BufferStats {
            depth: waiting as f64 / f64::from(RTP_RATE),
            ..s.stats
        }
    }
}
