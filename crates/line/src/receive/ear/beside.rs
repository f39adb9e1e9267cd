//! What comes beside a packet, for those before it: copies, repairs, packets sent again.

use super::{Buffer, Ear};
use crate::receive::queue::ticks_of;
use crate::repair::again;
use crate::repair::fec::{self, Recovered};
use crate::repair::red::{Block, Red, MAX_BLOCKS};

impl Ear {
    /// The repair in packet `seq`, if there is one.
    pub(super) fn push_repair(&mut self, now: f64, seq: u64, red: Red<'_>) {
        let Some(repair) = red.copies().find(|block| block.pt == fec::PT) else {
            return;
        };
        self.repairs += 1;
        // Of what came before the first repair nothing was remembered.
        let begin = || Box::new(fec::Decoder::new(seq));
        let decoder = self.fec.get_or_insert_with(begin);
        decoder.repair(seq, repair.offset, repair.payload);
        self.push_repaired(now);
        if let (Buffer::Ingest(buffer), Ok(ticks)) =
            (&mut self.buffer, ticks_of(red.primary().payload))
        {
            buffer.expect_repairs(now, repair.offset.saturating_mul(ticks));
        }
    }

    /// What repairs have solved.
    pub(super) fn push_repaired(&mut self, now: f64) {
        let Some(decoder) = &mut self.fec else {
            return;
        };
        while let Some(Recovered { seq, rtp, payload }) = decoder.recovered() {
            self.repaired += 1;
            if let Some(holes) = &mut self.holes {
                holes.came_unasked(now, seq);
            }
            self.buffer.push_redundant(now, seq, rtp, payload);
        }
    }

    /// The copies beside a primary of RTP time `rtp`, the oldest first.
    pub(super) fn push_copies(&mut self, now: f64, rtp: u64, red: Red<'_>) {
        let mut copies = [Block::default(); MAX_BLOCKS];
        let mut count = 0;
        let opus = |block: &Block<'_>| block.pt == red.primary().pt && block.offset > 0;
        for (slot, block) in copies.iter_mut().zip(red.copies().filter(opus)) {
            *slot = block;
            count += 1;
        }
        let copies = &mut copies[..count];
        copies.sort_unstable_by_key(|block| std::cmp::Reverse(block.offset));
        for block in copies {
            let (Ok(ticks), Some(rtp)) = (ticks_of(block.payload), rtp.checked_sub(block.offset))
            else {
                continue;
            };
            let Some(seq) = self.numbering.infer(rtp, ticks) else {
                continue;
            };
            if let Some(holes) = &mut self.holes {
                holes.came_unasked(now, seq);
            }
            self.buffer.push_redundant(now, seq, rtp, block.payload);
        }
    }

    /// What was sent again beside packet `seq` of RTP time `rtp`.
    pub(super) fn push_again(&mut self, now: f64, seq: u64, rtp: u64, red: Red<'_>) {
        for block in red.copies().filter(|block| block.pt == again::PT) {
            let (Some(seq), Some((stamp, packet))) =
                (seq.checked_sub(block.offset), again::parse(block.payload))
            else {
                self.malformed += 1;
                continue;
            };
            let rtp = rtp.wrapping_add_signed(i64::from(stamp.wrapping_sub(rtp as u32) as i32));
            if let Some(holes) = &mut self.holes {
                holes.fill(seq);
            }
            match &mut self.buffer {
                Buffer::Ingest(buffer) => buffer.push_again(now, seq, rtp, packet),
                Buffer::Playout(buffer) => buffer.push_again(now, seq, rtp, packet),
            }
        }
    }

    /// What the far end is to be asked for in the next packet.
    pub fn lacks(&mut self, now: f64, rtt_s: f64) -> Option<again::Missing> {
        let holes = self.holes.as_mut()?;
        let past = match &mut self.buffer {
            Buffer::Ingest(buffer) => {
                buffer.asks(rtt_s);
                buffer.past()
            }
            Buffer::Playout(buffer) => {
                buffer.asks(rtt_s);
                buffer.past()
            }
        };
        holes.missing(now, past)
    }
}
