//! One incoming Opus stream: packets in any order become samples in order. `ingest` and `playout`
//! decide *when*; how what is lost is repaired is in `sound`.

mod sound;

use crate::opus::{Decoder, OpusError, FRAME_TICKS, RTP_RATE};
use crate::receive::arrivals::{Arrivals, Verdict};
use crate::receive::queue::{ticks_of, Offer, Packet, Queue};
use crate::report::BufferStats;

pub use sound::{covered_by_fec, fade, BRIDGE_TICKS};

/// Bits of an extended sequence number or timestamp that a caller can have got honestly.
const EXTENDED_MAX: u64 = 1 << 48;

/// How a packet came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Came {
    /// Itself, sent so many seconds before its time.
    Itself { ahead: f64 },
    /// As a copy, whose number is inferred.
    Copy,
    /// Sent again, with its number.
    Again,
}

/// What lies at the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// No packet is known.
    Empty,
    /// A packet to decode.
    Here,
    /// The sender sent nothing for so many ticks.
    Silent(u64),
    /// So many ticks are lost, or late, before the next packet.
    Hole(u64),
}

/// Decoder, queue and statistics of one stream.
pub struct Stream {
    rate: u32,
    decoder: Decoder,
    pub queue: Queue,
    pub arrivals: Arrivals,
    pub stats: BufferStats,
    started: bool,
    /// RTP time of the next sample to make.
    pub cursor: u64,
    /// Packets that end before this are late: what came after them has been made.
    pub floor: u64,
    last_seq: u64,
    /// Greatest number that has come.
    highest: u64,
    /// Up to here rescues have taught what wait they need, RTP time.
    rescued: u64,
    /// The next packet begins a stream, whatever its numbers.
    fresh: bool,
    concealed_run: u64,
    scratch: Vec<i16>,
}

impl Stream {
    pub fn new(rate: u32) -> Result<Self, OpusError> {
        let decoder = Decoder::new(rate)?;
        let scratch = vec![0; decoder.max_samples()];
        Ok(Self {
            rate,
            decoder,
            queue: Queue::default(),
            arrivals: Arrivals::default(),
            stats: BufferStats::default(),
            started: false,
            cursor: 0,
            floor: 0,
            last_seq: 0,
            highest: 0,
            rescued: 0,
            fresh: false,
            concealed_run: 0,
            scratch,
        })
    }

    pub fn started(&self) -> bool {
        self.started
    }

    /// Has it started, and is no other one expected?
    pub fn goes_on(&self) -> bool {
        self.started && !self.fresh
    }

    pub fn ticks(&self, samples: usize) -> u64 {
        samples as u64 * u64::from(RTP_RATE / self.rate)
    }

    pub fn samples(&self, ticks: u64) -> usize {
        (ticks / u64::from(RTP_RATE / self.rate)) as usize
    }

    /// What comes from now on is another stream (another SSRC): its numbers and its clock have
    /// nothing to do with those before, however near they are.
    pub fn expect_another(&mut self) {
        self.fresh = self.started;
    }

    /// Take a packet; true if it began a stream (the first, or a restarted one).
    pub fn push(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8], came: Came) -> bool {
        let ticks = match ticks_of(payload) {
            Ok(ticks) if seq < EXTENDED_MAX && rtp < EXTENDED_MAX && now.is_finite() => ticks,
            _ => {
                self.stats.rejected += 1;
                return false;
            }
        };
        let Came::Itself { ahead } = came else {
            // Copies say nothing about the network's delay, and never start a stream. One that
            // stands for a lost packet says what wait would be enough.
            let expected = self.arrivals.expected(rtp);
            let near = expected.is_some_and(|expected| (expected - now).abs() < 2.5);
            if self.goes_on() && near {
                if !self.queue.copied(seq) {
                    self.arrivals.rescued(now, rtp);
                }
                self.enqueue(now, seq, rtp, ticks, payload, came);
            }
            return false;
        };
        if std::mem::take(&mut self.fresh) {
            self.queue.clear();
            self.arrivals.restart();
            self.started = false;
        }
        if self.queue.seen(seq) {
            self.stats.duplicates += 1;
            return false;
        }
        let verdict = self
            .arrivals
            .judge(now, ahead, rtp, !self.queue.has_copy(seq));
        self.stats.jitter = self.arrivals.jitter();
        if verdict == Verdict::Far {
            self.stats.rejected += 1;
            return false;
        }
        self.stats.received += 1;
        let begins = !self.started || verdict == Verdict::Restart;
        if begins {
            self.queue.clear();
            self.queue.seen(seq);
            self.started = true;
            (self.cursor, self.floor) = (rtp, rtp);
            self.last_seq = seq.wrapping_sub(1);
            self.highest = seq;
            self.rescued = rtp;
            self.concealed_run = 0;
            if self.decoder.reset().is_err() {
                self.stats.rejected += 1; // libopus never refuses a reset
            }
        }
        self.stats.reordered += u64::from(seq < self.highest);
        self.highest = self.highest.max(seq);
        self.enqueue(now, seq, rtp, ticks, payload, came);
        begins
    }

    /// Take a packet that the far end sent again. It carries no number.
    pub fn push_again(&mut self, now: f64, rtp: u64, payload: &[u8]) {
        if let Ok(ticks) = ticks_of(payload) {
            self.enqueue(now, 0, rtp, ticks, payload, Came::Copy);
        }
    }

    /// Take back that a packet began a stream: it goes on from here.
    pub fn resume(&mut self, cursor: u64, floor: u64, last_seq: u64) {
        (self.cursor, self.floor, self.last_seq) = (cursor, floor, last_seq);
    }

    fn enqueue(&mut self, now: f64, seq: u64, rtp: u64, ticks: u64, payload: &[u8], came: Came) {
        let redundant = !matches!(came, Came::Itself { .. });
        let packet = Packet {
            seq,
            rtp,
            ticks,
            arrived: now,
            redundant,
            numbered: came != Came::Copy,
            payload: Vec::new(),
        };
        let offer = self.queue.offer(packet, payload, self.floor);
        if !redundant {
            match offer {
                Offer::Queued => {}
                Offer::Duplicate => self.stats.duplicates += 1,
                Offer::Void => {}
                Offer::Late => self.stats.late += 1,
                Offer::Refused => self.stats.rejected += 1,
            }
        }
    }

    /// Packets missing between what was made last and `packet`, given the last one's number.
    pub fn missing_before(last_seq: u64, packet: &Packet) -> u64 {
        packet
            .seq
            .saturating_sub(last_seq.wrapping_add(1))
            .min(1000)
    }

    /// Packets before this number are of no use any more.
    pub fn past(&self) -> u64 {
        self.last_seq.wrapping_add(1)
    }

    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Split the gap from `cursor` to `packet` into (silent ticks, lost ticks after them).
    pub fn split_gap(last_seq: u64, cursor: u64, packet: &Packet) -> (u64, u64) {
        let gap = packet.rtp.saturating_sub(cursor);
        let lost = Self::missing_before(last_seq, packet)
            .saturating_mul(packet.ticks)
            .min(gap);
        (gap - lost, lost)
    }

    /// Drop what is wholly behind the cursor and say what lies at it.
    pub fn next(&mut self) -> Next {
        while let Some(packet) = self.queue.front() {
            if packet.end() > self.cursor {
                return match Self::split_gap(self.last_seq, self.cursor, packet) {
                    (0, 0) => Next::Here,
                    (0, lost) => Next::Hole(lost),
                    (silent, _) => Next::Silent(silent),
                };
            }
            if let Some(packet) = self.queue.pop() {
                self.leave(packet);
            }
        }
        Next::Empty
    }

    fn leave(&mut self, packet: Packet) {
        if packet.seq > self.last_seq || self.last_seq == u64::MAX {
            // What came and was void is not lost.
            let void = std::mem::take(&mut self.queue.voided);
            self.stats.lost += Self::missing_before(self.last_seq, &packet).saturating_sub(void);
            if packet.redundant {
                self.stats.lost += 1; // its original never came
            }
            self.last_seq = packet.seq;
        }
        self.queue.recycle(packet);
    }

    /// Go over `ticks` in which nothing was sent.
    pub fn skip(&mut self, ticks: u64) {
        self.cursor += ticks;
        self.floor = self.floor.max(self.cursor);
    }

    /// Drop the packet at the cursor unheard.
    pub fn discard(&mut self) {
        if let Some(packet) = self.queue.pop() {
            self.cursor = self.cursor.max(packet.end());
            self.floor = self.floor.max(self.cursor);
            self.leave(packet);
        }
    }

    /// Redundancy in the next packet covers the `lost` ticks before it: that is worth waiting for,
    /// by each frame of it.
    pub fn note_rescue(&mut self, lost: u64) {
        let Some(arrived) = self.queue.front().map(|packet| packet.arrived) else {
            return;
        };
        let end = self.cursor + lost;
        while self.rescued.max(self.cursor) < end {
            let rtp = self.rescued.max(self.cursor);
            self.arrivals.rescued(arrived, rtp);
            self.rescued = rtp + FRAME_TICKS;
        }
    }
}
