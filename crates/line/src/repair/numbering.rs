//! Which sequence number had the packet that a RED block copies?
//!
//! A copy comes with a timestamp only. A number is needed to tell what is lost from what was never
//! sent: time between two packets with successive numbers is silence. The packets known on both
//! sides of the copy bound its number; between the bounds it is counted back from the packet
//! after it, as if there were no silence between the two. That is exact where a single packet is
//! missing, where the copy touches a known packet, and where the silence lies before the copy.

use std::collections::VecDeque;

/// Packets remembered: 341 ms of them, even of 5 ms each.
const MEMORY: usize = 72;

#[derive(Clone, Copy, Debug)]
struct Known {
    seq: u64,
    rtp: u64,
    end: u64,
    /// It came as a copy, and its number was inferred.
    inferred: bool,
}

/// The packets of one stream that came lately, in order of RTP time.
pub struct Numbering {
    known: VecDeque<Known>,
}

impl Default for Numbering {
    fn default() -> Self {
        Self {
            known: VecDeque::with_capacity(MEMORY + 1),
        }
    }
}

impl Numbering {
    /// Another stream begins.
    pub fn clear(&mut self) {
        self.known.clear();
    }

    /// A packet came. `seq` and `rtp` are extended; it lasts `ticks`.
    pub fn received(&mut self, seq: u64, rtp: u64, ticks: u64) {
        let mut at = self.known.partition_point(|k| k.rtp < rtp);
        // What was inferred gives way to what is known.
        while self
            .known
            .get(at)
            .is_some_and(|k| k.rtp == rtp || (k.inferred && k.seq <= seq))
        {
            self.known.remove(at);
        }
        while at > 0 && self.known[at - 1].inferred && self.known[at - 1].seq >= seq {
            at -= 1;
            self.known.remove(at);
        }
        let before = at.checked_sub(1).map(|at| self.known[at].seq);
        let after = self.known.get(at).map(|k| k.seq);
        if before.is_some_and(|before| before >= seq) || after.is_some_and(|after| after <= seq) {
            // Its timestamps have jumped.
            self.known.clear();
        }
        self.insert(Known {
            seq,
            rtp,
            end: rtp.saturating_add(ticks),
            inferred: false,
        });
    }

    fn insert(&mut self, packet: Known) {
        let at = self.known.partition_point(|k| k.rtp < packet.rtp);
        self.known.insert(at, packet);
        if self.known.len() > MEMORY {
            self.known.pop_front();
        }
    }

    /// The number of a packet of `ticks` at `rtp`, of which a copy came. None if nothing is
    /// missing there. Tell of the packet that carried it by [`Numbering::received`] first.
    pub fn infer(&mut self, rtp: u64, ticks: u64) -> Option<u64> {
        let end = rtp.checked_add(ticks)?;
        let at = self.known.partition_point(|k| k.rtp < rtp);
        let after = *self.known.get(at)?;
        if end > after.rtp || ticks == 0 {
            return None; // known, or across what is known
        }
        let last = after.seq.checked_sub(1)?;
        let counted = last.saturating_sub((after.rtp - end) / ticks);
        let seq = match at.checked_sub(1).map(|at| self.known[at]) {
            None => counted,
            Some(before) => {
                let first = before.seq.saturating_add(1);
                let most = first.saturating_add(rtp.checked_sub(before.end)? / ticks);
                if first > last {
                    return None; // no packet is missing between them
                }
                counted.clamp(first, last.min(most))
            }
        };
        self.insert(Known {
            seq,
            rtp,
            end,
            inferred: true,
        });
        Some(seq)
    }
}
