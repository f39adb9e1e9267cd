//! A far end that keeps what it sends: what it is asked for, and whether that is waited for.

use super::Ingest;
use crate::opus::RTP_RATE;
use crate::receive::queue::Packet;
use crate::receive::stream::{Next, Stream};
use crate::repair::backlog::awaited::{Awaited, Standing};
use crate::repair::backlog::presence::Presence;
use crate::repair::backlog::{Missing, Resent, KEPT_S};

/// Packets lost in a row that are asked for; fewer are for redundancy to repair.
pub const MIN_LOST: u64 = 4;
/// How long reordered packets and copies are waited for before, seconds.
const ASK_AFTER_S: f64 = 0.03;
/// Packets between two numbers of one stream, at most.
const MAX_APART: u64 = 4000;
/// Packets in the queue up to which resent ones join them.
const FEED: usize = 200;

/// What concerns a far end that keeps what it sends.
#[derive(Default)]
pub struct Keeper {
    pub presence: Presence,
    pub awaited: Awaited,
    /// When time was last kept by an `AWAITED` frame.
    pub kept_time_at: f64,
}

impl Ingest {
    /// From now on the far end keeps what it sends, and can be asked for it.
    pub fn keeps(&mut self) {
        self.keeper.get_or_insert_default();
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

    /// Would a packet with these numbers be of the same stream, whatever its delay?
    pub(super) fn goes_on(&self, seq: u64, rtp: u64) -> bool {
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
    pub(super) fn standing(&self, last_seq: u64, cursor: u64, packet: &Packet) -> Option<Standing> {
        let keeper = self.keeper.as_ref()?;
        if packet.rtp <= cursor {
            return None;
        }
        let waited = self
            .to_be_asked(last_seq, cursor, packet)
            .then_some(Standing::Waited);
        keeper.awaited.standing(cursor).or(waited)
    }

    /// Is what lies at the cursor on its way, so that nothing may be made of it yet?
    pub(super) fn on_its_way(&mut self, now: f64) -> bool {
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

    pub(super) fn front_standing(&self) -> Option<Standing> {
        let s = &self.stream;
        self.standing(s.last_seq(), s.cursor, s.queue.front()?)
    }

    /// Is the far end's link out, as far as can be known?
    pub(super) fn cut_off(&self, now: f64) -> bool {
        let keeper = self.keeper.as_ref();
        keeper.is_some_and(|k| k.presence.cut_off(now))
    }

    /// Ticks after `cursor` that provisional frames stand for, which are not handed up again if
    /// it turns out that nothing was sent in them.
    pub(super) fn stood_for(&self, cursor: u64) -> u64 {
        match self.keeper {
            Some(_) => self.high.saturating_sub(cursor),
            None => 0,
        }
    }
}

/// The later of two sequence numbers, where the first may be "none yet". A packet that was sent
/// again has number 0.
pub(super) fn later(last_seq: u64, seq: u64) -> u64 {
    if last_seq == u64::MAX {
        seq
    } else {
        last_seq.max(seq)
    }
}
