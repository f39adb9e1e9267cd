//! What travels beside a packet, for those before it: copies of them, repairs, and what was asked
//! for again.

use str0m::media::Pt;

use crate::opus::{says_nothing, MAX_PACKET};
use crate::repair::again::{self, Sent};
use crate::repair::fec;
use crate::repair::red::{Block, History, COPY_HEADER, MAX_OTHERS};
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
    /// Bodies of what is sent again, one after the other.
    again: Vec<u8>,
    copied: u64,
    repairs: u64,
}

/// What stands beside one packet.
pub struct Beside<'a> {
    pub plan: &'a SendPlan,
    pub types: PayloadTypes,
    /// Distances of copies; fewer than the plan's where there is time to ask for what is lost.
    pub copies: &'a [u32],
    pub sent: Option<&'a mut Sent>,
}

impl Default for Protection {
    fn default() -> Self {
        Protection {
            history: History::default(),
            fec: fec::Encoder::default(),
            red: Vec::with_capacity(MAX_PACKET),
            again: Vec::new(),
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

    /// Nothing that was sent until now goes with what follows.
    pub fn cut(&mut self) {
        self.history.clear();
        self.fec.clear();
    }

    /// The payload, and its type, of packet `seq` of RTP time `rtp`, sent at `now`, with what goes
    /// `beside` it; `None` if it goes alone.
    pub fn protect(
        &mut self,
        now: f64,
        beside: Beside<'_>,
        seq: u64,
        rtp: u64,
        primary: &[u8],
    ) -> Option<(Pt, &[u8])> {
        let Beside { plan, types, .. } = beside;
        let rate = (plan.repair_window, plan.repair_every);
        let repairs = types.repairs && types.red.is_some() && plan.repair_every > 0;
        let repair = repairs
            .then(|| self.fec.repair(seq, primary, rate, MAX_RED))
            .flatten();
        let mut others = [Block::default(); MAX_OTHERS];
        let mut count = 0;
        let mut size = 1 + primary.len();
        if let Some((offset, payload)) = repair {
            others[0] = Block {
                pt: fec::PT,
                offset,
                payload,
            };
            count = 1;
            size += COPY_HEADER + payload.len();
            self.repairs += 1;
        }
        self.again.clear();
        let mut lengths = [(0, 0); MAX_OTHERS];
        let mut agains = 0;
        if let (Some(sent), Some(_)) = (beside.sent, types.red) {
            while count + agains < MAX_OTHERS {
                let room = MAX_RED.saturating_sub(size + COPY_HEADER);
                let Some(again) = sent.next(now, room) else {
                    break;
                };
                size += COPY_HEADER + again.body.len();
                self.again.extend_from_slice(again.body);
                lengths[agains] = (seq - again.seq, again.body.len());
                agains += 1;
            }
        }
        let mut bodies = &self.again[..];
        for (offset, length) in &lengths[..agains] {
            let (payload, rest) = bodies.split_at(*length);
            bodies = rest;
            others[count] = Block {
                pt: again::PT,
                offset: *offset,
                payload,
            };
            count += 1;
        }
        let block = Block {
            pt: *types.opus,
            offset: 0,
            payload: primary,
        };
        let copies = if says_nothing(primary) {
            &[]
        } else {
            beside.copies
        };
        let others = &others[..count];
        let red = types.red.filter(|_| {
            self.history
                .write(rtp, block, copies, others, MAX_RED, &mut self.red)
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
