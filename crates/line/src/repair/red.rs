//! RED (RFC 2198): copies of earlier packets travel beside the one that is sent.
//!
//! A payload is a row of headers and a row of bodies, in the same order. A copy's header has four
//! bytes: a set bit, its payload type (7 bits), how many RTP ticks it is older than the primary
//! (14 bits: at most 341 ms of Opus), its length (10 bits). The primary's header is one byte, a
//! clear bit and its payload type; its body is the rest.

use std::collections::VecDeque;
use std::fmt;

use crate::opus::{says_nothing, strip_padding, MAX_PACKET};

/// Greatest age of a copy, RTP ticks (341 ms at 48 kHz).
pub const MAX_OFFSET: u64 = 0x3fff;
/// Longest copy, bytes.
pub const MAX_LENGTH: usize = 0x3ff;
/// Copies in one packet that are read; a stranger could put hundreds of empty ones in.
pub const MAX_BLOCKS: usize = 32;
/// Farthest packet back that a plan may copy: 17 packets of 20 ms are 340 ms.
pub const MAX_DISTANCE: u32 = 17;
/// Copies that a plan may ask for in one packet.
pub const MAX_COPIES: usize = 4;
/// Blocks of other kinds beside one primary: a repair, and packets sent again.
pub const MAX_OTHERS: usize = 9;

/// Bytes of a copy's header.
pub const COPY_HEADER: usize = 4;
const MORE: u8 = 0x80;

/// Why a payload is not RED.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedError {
    /// A header or a body ends after the packet.
    Truncated,
    /// More than [`MAX_BLOCKS`] copies.
    TooManyBlocks,
    /// Nothing is left for the primary.
    NoPrimary,
}

impl fmt::Display for RedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RedError::Truncated => "a RED block ends after its packet",
            RedError::TooManyBlocks => "a RED packet has more than 32 copies",
            RedError::NoPrimary => "a RED packet has no primary block",
        })
    }
}

impl std::error::Error for RedError {}

/// One block: the primary, or a copy of an earlier packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block<'a> {
    pub pt: u8,
    /// RTP ticks before the primary; of a repair see `fec`.
    pub offset: u64,
    pub payload: &'a [u8],
}

/// A payload whose lengths have all been checked.
#[derive(Clone, Copy, Debug)]
pub struct Red<'a> {
    primary: Block<'a>,
    headers: &'a [u8],
    bodies: &'a [u8],
}

/// Check a RED payload.
pub fn parse(payload: &[u8]) -> Result<Red<'_>, RedError> {
    let mut at = 0;
    let mut copied = 0;
    let pt = loop {
        match payload.get(at) {
            None => return Err(RedError::Truncated),
            Some(first) if first & MORE == 0 => break *first,
            Some(_) if at == MAX_BLOCKS * COPY_HEADER => return Err(RedError::TooManyBlocks),
            Some(_) => {
                let header = payload.get(at..at + COPY_HEADER);
                copied += length(header.ok_or(RedError::Truncated)?);
                at += COPY_HEADER;
            }
        }
    };
    let (headers, rest) = payload.split_at(at);
    let bodies = &rest[1..];
    if bodies.len() < copied {
        return Err(RedError::Truncated);
    }
    let (bodies, primary) = bodies.split_at(copied);
    if primary.is_empty() {
        return Err(RedError::NoPrimary);
    }
    let primary = Block {
        pt,
        offset: 0,
        payload: primary,
    };
    Ok(Red {
        primary,
        headers,
        bodies,
    })
}

fn length(header: &[u8]) -> usize {
    usize::from(header[2] & 3) << 8 | usize::from(header[3])
}

impl<'a> Red<'a> {
    pub fn primary(&self) -> Block<'a> {
        self.primary
    }

    /// The copies, in the sender's order (usually the oldest first); at most [`MAX_BLOCKS`].
    pub fn copies(&self) -> impl Iterator<Item = Block<'a>> {
        let mut bodies = self.bodies;
        self.headers.chunks_exact(COPY_HEADER).map(move |header| {
            let (payload, rest) = bodies.split_at(length(header));
            bodies = rest;
            Block {
                pt: header[0] & !MORE,
                offset: u64::from(header[1]) << 6 | u64::from(header[2]) >> 2,
                payload,
            }
        })
    }
}

/// The last packets sent, to be copied into later ones. Their buffers are reused.
#[derive(Default)]
pub struct History {
    /// The newest last.
    sent: VecDeque<(u64, Vec<u8>)>,
}

impl History {
    /// Remember a packet that was sent with this (extended) RTP timestamp.
    pub fn keep(&mut self, rtp: u64, packet: &[u8]) {
        let mut buffer = if self.sent.len() < MAX_DISTANCE as usize {
            Vec::with_capacity(MAX_PACKET)
        } else {
            self.sent.pop_front().unwrap_or_default().1
        };
        buffer.clear();
        // No copy is worth it of a packet that says nothing.
        if !says_nothing(packet) {
            buffer.extend_from_slice(packet);
            // Deep redundancy travels as padding. A copy of it would repeat, late, what later
            // packets carry themselves.
            strip_padding(&mut buffer);
        }
        self.sent.push_back((rtp, buffer));
    }

    /// Nothing that was sent until now is copied any more.
    pub fn clear(&mut self) {
        self.sent.clear();
    }

    /// The packet `distance` before the next one, if it can stand in RED beside `rtp`.
    fn copy(&self, distance: u32, rtp: u64) -> Option<(u64, &[u8])> {
        let at = self.sent.len().checked_sub(distance as usize)?;
        let (sent, packet) = self.sent.get(at)?;
        let offset = rtp.checked_sub(*sent)?;
        let fits = (1..=MAX_OFFSET).contains(&offset) && (1..=MAX_LENGTH).contains(&packet.len());
        fits.then_some((offset, packet))
    }

    /// Write `primary`, sent at `rtp`, and copies of the packets that lie `distances` (ascending)
    /// before it, the oldest first, into `out`. Where `room` bytes are not enough the farthest
    /// copies are left out. Between the copies and the primary come `others`, at most
    /// [`MAX_OTHERS`] blocks of other kinds, which must fit. False, and `out` empty, if there is
    /// nothing beside the primary.
    pub fn write(
        &self,
        rtp: u64,
        primary: Block<'_>,
        distances: &[u32],
        others: &[Block<'_>],
        room: usize,
        out: &mut Vec<u8>,
    ) -> bool {
        out.clear();
        let pt = primary.pt;
        // The nearest first.
        let mut chosen = [Block::default(); MAX_OTHERS + MAX_COPIES];
        let mut count = 0;
        let mut size = 1 + primary.payload.len();
        for block in others.iter().take(MAX_OTHERS) {
            chosen[count] = *block;
            count += 1;
            size += COPY_HEADER + block.payload.len();
        }
        for distance in distances.iter().take(MAX_COPIES) {
            let Some((offset, payload)) = self.copy(*distance, rtp) else {
                continue;
            };
            size += COPY_HEADER + payload.len();
            if size > room {
                break;
            }
            chosen[count] = Block {
                pt,
                offset,
                payload,
            };
            count += 1;
        }
        if count == 0 {
            return false;
        }
        for block in chosen[..count].iter().rev() {
            let (offset, length) = (block.offset as u16, block.payload.len() as u16);
            out.extend_from_slice(&[
                MORE | block.pt,
                (offset >> 6) as u8,
                ((offset & 0x3f) << 2 | length >> 8) as u8,
                length as u8,
            ]);
        }
        out.push(pt & !MORE);
        for block in chosen[..count].iter().rev() {
            out.extend_from_slice(block.payload);
        }
        out.extend_from_slice(primary.payload);
        true
    }
}
