//! The client's receive buffer: an ear gets one frame every 20 ms, whatever the network does.
//!
//! The *delay* of a sample is how long after its earliest possible arrival it is played. What a
//! packet has of it before it is needed is the *slack*: the delay less what is left of the packet
//! before it in that frame. The slack is kept at the wait that the arrivals teach, never a frame
//! above it: the delay is brought there one pitch period at a time, where it is not heard, and a
//! new spurt of talk starts there at once.
//!
//! After a stall the backlog is played half as fast again, and quicker through pauses. What is
//! more than `max_backlog` is old and is dropped: nobody understands speech much faster, and an
//! answer that comes seconds late is none.
//!
//! Copies and FEC come later than what they repair. They are waited for as everything is, by
//! price: a tenth of the packets is worth 200 ms of delay to an ear that gives 20 ms for each per
//! cent, so copies at a distance of four packets are used, and those at ten are not if the nearer
//! ones leave less than six in a hundred.

use crate::opus::{Frame, Mark, OpusError};
use crate::receive::stream::{fade, Next, Stream, BRIDGE_TICKS};
use crate::receive::stretch::{best_lag, lengthen, rms, shorten, MAX_LAG_S, MIN_LAG_S};
use crate::report::BufferStats;

const FRAME_S: f64 = 0.02;
/// How far the slack may be below the wait, and for how many frames more, before talk is
/// lengthened (a tick may come a little early); how far above it must stay when talk is shortened.
const BELOW_S: f64 = 0.003;
const BELOW_FRAMES: u32 = 2;
const SPARE_S: f64 = 0.003;
/// More delay than this above a frame is undone at the speed of a backlog.
const BACKLOG_S: f64 = 0.03;
/// Samples that a backlog may save, of those played (1.55 times as fast).
const HURRY: f64 = 0.55;
/// After so many frames of waiting for a good place to save a whole frame, any place will do.
const PATIENT_FRAMES: u32 = 25;
/// Where stretching is not heard: near silence (RMS), or well periodic.
const SOFT_RMS: f32 = 300.0;
const PERIODIC: f32 = 0.85;
/// Below this peak the talk had ended when packets stopped.
const QUIET_PEAK: u16 = 128;
/// Samples are brought up from a break, and down to it, in so many seconds.
const FADE_S: f64 = 0.005;

#[derive(Clone, Copy, Debug)]
pub struct PlayoutOptions {
    /// Least and greatest wait after the earliest possible arrival of a packet, seconds.
    pub min_wait: f64,
    pub max_wait: f64,
    /// Wait that would be worth it if it saved every packet, seconds: 2 is 20 ms for each per cent.
    pub price: f64,
    /// Longest backlog that is played, seconds; what is older is dropped.
    pub max_backlog: f64,
}

impl Default for PlayoutOptions {
    fn default() -> Self {
        Self {
            min_wait: 0.004,
            max_wait: 1.0,
            price: 2.0,
            max_backlog: 1.0,
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
    /// The next packet does not go on from what was played last.
    broken: bool,
    /// RTP ticks bridged since the last packet, for which no RTP time was spent.
    debt: u64,
    /// Slack aimed at, seconds.
    wait: f64,
    waited: u32,
    /// Frames in a row with too little slack.
    short: u32,
    /// Samples that may be saved from a backlog now.
    credit: f64,
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
            broken: false,
            debt: 0,
            wait: options.min_wait,
            waited: 0,
            short: 0,
            credit: 0.0,
            position: 0,
            rtp: 0,
            delay: 0.0,
        })
    }

    /// What comes from now on is another stream (another SSRC).
    pub fn expect_another(&mut self) {
        self.stream.expect_another();
    }

    /// Take a packet that arrived at `now`. `seq` and `rtp` are extended by the caller.
    pub fn push(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        if self.stream.push(now, seq, rtp, payload, false) {
            self.pcm.clear();
            self.marks.clear();
            self.talking = false;
            self.broken = true;
            self.debt = 0;
            self.rtp = rtp;
        }
    }

    /// Take a redundant copy (RED) of a packet; used only if the original has not come.
    pub fn push_redundant(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        self.stream.push(now, seq, rtp, payload, true);
    }

    /// Delay aimed at, seconds: the middle of what a frame's grid allows.
    pub fn target(&self) -> f64 {
        self.wait + FRAME_S / 2.0 + SPARE_S
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

    /// Delay of the next sample to be made, if it were played at `now`.
    fn delay_at_cursor(&self, now: f64) -> f64 {
        let expected = self.stream.arrivals.expected(self.stream.cursor);
        expected.map_or(0.0, |expected| now - expected)
    }

    fn seconds(&self, samples: usize) -> f64 {
        samples as f64 / f64::from(self.rate)
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
        let wait = self.stream.arrivals.wait(self.options.price);
        self.wait = wait.max(self.options.min_wait).min(self.options.max_wait);
        if !self.talking {
            self.talking = self.due(now);
        }
        if self.talking {
            self.drop_old(now);
            self.fill(now);
        }
        if self.talking {
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
            Mark::Received | Mark::Missing | Mark::Awaited => {}
        }
        frame
    }

    /// Is there a spurt of talk to be started in this frame?
    fn due(&mut self, now: f64) -> bool {
        loop {
            match self.stream.next() {
                Next::Empty => return false,
                Next::Silent(ticks) => self.stream.skip(ticks),
                Next::Hole(lost) => {
                    let recoverable = self.stream.recoverable(lost);
                    if recoverable {
                        self.stream.note_rescue(lost);
                    }
                    // What was lost before the spurt began cannot be told from its silence, and
                    // what could be had only for more delay than is right is left out.
                    let late = self.delay_at_cursor(now) > self.wait + FRAME_S;
                    if recoverable && !late {
                        break;
                    }
                    self.stream.skip_piece(lost);
                }
                Next::Here => break,
            }
        }
        self.debt = 0;
        // Times are sums of floats: a microsecond is no reason to wait for another frame.
        self.delay_at_cursor(now) > self.wait - 1e-6
    }

    /// Drop what is too old to be played at all.
    fn drop_old(&mut self, now: f64) {
        let mut dropped = false;
        while self.delay_at_cursor(now) > self.wait + self.options.max_backlog {
            match self.stream.next() {
                Next::Here => self.stream.discard(),
                Next::Silent(ticks) => self.stream.skip(ticks),
                Next::Hole(lost) => self.stream.skip_piece(lost),
                Next::Empty => break,
            }
            dropped = true;
        }
        if dropped {
            self.debt = 0;
            self.break_off();
        }
    }

    /// What comes next does not go on from the samples at hand.
    fn break_off(&mut self) {
        let start = self.pcm.len().saturating_sub(self.fade_samples());
        fade(&mut self.pcm[start..], false);
        self.broken = true;
    }

    fn fade_samples(&self) -> usize {
        (FADE_S * f64::from(self.rate)) as usize
    }

    /// Have a frame's worth of samples, if there is talk.
    fn fill(&mut self, now: f64) {
        while self.pcm.len() < self.frame {
            match self.stream.next() {
                Next::Here => self.decode(),
                Next::Silent(_) => return self.end(),
                Next::Hole(lost) => self.cover(now, lost),
                Next::Empty if self.quiet => return self.end(),
                Next::Empty => {
                    let (pcm, mark) = self.stream.bridge();
                    if mark == Mark::Missing {
                        self.broken = true;
                        return self.end();
                    }
                    self.marks.extend(std::iter::repeat_n(mark, pcm.len()));
                    self.pcm.extend_from_slice(pcm);
                    self.debt += BRIDGE_TICKS;
                }
            }
        }
    }

    fn decode(&mut self) {
        let start = self.pcm.len();
        let (pcm, mark) = self.stream.decode();
        self.quiet = pcm.iter().all(|s| s.unsigned_abs() < QUIET_PEAK);
        self.marks.extend(std::iter::repeat_n(mark, pcm.len()));
        self.pcm.extend_from_slice(pcm);
        self.debt = 0;
        if std::mem::take(&mut self.broken) {
            let end = (start + self.fade_samples()).min(self.pcm.len());
            fade(&mut self.pcm[start..end], true);
        }
    }

    /// A spurt is over; what is left of it is played, padded with silence.
    fn end(&mut self) {
        self.talking = false;
        self.waited = 0;
        self.credit = 0.0;
    }

    /// Packets are lost, and later ones are here. What was bridged already stands for them,
    /// unless they can be had in full for no more delay than is right.
    fn cover(&mut self, now: f64, lost: u64) {
        let recoverable = self.stream.recoverable(lost);
        if recoverable {
            self.stream.note_rescue(lost);
        }
        if self.debt > 0 {
            let delay = self.delay_at_cursor(now) + self.seconds(self.pcm.len());
            if !recoverable || delay > self.wait + FRAME_S {
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

    /// Bring the slack nearer to the wait.
    fn adjust(&mut self, now: f64) {
        self.delay = self.delay_at_cursor(now) + self.seconds(self.pcm.len());
        let left = (self.pcm.len() - self.frame) % self.frame;
        let slack = self.delay - self.seconds(left);
        let max = (MAX_LAG_S * f64::from(self.rate)) as usize;
        let excess = self.delay - self.wait - SPARE_S - FRAME_S;
        let short = slack < self.wait - BELOW_S;
        self.short = if short { self.short + 1 } else { 0 };
        if short {
            self.waited = 0;
            if self.short > BELOW_FRAMES {
                self.lengthen(max.min(self.pcm.len() / 2));
            }
        } else if excess > BACKLOG_S {
            self.hurry(now, excess, max);
        } else if slack > self.wait + SPARE_S + FRAME_S {
            self.waited += 1;
            self.trim(now, max);
        } else {
            // Less than what is left can go without a packet being needed earlier.
            self.waited = 0;
            self.trim(now, max.min(left));
        }
    }

    /// Make samples of packets that are here, and of holes between them, until there are
    /// `samples`. False if there are fewer.
    fn ahead(&mut self, now: f64, samples: usize) -> bool {
        while self.pcm.len() < samples {
            match self.stream.next() {
                Next::Here => self.decode(),
                Next::Hole(lost) => self.cover(now, lost),
                Next::Silent(_) | Next::Empty => return false,
            }
        }
        true
    }

    fn soft(&self, samples: usize) -> bool {
        rms(&self.pcm[..samples]) <= SOFT_RMS
    }

    /// Insert one period of up to `max` samples, if it will not be heard.
    fn lengthen(&mut self, max: usize) {
        let min = (MIN_LAG_S * f64::from(self.rate)) as usize;
        let Some((lag, alike)) = best_lag(&self.pcm, min, max) else {
            return;
        };
        if alike >= PERIODIC || self.soft(2 * lag) {
            lengthen(&mut self.pcm, lag, alike);
            self.marks.extend_from_within(self.marks.len() - lag..);
        }
    }

    /// Remove one period of up to `max` samples, if it will not be heard or was waited for long.
    fn trim(&mut self, now: f64, max: usize) {
        let min = (MIN_LAG_S * f64::from(self.rate)) as usize;
        if max < min || !self.ahead(now, self.frame + max) || self.pcm.len() < 2 * max {
            return;
        }
        let Some((lag, alike)) = best_lag(&self.pcm, min, max) else {
            return;
        };
        if alike >= PERIODIC || self.waited > PATIENT_FRAMES || self.soft(2 * lag) {
            self.remove(lag, alike);
        }
    }

    /// Play a backlog of `excess` seconds faster.
    fn hurry(&mut self, now: f64, excess: f64, max: usize) {
        let frame = self.frame as f64;
        self.credit = (self.credit + HURRY * frame).min(2.0 * frame);
        let enough = (excess * f64::from(self.rate)) as usize;
        let mut saved = 0;
        while saved < enough && self.ahead(now, self.frame + 2 * max) {
            if self.ahead(now, 3 * self.frame) && self.soft(2 * self.frame) {
                self.remove(self.frame, 0.0);
                saved += self.frame;
                continue;
            }
            // Two periods of low voices at least: there is far to go.
            let Some((lag, alike)) = best_lag(&self.pcm, max / 2, max) else {
                return;
            };
            let saving = lag as f64;
            if saving > self.credit || (alike < PERIODIC && self.credit < 1.5 * frame) {
                return;
            }
            self.remove(lag, alike);
            self.credit -= saving;
            saved += lag;
        }
    }

    fn remove(&mut self, lag: usize, alike: f32) {
        shorten(&mut self.pcm, lag, alike);
        self.marks.drain(lag..2 * lag);
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
