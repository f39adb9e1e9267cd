//! What travels beside a packet, for those before it: copies of them, and repairs.

use str0m::media::Pt;

use crate::opus::{says_nothing, MAX_PACKET};
use crate::repair::fec;
use crate::repair::red::{Block, History};
use crate::seam::plan::SendPlan;
use crate::send::outgoing::PayloadTypes;

/// Bytes of a payload with copies, so that a datagram of 1200 bytes has room for the RTP header,
/// its extensions and SRTP's tag.
const MAX_RED: usize = 1120;

/// What was sent lately, and how often of it something was sent again.
pub struct Protection {
    history: History,
    fec: fec::Encoder,
    red: Vec<u8>,
    copied: u64,
    repairs: u64,
}

impl Default for Protection {
    fn default() -> Self {
        Protection {
            history: History::default(),
            fec: fec::Encoder::default(),
            red: Vec::with_capacity(MAX_PACKET),
            copied: 0,
            repairs: 0,
        }
    }
}

impl Protection {
    /// Packets sent as RED: with copies of earlier ones, or a repair.
    pub fn copied(&self) -> u64 {
        self.copied
    }

    /// Repairs sent.
    pub fn repairs(&self) -> u64 {
        self.repairs
    }

    /// The payload, and its type, of packet `seq` of RTP time `rtp` with what `plan` wants beside
    /// it; `None` if it goes alone.
    pub fn protect(
        &mut self,
        plan: &SendPlan,
        types: PayloadTypes,
        seq: u64,
        rtp: u64,
        primary: &[u8],
    ) -> Option<(Pt, &[u8])> {
        let rate = (plan.repair_window, plan.repair_every);
        let repairs = types.repairs && types.red.is_some() && plan.repair_every > 0;
        let repair = repairs
            .then(|| self.fec.repair(seq, primary, rate, MAX_RED))
            .flatten();
        let repair = repair.map(|(offset, payload)| Block {
            pt: fec::PT,
            offset,
            payload,
        });
        self.repairs += u64::from(repair.is_some());
        let block = Block {
            pt: *types.opus,
            offset: 0,
            payload: primary,
        };
        let copies = if says_nothing(primary) {
            &[]
        } else {
            &plan.red[..]
        };
        let red = types.red.filter(|_| {
            self.history
                .write(rtp, block, copies, repair, MAX_RED, &mut self.red)
        });
        self.history.keep(rtp, primary);
        if repairs {
            self.fec.keep(rtp, primary);
        } else {
            self.fec.clear();
        }
        self.copied += u64::from(red.is_some());
        Some((red?, &self.red))
    }
}
