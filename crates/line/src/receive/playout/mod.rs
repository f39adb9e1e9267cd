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

mod pace;
mod samples;
mod spurt;

use crate::opus::{Frame, Mark, OpusError};
use crate::receive::stream::{Came, Stream};
use crate::report::BufferStats;

const FRAME_S: f64 = 0.02;
/// How far the slack may be above the wait before talk is shortened.
const SPARE_S: f64 = 0.003;
/// Below this peak the talk had ended when packets stopped.
const QUIET_PEAK: u16 = 128;
/// Samples are brought up from a break, and down to it, in so many seconds.
const FADE_S: f64 = 0.005;

/// An answer to what is asked for takes a round trip and so much more: a tick at each end and the
/// next packet there. It is waited for so long at most, seconds.
const ANSWER_S: f64 = 0.08;
const MOST_AGAIN_S: f64 = 0.3;

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
    /// What is missing comes again so long after it was missed, seconds; 0 if it does not.
    again_s: f64,
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
            again_s: 0.0,
        })
    }

    /// What comes from now on is another stream (another SSRC).
    pub fn expect_another(&mut self) {
        self.stream.expect_another();
    }

    /// Take a packet that arrived at `now`. `seq` and `rtp` are extended by the caller.
    pub fn push(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        self.push_ahead(now, 0.0, seq, rtp, payload);
    }

    /// Take one that was sent `ahead` seconds before its time.
    pub fn push_ahead(&mut self, now: f64, ahead: f64, seq: u64, rtp: u64, payload: &[u8]) {
        if (self.stream).push(now, seq, rtp, payload, Came::Itself { ahead }) {
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
        self.stream.push(now, seq, rtp, payload, Came::Copy);
    }

    /// Take a packet that was sent again, with the number it had.
    pub fn push_again(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        self.stream.push(now, seq, rtp, payload, Came::Again);
    }

    /// What is missed is asked for; a round trip takes `rtt` seconds.
    pub fn asks(&mut self, rtt: f64) {
        self.again_s = (rtt + ANSWER_S).min(MOST_AGAIN_S);
    }

    /// Packets before this number are of no use any more.
    pub fn past(&self) -> u64 {
        self.stream.past()
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
        Mark::of_most(share)
    }
}
