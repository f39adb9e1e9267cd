//! The sender's side of sliding-window FEC: the last packets of a talk, combined into repairs.

use std::collections::VecDeque;

use super::{coefficients, gf256, write_symbol, MAX_WINDOW};
use crate::opus::{says_nothing, MAX_PACKET};
use crate::repair::red::{COPY_HEADER, MAX_LENGTH};

/// See the module. The buffers are reused.
#[derive(Default)]
pub struct Encoder {
    /// Symbols of the last packets, whose numbers follow each other; the newest last.
    symbols: VecDeque<Vec<u8>>,
    pool: Vec<Vec<u8>>,
    spare: Vec<u8>,
    repair: Vec<u8>,
    /// Packets since the last repair.
    since: u32,
}

impl Encoder {
    /// A packet was sent with this (extended) RTP timestamp, and the next number.
    pub fn keep(&mut self, rtp: u64, packet: &[u8]) {
        let mut symbol = if self.symbols.len() < MAX_WINDOW {
            let fresh = || Vec::with_capacity(MAX_PACKET);
            self.pool.pop().unwrap_or_else(fresh)
        } else {
            self.symbols.pop_front().unwrap_or_default()
        };
        if !says_nothing(packet) && write_symbol(rtp, packet, &mut self.spare, &mut symbol) {
            self.symbols.push_back(symbol);
            self.since += 1;
        } else {
            // A talk is over: what was said in it is of no use to what follows.
            self.pool.push(symbol);
            self.clear();
        }
    }

    /// Nothing that was sent until now is covered any more.
    pub fn clear(&mut self) {
        self.pool.extend(self.symbols.drain(..));
        self.since = 0;
    }

    /// The repair that is to travel in packet `seq` with `payload`, which is not kept yet: how
    /// many packets it covers (`window` at most), and its bytes, which leave the payload within
    /// `room`. One in `every` packets has one, and the one that ends a talk.
    pub fn repair(
        &mut self,
        seq: u64,
        payload: &[u8],
        (window, every): (u32, u32),
        room: usize,
    ) -> Option<(u64, &[u8])> {
        let due = self.since >= every || (says_nothing(payload) && self.since > 0);
        let covered = self.symbols.len().min(window as usize);
        if every == 0 || covered == 0 || !due {
            return None;
        }
        self.repair.clear();
        self.repair.reserve(MAX_LENGTH);
        for (symbol, by) in self
            .symbols
            .iter()
            .rev()
            .zip(coefficients(seq))
            .take(covered)
        {
            let length = self.repair.len().max(symbol.len());
            self.repair.resize(length, 0);
            gf256::add_scaled(&mut self.repair, symbol, by);
        }
        if 1 + COPY_HEADER + self.repair.len() + payload.len() > room {
            return None;
        }
        self.since = 0;
        Some((covered as u64, &self.repair))
    }
}
