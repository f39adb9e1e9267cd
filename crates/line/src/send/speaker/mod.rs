//! What is played: queued replies cut into 20 ms frames, with gain, flush and an account of what
//! has been sent and heard.
//!
//! A frame holds samples of one reply only. Nothing is encoded while there is nothing to say:
//! after speech come [`TAIL_FRAMES`] frames of silence, so that the far decoder winds down on
//! real packets, then [`Outcome::Silent`].

mod account;
mod change;
mod early;
mod gain;
mod progress;

use std::collections::VecDeque;

use crate::opus::FRAME_TICKS;
use account::{Account, Sent};
use early::Early;
use gain::Gain;
use progress::Reports;

pub use progress::Progress;

/// Frames of silence sent after speech (200 ms).
pub const TAIL_FRAMES: u32 = 10;
/// A clause's last partial frame waits so long for more samples before it is padded.
const PARTIAL_WAIT: u32 = 1;

/// What to do with the frame that [`Speaker::next`] filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Encode and send.
    Speech,
    /// Encode and send: silence after speech, the n-th such frame from 1.
    Tail(u32),
    /// It was sent before its time; send nothing.
    Sent,
    /// Send nothing.
    Silent,
}

/// The queue has no room for all of it; what did not fit was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull {
    pub dropped: usize,
}

#[derive(Debug)]
struct Run {
    reply: i64,
    /// Samples of it in `Speaker::pcm`, all before those of later runs.
    queued: usize,
    sent: u64,
    finished: bool,
    waited: u32,
}

/// One call's outgoing speech.
pub struct Speaker {
    frame: usize,
    rate: u32,
    room: usize,
    pcm: VecDeque<i16>,
    runs: VecDeque<Run>,
    /// Highest reply number a flush has cut, or that is done: more of it is not played.
    closed: Option<i64>,
    gain: Gain,
    /// Samples of the front run until it is silent, once flushed.
    fading: Option<usize>,
    tail: u32,
    next_rtp: u64,
    reports: Reports,
    account: Account,
    early: Early,
}

impl Speaker {
    /// `play_rate` samples a second (a multiple of 50); at most `max_queue_s` seconds wait.
    pub fn new(play_rate: u32, max_queue_s: f64) -> Self {
        Self {
            frame: (play_rate / 50).max(1) as usize,
            rate: play_rate.max(50),
            room: (max_queue_s.clamp(0.0, 3600.0) * f64::from(play_rate)) as usize,
            pcm: VecDeque::new(),
            runs: VecDeque::new(),
            closed: None,
            gain: Gain::default(),
            fading: None,
            tail: TAIL_FRAMES,
            next_rtp: 0,
            reports: Reports::default(),
            account: Account::default(),
            early: Early::default(),
        }
    }

    /// Start the timeline at this RTP timestamp (before the first frame).
    pub fn start_rtp(&mut self, rtp: u64) {
        self.next_rtp = rtp;
    }

    /// Is any speech waiting to be sent?
    pub fn speaking(&self) -> bool {
        !self.pcm.is_empty()
    }

    /// Has the silence after the last speech been sent?
    pub fn quiet(&self) -> bool {
        self.tail >= TAIL_FRAMES
    }

    /// Seconds of speech waiting.
    pub fn queued_s(&self) -> f64 {
        self.pcm.len() as f64 / f64::from(self.rate)
    }

    /// Queue speech of `reply`. Numbers grow: speech of a reply that is done, flushed, or older
    /// than the newest is ignored.
    pub fn play(&mut self, reply: i64, pcm: &[i16]) -> Result<(), QueueFull> {
        let Some(at) = self.open(reply) else {
            return Ok(());
        };
        let fits = pcm.len().min(self.room.saturating_sub(self.pcm.len()));
        self.pcm.extend(&pcm[..fits]);
        self.runs[at].queued += fits;
        self.runs[at].waited = 0;
        match pcm.len() - fits {
            0 => Ok(()),
            dropped => Err(QueueFull { dropped }),
        }
    }

    /// No more will be queued for `reply`.
    pub fn finish(&mut self, reply: i64) {
        if let Some(run) = self.runs.iter_mut().find(|r| r.reply == reply) {
            run.finished = true;
        } else if let Some(at) = self.open(reply) {
            self.runs[at].finished = true;
        }
        self.retire();
    }

    /// The run that more of `reply` belongs to: the newest, or a new one.
    fn open(&mut self, reply: i64) -> Option<usize> {
        if self.closed.is_some_and(|closed| reply <= closed) {
            return None;
        }
        if let Some(last) = self.runs.back() {
            if last.reply == reply {
                return (!last.finished).then(|| self.runs.len() - 1);
            }
            if reply < last.reply {
                return None;
            }
        }
        let run = Run {
            reply,
            queued: 0,
            sent: 0,
            finished: false,
            waited: 0,
        };
        self.runs.push_back(run);
        Some(self.runs.len() - 1)
    }

    /// Report and drop runs at the front that are finished and wholly sent.
    fn retire(&mut self) {
        while self
            .runs
            .front()
            .is_some_and(|r| r.finished && r.queued == 0)
        {
            let Some(run) = self.runs.pop_front() else {
                return;
            };
            self.closed = Some(run.reply).max(self.closed);
            self.reports.push(Progress {
                reply: run.reply,
                samples: run.sent,
                done: true,
            });
            self.account.end(run.reply);
            if self.fading.is_some() {
                self.ungain();
            }
        }
    }

    /// Fill the next 20 ms. Call once a tick, always: the RTP timeline follows the calls.
    pub fn next(&mut self, out: &mut [i16]) -> Outcome {
        out.fill(0);
        let rtp = self.next_rtp;
        self.next_rtp = rtp.wrapping_add(FRAME_TICKS);
        let sent = self.early.due();
        let frame = self.frame.min(out.len());
        let n = self.take(&mut out[..frame]);
        if n == 0 {
            // A duck or its release goes on in silence, so that a reply starts where it should.
            self.gain.pass(frame);
            self.tail = (self.tail + 1).min(TAIL_FRAMES + 1);
            return if self.tail <= TAIL_FRAMES {
                Outcome::Tail(self.tail)
            } else {
                Outcome::Silent
            };
        }
        self.tail = 0;
        self.gain.apply(&mut out[..n]);
        if let Some(left) = &mut self.fading {
            *left = left.saturating_sub(n);
        }
        let Some(run) = self.runs.front_mut() else {
            return Outcome::Speech; // unreachable: `take` took from it
        };
        let start = run.sent;
        run.sent += n as u64;
        let progress = Progress {
            reply: run.reply,
            samples: run.sent,
            done: false,
        };
        self.account.sent(Sent {
            rtp,
            reply: run.reply,
            start,
            len: n as u32,
            last: false,
        });
        if run.finished && run.queued == 0 {
            self.retire();
        } else {
            self.reports.push(progress);
        }
        if sent {
            Outcome::Sent
        } else {
            Outcome::Speech
        }
    }

    /// Move up to a frame of the front run into `out`.
    fn take(&mut self, out: &mut [i16]) -> usize {
        let newer = self.runs.len() > 1;
        let Some(run) = self.runs.front_mut() else {
            return 0;
        };
        let mut n = run.queued.min(out.len());
        if n < out.len() && !run.finished && !newer && run.waited < PARTIAL_WAIT {
            run.waited += 1;
            n = 0;
        }
        if n > 0 {
            for (to, from) in out.iter_mut().zip(self.pcm.drain(..n)) {
                *to = from;
            }
            run.queued -= n;
            run.waited = 0;
        } else if newer && run.queued == 0 {
            // A newer reply waits behind one that was never finished: that one is over.
            run.finished = true;
            self.retire();
            return self.take(out);
        }
        n
    }

    /// Take the oldest unread progress report.
    pub fn pop_progress(&mut self) -> Option<Progress> {
        self.reports.pop()
    }

    /// RTP timestamp of the frame that the last `next` filled.
    pub fn rtp(&self) -> u64 {
        self.next_rtp.wrapping_sub(FRAME_TICKS)
    }

    /// What the far end has heard once it has played up to `rtp` (32 bits, exclusive) of ours:
    /// (reply, samples of it, done). None before the first speech or beyond the history.
    pub fn heard(&self, rtp: u32) -> Option<(i64, u64, bool)> {
        let behind = (self.next_rtp as u32).wrapping_sub(rtp);
        if behind > 1 << 31 {
            return None; // in the future
        }
        let rtp = self.next_rtp.wrapping_sub(u64::from(behind));
        self.account.heard(rtp, self.rate)
    }
}
