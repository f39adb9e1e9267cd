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
//!
//! A far end that keeps what it sends ([`Ingest::keeps`], see `backlog`) is asked for what is lost
//! beyond repair, and waited for. While its link is out, and until the answer is here, `AWAITED`
//! frames keep time: they stand for no samples, so that `position` and `rtp` stay in step, and
//! what was said is handed up in its place. What is received after it queues meanwhile.

use std::collections::VecDeque;

use crate::opus::{Frame, Mark, OpusError, FRAME_TICKS, RTP_RATE};
use crate::receive::queue::Packet;
use crate::receive::stream::{Next, Stream};
use crate::repair::backlog::awaited::{Awaited, Standing};
use crate::repair::backlog::presence::Presence;
use crate::repair::backlog::{Missing, Resent, KEPT_S};
use crate::report::BufferStats;

/// Longest stretch of late packets that is still handed up, and of silence that is spelled out.
const REACH_TICKS: u64 = 2 * RTP_RATE as u64;
/// Beyond this much queued audio a hole is not waited for.
const MAX_HELD_TICKS: u64 = RTP_RATE as u64;
/// Frames handed up in one tick at most, also when there may be a backlog of many seconds.
const FRAMES_A_TICK: usize = 4;
const BACKLOG_A_TICK: usize = 10;
/// Frames that one `ready` promises at most.
const MAX_READY: usize = 100;
const FRAME_S: f64 = 0.02;
/// Below this peak the stream was silent when it stopped, and nothing is waited for.
const QUIET_PEAK: u16 = 128;
/// Packets lost in a row that are asked for; fewer are for redundancy to repair.
const MIN_LOST: u64 = 4;
/// How long reordered packets and copies are waited for before, seconds.
const ASK_AFTER_S: f64 = 0.03;
/// Packets between two numbers of one stream, at most.
const MAX_APART: u64 = 4000;
/// While repairs come, a hole is waited for until they cover it no more, at most so long.
const MAX_REPAIR_PATIENCE_S: f64 = 0.3;
/// Repairs come no more if none did for so long, seconds.
const REPAIRS_END_S: f64 = 1.0;
/// Packets in the queue up to which resent ones join them.
const FEED: usize = 200;

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

/// Samples of one origin, waiting in the output.
#[derive(Clone, Copy, Debug)]
struct Piece {
    rtp: u64,
    len: usize,
    mark: Mark,
}

/// What concerns a far end that keeps what it sends.
#[derive(Default)]
struct Keeper {
    presence: Presence,
    awaited: Awaited,
    /// When time was last kept by an `AWAITED` frame.
    kept_time_at: f64,
}

/// See the module.
pub struct Ingest {
    stream: Stream,
    frame: usize,
    patience: f64,
    stall_patience: f64,
    /// When a repair last came, and what it covers, seconds.
    repairs: (f64, f64),
    pcm: VecDeque<i16>,
    pieces: VecDeque<Piece>,
    /// RTP time up to which frames, also provisional ones, have been handed up.
    high: u64,
    next_position: i64,
    /// A position and its RTP time.
    anchor: (i64, u64),
    quiet: bool,
    keeper: Option<Box<Keeper>>,
}

impl Ingest {
    /// `rate`: 8000, 12000, 16000, 24000 or 48000 samples a second.
    pub fn new(rate: u32, options: IngestOptions) -> Result<Self, OpusError> {
        let mut ingest = Self {
            stream: Stream::new(rate)?,
            frame: rate as usize / 50,
            patience: 0.0,
            repairs: (f64::NEG_INFINITY, 0.0),
            stall_patience: options.stall_patience,
            pcm: VecDeque::with_capacity(rate as usize / 4),
            pieces: VecDeque::with_capacity(64),
            high: 0,
            next_position: 0,
            anchor: (0, 0),
            quiet: true,
            keeper: None,
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

    /// From now on the far end keeps what it sends, and can be asked for it.
    pub fn keeps(&mut self) {
        self.keeper.get_or_insert_default();
    }

    /// Frames to be pulled in one tick at most: what catches up must not starve other calls.
    pub fn frames_a_tick(&self) -> usize {
        match self.keeper {
            Some(_) => BACKLOG_A_TICK,
            None => FRAMES_A_TICK,
        }
    }

    /// Any datagram of the far end came at `now`; `push` follows if it was speech.
    pub fn heard(&mut self, now: f64) {
        if let Some(keeper) = &mut self.keeper {
            keeper.presence.heard(now);
        }
    }

    /// Does the far end's microphone send nothing, although its link is there?
    pub fn mute(&self) -> bool {
        self.keeper.as_ref().is_some_and(|k| k.presence.mute())
    }

    /// What comes from now on is another stream (another SSRC).
    pub fn expect_another(&mut self) {
        self.stream.expect_another();
    }

    /// Take a packet that arrived at `now`. `seq` and `rtp` are extended by the caller.
    pub fn push(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        let s = &self.stream;
        let before = (s.cursor, s.floor, s.last_seq());
        let taken = s.stats.received;
        let goes_on = self.goes_on(seq, rtp);
        if self.stream.push(now, seq, rtp, payload, false) {
            if goes_on {
                // The link held everything up; what it lost meanwhile can be asked for.
                self.stream.resume(before.0, before.1, before.2);
            } else {
                self.anchor = (self.next_position + self.pcm.len() as i64, rtp);
                self.high = rtp;
                if let Some(keeper) = &mut self.keeper {
                    keeper.awaited.clear();
                    keeper.presence.restart(rtp);
                }
            }
        }
        if let Some(keeper) = &mut self.keeper {
            if self.stream.stats.received > taken {
                keeper.presence.speech(now, rtp, payload);
            }
        }
        self.rewind();
    }

    /// Would a packet with these numbers be of the same stream, whatever its delay?
    fn goes_on(&self, seq: u64, rtp: u64) -> bool {
        let s = &self.stream;
        self.keeper.is_some()
            && s.goes_on()
            && (1..=MAX_APART).contains(&seq.saturating_sub(s.last_seq()))
            && rtp >= s.floor
            && rtp - s.floor <= KEPT_S as u64 * u64::from(RTP_RATE)
    }

    /// What the far end is to be asked for now, if anything. Call it every tick, until `None`,
    /// before `ready`. `rtt`: seconds of a round trip.
    pub fn missing(&mut self, now: f64, rtt: f64) -> Option<Missing> {
        self.keeper.as_ref()?;
        let floor = self.stream.floor;
        let hole = self.hole_to_ask(now);
        let front = self.stream.queue.front().map(|p| p.rtp);
        let keeper = self.keeper.as_mut()?;
        keeper.awaited.pass(now, keeper.presence.up(now), rtt);
        keeper.awaited.done(floor);
        if let Some((from, to)) = hole {
            if front == Some(to) && self.stream.recoverable(to - from) {
                keeper.awaited.asked_to = to;
            } else {
                keeper.awaited.ask(from, to);
            }
        }
        keeper.awaited.next_missing()
    }

    /// The first hole that is to be asked for and was not.
    fn hole_to_ask(&self, now: f64) -> Option<(u64, u64)> {
        let s = &self.stream;
        let (mut cursor, mut last_seq) = (s.cursor, s.last_seq());
        for packet in s.queue.iter().filter(|p| p.end() > s.cursor) {
            if self.to_be_asked(last_seq, cursor, packet) {
                let waited = now - packet.arrived >= ASK_AFTER_S.min(self.patience);
                return waited.then_some((cursor, packet.rtp));
            }
            (cursor, last_seq) = (packet.end().max(cursor), later(last_seq, packet.seq));
        }
        None
    }

    fn to_be_asked(&self, last_seq: u64, cursor: u64, packet: &Packet) -> bool {
        let asked_to = self.keeper.as_ref().map(|k| k.awaited.asked_to);
        asked_to.is_some_and(|to| cursor >= to)
            && packet.rtp > cursor
            && Stream::missing_before(last_seq, packet) >= MIN_LOST
    }

    /// Take an answer to what was asked for.
    pub fn resent(&mut self, now: f64, resent: &Resent<'_>) {
        if let Some(keeper) = &mut self.keeper {
            keeper.awaited.receive(resent);
        }
        self.feed(now);
    }

    /// Let packets that were sent again join the others, as far as there is room.
    fn feed(&mut self, now: f64) {
        let Some(keeper) = &mut self.keeper else {
            return;
        };
        while self.stream.queue.len() < FEED {
            let Some(again) = keeper.awaited.pop() else {
                return;
            };
            self.stream.push_again(now, again.rtp, &again.payload);
        }
    }

    /// How it stands with the gap before `packet`, if the far end was asked for it or will be.
    fn standing(&self, last_seq: u64, cursor: u64, packet: &Packet) -> Option<Standing> {
        let keeper = self.keeper.as_ref()?;
        if packet.rtp <= cursor {
            return None;
        }
        let waited = self
            .to_be_asked(last_seq, cursor, packet)
            .then_some(Standing::Waited);
        keeper.awaited.standing(cursor).or(waited)
    }

    /// Take a redundant copy (RED) of a packet; used only if the original has not come.
    pub fn push_redundant(&mut self, now: f64, seq: u64, rtp: u64, payload: &[u8]) {
        self.stream.push(now, seq, rtp, payload, true);
        self.rewind();
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

    /// Is a hole before a packet that came at `arrived` to be waited for no longer?
    fn given_up(&self, now: f64, arrived: f64) -> bool {
        let (at, covered) = self.repairs;
        let repairs = if now - at < REPAIRS_END_S {
            covered
        } else {
            0.0
        };
        now - arrived >= self.patience.max(repairs)
            || self.stream.queue.span(self.stream.cursor) > MAX_HELD_TICKS
    }

    /// When the frame at RTP time `rtp` is overdue if nothing is known.
    fn overdue(&self, rtp: u64) -> f64 {
        let arrivals = &self.stream.arrivals;
        let slack = FRAME_S + (4.0 * arrivals.jitter()).min(0.1);
        let patience = match (&self.keeper, self.quiet) {
            (_, true) => 0.0,
            // Frames that keep time until it is sent again stand for no samples.
            (Some(_), _) => self.patience,
            (None, _) => self.stall_patience,
        };
        // A queue that builds up on the way makes every packet late, and none missing.
        let expected = arrivals.expected_now(rtp).unwrap_or(f64::INFINITY);
        expected + slack + patience
    }

    /// How many frames can be pulled now. Pull so many (at most [`Ingest::frames_a_tick`]
    /// are enough to catch up with any burst); a pull beyond them gives up what is still waited for,
    /// unless the far end was asked for it.
    pub fn ready(&self, now: f64) -> usize {
        let s = &self.stream;
        if !s.started() {
            return 0;
        }
        let mut have = s.ticks(self.pcm.len());
        let (mut cursor, mut last_seq) = (s.cursor, s.last_seq());
        for packet in s.queue.iter().filter(|p| p.end() > s.cursor) {
            let (silent, lost) = match self.standing(last_seq, cursor, packet) {
                Some(Standing::Waited) => return self.or_awaited(now, have),
                Some(Standing::Answered) => (packet.rtp - cursor, 0),
                Some(Standing::GivenUp) | None => Stream::split_gap(last_seq, cursor, packet),
            };
            let silent = silent.saturating_sub(self.stood_for(cursor));
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
            (cursor, last_seq) = (packet.end().max(cursor), later(last_seq, packet.seq));
        }
        let overdue = now - self.overdue(cursor);
        if overdue >= 0.0 {
            if self.cut_off(now) {
                return self.or_awaited(now, have);
            }
            have += FRAME_TICKS * ((overdue / FRAME_S).min(MAX_READY as f64) as u64 + 1);
        }
        self.whole(have)
    }

    fn whole(&self, ticks: u64) -> usize {
        ((ticks / FRAME_TICKS) as usize).min(MAX_READY)
    }

    /// The frames at hand, or one that keeps time while there are none.
    fn or_awaited(&self, now: f64, ticks: u64) -> usize {
        let kept_time_at = self.keeper.as_ref().map_or(now, |k| k.kept_time_at);
        let due = now - kept_time_at > 0.9 * FRAME_S;
        self.whole(ticks).max(usize::from(due))
    }

    /// Is the far end's link out, as far as can be known?
    fn cut_off(&self, now: f64) -> bool {
        let keeper = self.keeper.as_ref();
        keeper.is_some_and(|k| k.presence.cut_off(now))
    }

    /// Ticks after `cursor` that provisional frames stand for, which are not handed up again if
    /// it turns out that nothing was sent in them.
    fn stood_for(&self, cursor: u64) -> u64 {
        match self.keeper {
            Some(_) => self.high.saturating_sub(cursor),
            None => 0,
        }
    }

    /// Is what lies at the cursor on its way, so that nothing may be made of it yet?
    fn on_its_way(&mut self, now: f64) -> bool {
        if self.keeper.is_none() {
            return false;
        }
        self.feed(now);
        match self.stream.next() {
            Next::Here => false,
            Next::Empty => self.cut_off(now),
            Next::Silent(_) | Next::Hole(_) => self.front_standing() == Some(Standing::Waited),
        }
    }

    fn front_standing(&self) -> Option<Standing> {
        let s = &self.stream;
        self.standing(s.last_seq(), s.cursor, s.queue.front()?)
    }

    /// Hand up the next 20 ms. Before the first packet: a `MISSING` frame at position 0 that
    /// does not count.
    pub fn pull(&mut self, now: f64, out: &mut [i16]) -> Frame {
        out.fill(0);
        let mark = Mark::Missing;
        if !self.stream.started() {
            return self.no_samples(0, mark);
        }
        while self.pcm.len() < self.frame {
            if self.on_its_way(now) {
                if let Some(keeper) = &mut self.keeper {
                    keeper.kept_time_at = now;
                }
                return self.no_samples(self.stream.cursor, Mark::Awaited);
            }
            self.make();
        }
        let frame = self.emit(out);
        self.next_position = frame.position + self.frame as i64;
        match frame.mark {
            Mark::Recovered => self.stream.stats.recovered += 1,
            Mark::Concealed => self.stream.stats.concealed += 1,
            Mark::Received | Mark::Missing | Mark::Awaited => {}
        }
        frame
    }

    fn no_samples(&self, rtp: u64, mark: Mark) -> Frame {
        Frame {
            position: self.next_position,
            rtp,
            mark,
        }
    }

    /// Make some more samples, or go over time for which none are needed.
    fn make(&mut self) {
        let wanted = self.stream.ticks(self.frame - self.pcm.len());
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
                let len = pcm.len();
                self.pcm.extend(pcm);
                self.pieces.push_back(Piece { rtp, len, mark });
            }
            Next::Silent(gap) if stood_for > 0 => self.stream.skip(gap.min(stood_for)),
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

/// The later of two sequence numbers, where the first may be "none yet". A packet that was sent
/// again has number 0.
fn later(last_seq: u64, seq: u64) -> u64 {
    if last_seq == u64::MAX {
        seq
    } else {
        last_seq.max(seq)
    }
}
