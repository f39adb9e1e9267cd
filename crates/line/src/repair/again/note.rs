//! The note in an RTP header extension.
//!
//! ```text
//! ahead u16 (tenths of a millisecond) | first u16 | bits, 0 … 12 bytes
//! ```
//!
//! `first` is the sequence number of the first missing packet; bit i (the lowest of each byte
//! first) stands for packet `first` + 1 + i. Without anything missing `first` is left out.

use str0m::rtp::{ExtensionSerializer, ExtensionValues, RtpPacket};

use crate::connect::sdp::audio_lines;

/// Name of the extension.
pub const URI: &str = "urn:x-visavis:line-note";
/// Units a second of `ahead`.
const UNITS: f64 = 10_000.0;
/// An element of one byte's header holds so much (RFC 8285, 4.2).
const MAX_BYTES: usize = 16;
const BITS: usize = 8 * (MAX_BYTES - 4);

/// Packets that are missing: the first, and which of the [`Missing::REACH`] after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    pub first: u16,
    bits: u128,
}

impl Missing {
    /// Packets after the first that can be named.
    pub const REACH: u64 = BITS as u64;

    pub fn new(first: u64) -> Self {
        Missing {
            first: first as u16,
            bits: 0,
        }
    }

    /// Name also the packet `after` (1 … [`Missing::REACH`]) the first; farther ones must wait.
    pub fn add(&mut self, after: u64) {
        if (1..=Self::REACH).contains(&after) {
            self.bits |= 1 << (after - 1);
        }
    }

    /// Low 16 bits of the sequence numbers.
    pub fn seqs(self) -> impl Iterator<Item = u16> {
        let after = (0..BITS as u16).filter(move |i| self.bits >> i & 1 == 1);
        std::iter::once(self.first).chain(after.map(move |i| self.first.wrapping_add(1 + i)))
    }
}

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Note {
    /// How long before its time the packet was sent, seconds (0 … 6.5).
    pub ahead: f64,
    pub missing: Option<Missing>,
}

impl Note {
    /// What a packet says; nothing if it has no note.
    pub fn of(packet: &RtpPacket) -> Note {
        let note = packet.header.ext_vals.user_values.get::<Note>();
        note.copied().unwrap_or_default()
    }

    /// Write it into `out` (at least 16 bytes); how many bytes, 0 if there is nothing to say.
    pub fn write(&self, out: &mut [u8]) -> usize {
        let ahead = (self.ahead * UNITS).round().clamp(0.0, f64::from(u16::MAX)) as u16;
        if (ahead == 0 && self.missing.is_none()) || out.len() < MAX_BYTES {
            return 0;
        }
        out[..2].copy_from_slice(&ahead.to_be_bytes());
        let Some(missing) = self.missing else {
            return 2;
        };
        out[2..4].copy_from_slice(&missing.first.to_be_bytes());
        let bytes = (128 - missing.bits.leading_zeros() as usize).div_ceil(8);
        out[4..4 + bytes].copy_from_slice(&missing.bits.to_le_bytes()[..bytes]);
        4 + bytes
    }

    /// `None` if these bytes are no note.
    pub fn parse(bytes: &[u8]) -> Option<Note> {
        let (ahead, rest) = bytes.split_first_chunk::<2>()?;
        let missing = match rest {
            [] => None,
            [high, low, named @ ..] if named.len() <= BITS / 8 => {
                let mut bits = [0; 16];
                bits[..named.len()].copy_from_slice(named);
                Some(Missing {
                    first: u16::from_be_bytes([*high, *low]),
                    bits: u128::from_le_bytes(bits),
                })
            }
            _ => return None,
        };
        Some(Note {
            ahead: f64::from(u16::from_be_bytes(*ahead)) / UNITS,
            missing,
        })
    }
}

/// Does whoever wrote this SDP read notes beside audio?
pub fn reads_notes(sdp: &str) -> bool {
    audio_lines(sdp)
        .any(|line| line.starts_with("a=extmap:") && line.split_whitespace().nth(1) == Some(URI))
}

/// Reads and writes notes for str0m.
#[derive(Debug)]
pub struct Notes;

impl ExtensionSerializer for Notes {
    fn write_to(&self, out: &mut [u8], values: &ExtensionValues) -> usize {
        let note = values.user_values.get::<Note>();
        note.map_or(0, |note| note.write(out))
    }

    fn parse_value(&self, bytes: &[u8], values: &mut ExtensionValues) -> bool {
        let note = Note::parse(bytes);
        let known = note.is_some();
        if let Some(note) = note {
            values.user_values.set(note);
        }
        known
    }

    fn is_video(&self) -> bool {
        false
    }

    fn is_audio(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(ahead in 0u16.., first: u16,
            after in prop::collection::btree_set(1..=Missing::REACH, 0..96), lost: bool) {
            let mut missing = Missing::new(u64::from(first));
            after.iter().for_each(|after| missing.add(*after));
            let note = Note {
                ahead: f64::from(ahead) / UNITS,
                missing: lost.then_some(missing),
            };
            let mut bytes = [0; MAX_BYTES];
            let n = note.write(&mut bytes);
            prop_assert_eq!(n == 0, note == Note::default());
            if n > 0 {
                prop_assert_eq!(Note::parse(&bytes[..n]), Some(note));
            }
            let seqs: Vec<u16> = missing.seqs().collect();
            let expected: Vec<u16> = std::iter::once(first)
                .chain(after.iter().map(|a| first.wrapping_add(*a as u16)))
                .collect();
            prop_assert_eq!(seqs, expected);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let note = Note::parse(&bytes);
            prop_assert_eq!(note.is_some(), bytes.len() == 2 || (4..=16).contains(&bytes.len()));
        }
    }
}
