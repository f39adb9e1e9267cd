//! Packets that have arrived and not been decoded yet, in order of RTP time.

use std::collections::VecDeque;

use crate::opus::{packet_samples, OpusError, MAX_PACKET, RTP_RATE};

/// Most packets that wait; at the usual 20 ms that is 8 s, at 2.5 ms one second.
const MAX_PACKETS: usize = 400;
/// Sequence numbers remembered to tell duplicates.
const SEEN: u64 = 1024;
/// Payload buffers kept for reuse; more are only made while a backlog waits.
const MAX_POOL: usize = 64;

/// A packet and when it came.
#[derive(Debug)]
pub struct Packet {
    pub seq: u64,
    pub rtp: u64,
    /// RTP ticks it lasts.
    pub ticks: u64,
    pub arrived: f64,
    /// It is a redundant copy, of which the original was lost.
    pub redundant: bool,
    /// Its number is what the sender gave it, not inferred.
    pub numbered: bool,
    pub payload: Vec<u8>,
}

impl Packet {
    pub fn end(&self) -> u64 {
        self.rtp + self.ticks
    }
}

/// What became of a packet offered to the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    Queued,
    Duplicate,
    /// Before the time that has been given up.
    Late,
    /// What was sent after it holds for its time.
    Void,
    /// No room, or no Opus.
    Refused,
}

/// Bounded, sorted by RTP time; payload buffers are reused.
pub struct Queue {
    packets: VecDeque<Packet>,
    pool: Vec<Vec<u8>>,
    seen: Vec<u64>,
    copied: Vec<u64>,
    /// Packets that came, became void, and were not taken into account yet.
    pub voided: u64,
}

/// Ticks that `payload` lasts, if it is Opus.
pub fn ticks_of(payload: &[u8]) -> Result<u64, OpusError> {
    packet_samples(payload, RTP_RATE).map(|n| n as u64)
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            packets: VecDeque::with_capacity(MAX_POOL),
            pool: Vec::with_capacity(MAX_POOL),
            seen: Vec::new(),
            copied: Vec::new(),
            voided: 0,
        }
    }
}

impl Queue {
    /// Has this packet itself come before? Remembers it.
    pub fn seen(&mut self, seq: u64) -> bool {
        remember(&mut self.seen, seq)
    }

    /// Has this packet, or a copy of it, come before? Remembers the copy.
    pub fn copied(&mut self, seq: u64) -> bool {
        remember(&mut self.copied, seq) || self.seen.get(slot(seq)) == Some(&seq)
    }

    /// Has a copy of this packet come before?
    pub fn has_copy(&self, seq: u64) -> bool {
        self.copied.get(slot(seq)) == Some(&seq)
    }

    /// Insert in order. `floor`: RTP time before which everything has been given up.
    pub fn offer(&mut self, mut packet: Packet, payload: &[u8], floor: u64) -> Offer {
        if payload.len() > MAX_PACKET || self.packets.len() >= MAX_PACKETS {
            return Offer::Refused;
        }
        let at = self.packets.partition_point(|p| p.rtp < packet.rtp);
        if packet.numbered {
            // Time goes back only where what was sent before is void (see `repair::again`).
            let later = |p: &Packet| p.numbered && p.seq > packet.seq;
            if at.checked_sub(1).is_some_and(|at| later(&self.packets[at])) {
                return Offer::Void;
            }
            let earlier = |p: &Packet| p.numbered && p.seq < packet.seq;
            while self.packets.get(at).is_some_and(earlier) {
                let void = self.packets.remove(at);
                void.into_iter().for_each(|void| self.recycle(void));
                self.voided += 1;
            }
        }
        if packet.end() <= floor {
            return Offer::Late;
        }
        if let Some(known) = self.packets.get_mut(at).filter(|p| p.rtp == packet.rtp) {
            if !known.redundant || packet.redundant {
                return Offer::Duplicate;
            }
            // The original came after its copy, and knows its number for certain.
            (known.seq, known.redundant) = (packet.seq, false);
            return Offer::Queued;
        }
        packet.payload = self
            .pool
            .pop()
            .unwrap_or_else(|| Vec::with_capacity(MAX_PACKET));
        packet.payload.clear();
        packet.payload.extend_from_slice(payload);
        self.packets.insert(at, packet);
        Offer::Queued
    }

    pub fn front(&self) -> Option<&Packet> {
        self.packets.front()
    }

    pub fn len(&self) -> usize {
        self.packets.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Packet> {
        self.packets.iter()
    }

    /// RTP ticks from `cursor` to the end of the last packet.
    pub fn span(&self, cursor: u64) -> u64 {
        self.packets
            .back()
            .map_or(0, |p| p.end().saturating_sub(cursor))
    }

    /// Take the first packet. Give it back by [`Queue::recycle`].
    pub fn pop(&mut self) -> Option<Packet> {
        self.packets.pop_front()
    }

    pub fn recycle(&mut self, packet: Packet) {
        if self.pool.len() < MAX_POOL {
            self.pool.push(packet.payload);
        }
    }

    pub fn clear(&mut self) {
        while let Some(packet) = self.packets.pop_front() {
            self.recycle(packet);
        }
        self.seen.fill(u64::MAX);
        self.copied.fill(u64::MAX);
    }
}

fn slot(seq: u64) -> usize {
    (seq % SEEN) as usize
}

/// Was `seq` remembered? It is now.
fn remember(ring: &mut Vec<u64>, seq: u64) -> bool {
    if ring.is_empty() {
        *ring = vec![u64::MAX; SEEN as usize];
    }
    std::mem::replace(&mut ring[slot(seq)], seq) == seq
}
