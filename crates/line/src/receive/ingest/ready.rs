//! How much can be handed up now, and what is still waited for.

use super::keeper::later;
use super::{Ingest, REACH_TICKS, TRIES};
use crate::opus::{FRAME_TICKS, RTP_RATE};
use crate::receive::queue::Packet;
use crate::receive::stream::{covered_by_fec, Stream};
use crate::repair::backlog::awaited::Standing;

/// Beyond this much queued audio a hole is not waited for.
const MAX_HELD_TICKS: u64 = RTP_RATE as u64;
/// Frames handed up in one tick at most, also when there may be a backlog of many seconds.
const FRAMES_A_TICK: usize = 4;
const BACKLOG_A_TICK: usize = 10;
/// Frames that one `ready` promises at most.
const MAX_READY: usize = 100;
const FRAME_S: f64 = 0.02;
/// Repairs come no more if none did for so long, seconds; deep redundancy likewise.
const REPAIRS_END_S: f64 = 1.0;
const DEEP_ENDS_S: f64 = 1.0;

impl Ingest {
    /// Frames to be pulled in one tick at most: what catches up must not starve other calls.
    pub fn frames_a_tick(&self) -> usize {
        match self.keeper {
            Some(_) => BACKLOG_A_TICK,
            None => FRAMES_A_TICK,
        }
    }

    /// Is a hole of `lost` ticks before `packet` to be waited for no longer?
    fn given_up(&self, now: f64, packet: &Packet, lost: u64) -> bool {
        let (at, covered) = self.repairs;
        let repairs = if now - at < REPAIRS_END_S {
            covered
        } else {
            0.0
        };
        let patience = if self.in_vain.0 < TRIES {
            self.patience
        } else {
            0.0
        };
        // What redundancy rebuilds need not come again. Where deep redundancy is sent not every packet
        // has some, but then there is little in them.
        let deep = now - self.deep_at < DEEP_ENDS_S;
        let asked = if deep || covered_by_fec(&packet.payload, lost) {
            0.0
        } else {
            self.asked
        };
        now - packet.arrived >= patience.max(repairs).max(asked)
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
        let mut have = s.ticks(self.output.len());
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
                if !self.given_up(now, packet, lost) {
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
}
