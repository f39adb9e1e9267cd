//! What was sent lately, for a far end that may ask for it again.

use std::collections::VecDeque;

use super::note::Missing;
use crate::opus::{strip_padding, MAX_PACKET};
use crate::repair::red::MAX_LENGTH;

/// Packets kept: 2.5 s of those of 20 ms.
const KEPT: usize = 128;
/// Sent once more no sooner than a round trip and so much after the last time, seconds: the far
/// end sees it and says so in a packet of its own.
const SPARE_S: f64 = 0.03;
/// Times one packet is sent again at most.
const MOST: u32 = 20;

struct Kept {
    seq: u64,
    rtp: u64,
    /// When it was last sent, seconds, and how often again.
    at: f64,
    times: u32,
    wanted: bool,
    /// As it stands in a block: RTP timestamp, Opus packet without its padding.
    body: Vec<u8>,
}

/// A packet to be sent again.
#[derive(Debug, PartialEq, Eq)]
pub struct Again<'a> {
    pub seq: u64,
    pub body: &'a [u8],
}

/// The last packets, the newest last; their buffers are reused.
#[derive(Default)]
pub struct Sent {
    kept: VecDeque<Kept>,
    wanted: usize,
    pool: Vec<Vec<u8>>,
}

impl Sent {
    /// Packet `seq` of RTP time `rtp` is sent at `now` for the first time.
    pub fn keep(&mut self, now: f64, seq: u64, rtp: u64, packet: &[u8]) {
        if self.kept.len() == KEPT {
            let oldest = self.kept.pop_front();
            oldest.into_iter().for_each(|kept| self.forget(kept));
        }
        let mut body = self
            .pool
            .pop()
            .unwrap_or_else(|| Vec::with_capacity(MAX_PACKET));
        body.clear();
        body.extend_from_slice(packet);
        // Deep redundancy travels as padding; what is sent again can do without.
        strip_padding(&mut body);
        body.splice(..0, (rtp as u32).to_be_bytes());
        self.kept.push_back(Kept {
            seq,
            rtp,
            at: now,
            times: 0,
            wanted: false,
            body,
        });
    }

    fn forget(&mut self, kept: Kept) {
        self.wanted -= usize::from(kept.wanted);
        self.pool.push(kept.body);
    }

    /// What was sent for RTP time `rtp` and after is void.
    pub fn cut(&mut self, rtp: u64) {
        while let Some(kept) = self.kept.pop_back() {
            if kept.rtp < rtp {
                self.kept.push_back(kept);
                return;
            }
            self.forget(kept);
        }
    }

    /// The far end lacks these; a round trip takes `rtt` seconds.
    pub fn asked(&mut self, now: f64, rtt: f64, missing: Missing) {
        for low in missing.seqs() {
            // Numbers rise; so far back at most as there are packets.
            let found = self.kept.iter_mut().find(|kept| kept.seq as u16 == low);
            let Some(kept) = found else { continue };
            let due = kept.times == 0 || now - kept.at >= rtt + SPARE_S;
            let fits = kept.body.len() <= MAX_LENGTH;
            if due && fits && !kept.wanted && kept.times < MOST {
                kept.wanted = true;
                self.wanted += 1;
            }
        }
    }

    /// Is anything to be sent again?
    pub fn wanted(&self) -> bool {
        self.wanted > 0
    }

    /// The oldest that is to be sent again, in a packet at `now` with `room` bytes left.
    pub fn next(&mut self, now: f64, room: usize) -> Option<Again<'_>> {
        if self.wanted == 0 {
            return None;
        }
        let kept = self.kept.iter_mut().find(|kept| kept.wanted)?;
        if kept.body.len() > room {
            return None;
        }
        (kept.at, kept.wanted) = (now, false);
        kept.times += 1;
        self.wanted -= 1;
        Some(Again {
            seq: kept.seq,
            body: &kept.body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> Sent {
        let mut sent = Sent::default();
        for seq in 1..=10 {
            sent.keep(seq as f64, 0xffff + seq, seq * 960, &[8, seq as u8]);
        }
        sent
    }

    fn missing(first: u64, after: &[u64]) -> Missing {
        let mut missing = Missing::new(first);
        after.iter().for_each(|after| missing.add(*after));
        missing
    }

    fn taken(sent: &mut Sent, now: f64, room: usize) -> Vec<u64> {
        std::iter::from_fn(|| sent.next(now, room).map(|again| again.seq - 0xffff)).collect()
    }

    #[test]
    fn what_is_asked_for_comes_once_a_round_trip_the_oldest_first() {
        let mut sent = sent();
        // Numbers of 16 bits: 0xffff is not kept.
        sent.asked(11.0, 0.1, missing(0xffff, &[4, 2]));
        assert!(sent.wanted());
        assert_eq!(taken(&mut sent, 11.0, 100), [2, 4]);
        sent.asked(11.1, 0.1, missing(0xffff, &[4, 2]));
        assert!(!sent.wanted() && taken(&mut sent, 11.1, 100).is_empty());
        sent.asked(11.14, 0.1, missing(4 - 1, &[]));
        assert_eq!(taken(&mut sent, 11.14, 100), [4]);
    }

    #[test]
    fn what_has_no_room_waits() {
        let mut sent = sent();
        sent.asked(11.0, 0.1, missing(0, &[]));
        assert!(taken(&mut sent, 11.0, 5).is_empty() && sent.wanted());
        let again = sent.next(11.0, 6).unwrap();
        assert_eq!(
            (again.seq, again.body),
            (0x10000, &[0, 0, 3, 0xc0, 8, 1][..])
        );
    }

    #[test]
    fn what_is_void_or_long_gone_does_not_come() {
        let mut sent = sent();
        sent.asked(11.0, 0.1, missing(4, &[1, 2, 3]));
        sent.cut(7 * 960);
        assert_eq!(taken(&mut sent, 11.0, 100), [5, 6]);
        for seq in 11..200 {
            sent.keep(12.0, 0xffff + seq, seq * 960, &[8]);
        }
        assert_eq!(sent.kept.len(), KEPT);
        sent.asked(13.0, 0.1, missing(5, &[]));
        assert!(!sent.wanted());
    }
}
