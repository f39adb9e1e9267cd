//! The client's receive buffer: an ear gets one frame every 20 ms, whatever the network does.
//!
//! The *delay* of a sample is how long after its earliest possible arrival it is played. The
//! target follows the delays that packets had lately; while talk goes on, the delay is brought to
//! it one pitch period at a time, and a new spurt of talk starts at the target at once.

use crate::opus::{Frame, Mark, OpusError, FRAME_TICKS};
use crate::report::BufferStats;
use crate::stream::{Next, Stream};
use crate::stretch::{best_lag, lengthen, rms, shorten, MAX_LAG_S, MIN_LAG_S};

const FRAME_S: f64 = 0.02;
/// Share of packets that shall be there in time.
const IN_TIME: f32 = 0.97;
/// Added to the delay that covers them.
const MARGIN_S: f64 = 0.005;
/// How far the delay may be above the target before it is shortened, and below.
const ABOVE_S: f64 = 0.012;
const BELOW_S: f64 = 0.022;
/// Excess of delay that one period a frame can undo within two seconds.
const EXCESS_PER_LAG_S: f64 = 0.4;
/// With that much excess, or after so many frames of waiting for a good place, any place will do.
const URGENT_S: f64 = 0.05;
const URGENT_FRAMES: u32 = 25;
/// Where stretching is not heard: near silence (RMS), or well periodic.
const SOFT_RMS: f32 = 300.0;
const PERIODIC: f32 = 0.7;
/// Below this peak the talk had ended when packets stopped.
const QUIET_PEAK: u16 = 128;
/// How long one more frame is waited for, after FEC came too late to be used.
const FEC_MEMORY_S: f64 = 10.0;

#[derive(Clone, Copy, Debug)]
pub struct PlayoutOptions {
    /// Least target delay, seconds. Below 24 ms a tick at an unlucky time would miss packets.
    pub min_delay: f64,
    /// Greatest target delay, seconds.
    pub max_delay: f64,
}

impl Default for PlayoutOptions {
    fn default() -> Self {
        Self {
            min_delay: 0.024,
            max_delay: 1.0,
        }
    }
}

/// See the module.
pub struct Playout {
    stream: Stream,
    options: PlayoutOptions,
    rate: u32,
    frame: usize,
    pcm: Vec<i16>,
    marks: Vec<Mark>,
    talking: bool,
    quiet: bool,
    /// Ticks bridged since the last packet, for which no RTP time was spent.
    debt: u64,
    fec_until: f64,
    waited: u32,
    position: i64,
    rtp: u64,
    delay: f64,
}

impl Playout {
    /// `rate`: 8000, 12000, 16000, 24000 or 48000 samples a second.
    pub fn new(rate: u32, options: PlayoutOptions) -> Result<Self, OpusError> {
        let room = rate as usize / 2;
        Ok(Self {
            stream: Stream::new(rate)?,
            options,
            rate,
            frame: rate as usize / 50,
            pcm: Vec::with_capacity(room),
            marks: Vec::with_capacity(room),
            talking: false,
            quiet: true,
            debt: 0,
            fec_until: f64::NEG_INFINITY,
            waited: 0,
            position: 0,
            rtp: 0,
            delay: 0.0,
        })
    }

    /// Take a packet that arrived at `now`. `seq` and `rtp` are extended by the caller.
    pub fn push(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        if self.stream.push(now, seq, rtp, payload, false) {
            self.pcm.clear();
            self.marks.clear();
            self.talking = false;
            self.debt = 0;
            self.rtp = rtp;
        }
    }

    /// Take a redundant copy (RED) of a packet; used only if the original has not come.
    pub fn push_redundant(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        self.stream.push(now, seq, rtp, payload, true);
    }

    /// Delay aimed at, seconds.
    pub fn target(&self, now: f64) -> f64 {
        let late = self.stream.arrivals.quantile(IN_TIME);
        let fec = if now < self.fec_until { FRAME_S } else { 0.0 };
        (late + MARGIN_S)
            .max(self.options.min_delay)
            .min(self.options.max_delay)
            + fec
    }

    /// Delay of the last frame of talk pulled, seconds.
    pub fn delay(&self) -> f64 {
        self.delay
    }

    /// Counters since the start, jitter, and the delay this buffer adds.
    pub fn stats(&self) -> BufferStats {
        let depth = if self.talking {
            self.delay.max(0.0)
        } else {
            0.0
        };
        BufferStats {
            depth,
            ..self.stream.stats
        }
    }

    /// Delay of the sample that would be played `ahead` samples after `now`, if at the cursor.
    fn delay_at_cursor(&self, now: f64, ahead: usize) -> f64 {
        now + ahead as f64 / f64::from(self.rate)
            - self.stream.arrivals.expected(self.stream.cursor)
    }

    /// The next 20 ms, to be played from `now` on. Before the first packet: a `MISSING` frame at
    /// position 0 that does not count.
    pub fn pull(&mut self, now: f64, out: &mut [i16]) -> Frame {
        out.fill(0);
        if !self.stream.started() {
            return Frame {
                position: self.position,
                rtp: self.rtp,
                mark: Mark::Missing,
            };
        }
        if !self.talking {
            self.talking = self.due(now);
        }
        if self.talking {
            self.fill(now);
            self.adjust(now);
        }
        let behind = self.stream.ticks(self.pcm.len());
        self.rtp = self.rtp.max(self.stream.cursor.saturating_sub(behind));
        let mark = self.emit(out);
        let frame = Frame {
            position: self.position,
            rtp: self.rtp,
            mark,
        };
        self.position += self.frame as i64;
        match mark {
            Mark::Recovered => self.stream.stats.recovered += 1,
            Mark::Concealed => self.stream.stats.concealed += 1,
            Mark::Received | Mark::Missing => {}
        }
        frame
    }

    /// Is there a spurt of talk to be started in this frame?
    fn due(&mut self, now: f64) -> bool {
        loop {
            match self.stream.next() {
                Next::Empty => return false,
                Next::Silent(ticks) => self.stream.skip(ticks),
                // What was lost before the spurt began cannot be told from its silence.
                Next::Hole(lost) if !self.stream.recoverable(lost) => {
                    self.stream.skip_piece(lost);
                }
                Next::Hole(_) | Next::Here => break,
            }
        }
        // The last frame that does not make it wait longer than the target.
        self.debt = 0;
        self.delay_at_cursor(now, 0) + FRAME_S > self.target(now)
    }

    /// Have a frame's worth of samples, if there is talk.
    fn fill(&mut self, now: f64) {
        while self.pcm.len() < self.frame {
            match self.stream.next() {
                Next::Here => self.decode(),
                Next::Silent(_) => return self.end(),
                Next::Hole(lost) => self.cover(now, lost),
                Next::Empty => {
                    if self.quiet {
                        return self.end();
                    }
                    let (pcm, mark) = self.stream.bridge();
                    if mark == Mark::Missing {
                        return self.end();
                    }
                    self.marks.extend(std::iter::repeat_n(mark, pcm.len()));
                    self.pcm.extend_from_slice(pcm);
                    self.debt += FRAME_TICKS;
                }
            }
        }
    }

    fn decode(&mut self) {
        let (pcm, mark) = self.stream.decode();
        self.quiet = pcm.iter().all(|s| s.unsigned_abs() < QUIET_PEAK);
        self.marks.extend(std::iter::repeat_n(mark, pcm.len()));
        self.pcm.extend_from_slice(pcm);
        self.debt = 0;
    }

    /// A spurt is over; what is left of it is played, padded with silence.
    fn end(&mut self) {
        self.talking = false;
        self.waited = 0;
    }

    /// Packets are lost, and later ones are here. What was bridged already stands for them,
    /// unless they can be had in full for no more delay than is right.
    fn cover(&mut self, now: f64, lost: u64) {
        if self.debt > 0 {
            let recoverable = self.stream.recoverable(lost);
            if recoverable {
                self.fec_until = now + FEC_MEMORY_S;
            }
            let delay = self.delay_at_cursor(now, self.pcm.len());
            if !recoverable || delay > self.target(now) + ABOVE_S {
                let ticks = self.debt.min(lost);
                self.stream.skip(ticks);
                self.debt -= ticks;
                return;
            }
        }
        let (pcm, mark) = self.stream.repair(lost);
        self.marks.extend(std::iter::repeat_n(mark, pcm.len()));
        self.pcm.extend_from_slice(pcm);
    }

    /// Bring the delay nearer to the target.
    fn adjust(&mut self, now: f64) {
        self.delay = self.delay_at_cursor(now, 0) + self.pcm.len() as f64 / f64::from(self.rate);
        let excess = self.delay - self.target(now);
        if (-BELOW_S..=ABOVE_S).contains(&excess) {
            self.waited = 0;
            return;
        }
        self.waited += 1;
        let urgent = excess > URGENT_S || self.waited > URGENT_FRAMES;
        let max = (MAX_LAG_S * f64::from(self.rate)) as usize;
        // Two periods of low voices at least, when there is far to go.
        let min =
            (if urgent { MAX_LAG_S / 2.0 } else { MIN_LAG_S } * f64::from(self.rate)) as usize;
        if excess < 0.0 {
            self.stretch(min, max.min(self.pcm.len() / 2), urgent, false);
            return;
        }
        let mut left = excess;
        for _ in 0..(excess / EXCESS_PER_LAG_S).ceil() as usize {
            while self.pcm.len() < self.frame + 2 * max && self.stream.next() == Next::Here {
                self.decode();
            }
            if left <= 0.0 || self.pcm.len() < self.frame + max {
                return;
            }
            let before = self.pcm.len();
            self.stretch(min, max, urgent, true);
            left -= (before - self.pcm.len()) as f64 / f64::from(self.rate);
        }
    }

    /// Shorten or lengthen the samples at hand by one period, if it will not be heard.
    fn stretch(&mut self, min: usize, max: usize, urgent: bool, shorter: bool) {
        let Some((lag, alike)) = best_lag(&self.pcm, min, max) else {
            return;
        };
        if !urgent && alike < PERIODIC && rms(&self.pcm[..2 * lag]) > SOFT_RMS {
            return;
        }
        if shorter {
            shorten(&mut self.pcm, lag);
            self.marks.drain(lag..2 * lag);
        } else {
            lengthen(&mut self.pcm, lag);
            self.marks.extend_from_within(self.marks.len() - lag..);
        }
    }

    /// Move up to one frame to `out`; its mark is that of most of it.
    fn emit(&mut self, out: &mut [i16]) -> Mark {
        let n = self.pcm.len().min(self.frame).min(out.len());
        let mut share = [0usize; 4];
        share[Mark::Missing as usize] = self.frame - n;
        for (to, from) in out.iter_mut().zip(self.pcm.drain(..n)) {
            *to = from;
        }
        for mark in self.marks.drain(..n) {
            share[mark as usize] += 1;
        }
        [
            Mark::Received,
            Mark::Recovered,
            Mark::Concealed,
            Mark::Missing,
        ]
        .into_iter()
        .max_by_key(|m| share[*m as usize])
        .unwrap_or(Mark::Missing)
    }
}
