//! Sliding-window FEC between our own ends, in the manner of RLC (RFC 8681): a *repair* is a
//! linear combination over GF(2^8) of the last packets of a talk. As many lost packets as there
//! are repairs that cover them can be solved for, whichever they are.
//!
//! A repair travels beside the speech as a block of RED (RFC 2198) of payload type [`PT`], at most
//! one in a packet, only to a far end that said that it takes them ([`agree`]). The offset of that
//! block is no time: it is how many packets the repair covers, namely those whose sequence numbers
//! come just before that of the packet it travels in. That number also seeds the coefficients.
//!
//! What is combined of a packet is its *symbol*, as if zeros followed it for ever:
//!
//! ```text
//! length (10 bits) | RTP timestamp (low 22 bits) | the Opus packet without its padding
//! ```

pub mod agree;
mod decoder;
mod encoder;
mod gf256;

pub use decoder::{Decoder, Recovered};
pub use encoder::Encoder;

use crate::opus::{strip_padding, MAX_PACKET};
use crate::random::Random;
use crate::repair::red::MAX_LENGTH;

/// Payload type of a RED block that is a repair.
pub const PT: u8 = 126;
/// Most packets that one repair covers.
pub const MAX_WINDOW: usize = 32;

const SYMBOL_HEADER: usize = 4;
const LENGTH_SHIFT: u32 = 22;
const RTP_MASK: u32 = (1 << LENGTH_SHIFT) - 1;
/// Longest Opus packet that is covered: its symbol fits into a RED block.
const MAX_COVERED: usize = MAX_LENGTH - SYMBOL_HEADER;

/// Coefficients of the packets that the repair beside packet `seq` covers, the newest first; none
/// is 0.
fn coefficients(seq: u64) -> impl Iterator<Item = u8> {
    let mut random = Random::seeded(seq & 0xffff);
    std::iter::repeat_with(move || (random.next_u64() % 255) as u8 + 1)
}

/// Makes `symbol` that of a packet. False if it has none: it is too long, or empty.
fn write_symbol(rtp: u64, packet: &[u8], spare: &mut Vec<u8>, symbol: &mut Vec<u8>) -> bool {
    spare.clear();
    spare.reserve(MAX_PACKET);
    spare.extend_from_slice(packet);
    // Deep redundancy travels as padding; what is recovered can do without.
    strip_padding(spare);
    symbol.clear();
    if !(1..=MAX_COVERED).contains(&spare.len()) {
        return false;
    }
    let header = (spare.len() as u32) << LENGTH_SHIFT | rtp as u32 & RTP_MASK;
    symbol.extend_from_slice(&header.to_be_bytes());
    symbol.extend_from_slice(spare);
    true
}

/// Low 22 bits of the RTP timestamp, and the packet; `None` if the length is a lie.
fn read_symbol(symbol: &[u8]) -> Option<(u32, &[u8])> {
    let (header, rest) = symbol.split_first_chunk::<SYMBOL_HEADER>()?;
    let header = u32::from_be_bytes(*header);
    let packet = rest.get(..(header >> LENGTH_SHIFT) as usize)?;
    (!packet.is_empty()).then_some((header & RTP_MASK, packet))
}

/// The extended timestamp nearest to `near` that ends in the 22 bits `low`.
fn extend(low: u32, near: u64) -> u64 {
    let ahead = low.wrapping_sub(near as u32) & RTP_MASK;
    let back = near.checked_sub(u64::from(RTP_MASK - ahead) + 1);
    match back {
        Some(back) if ahead > RTP_MASK / 2 => back,
        _ => near + u64::from(ahead),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_extended_to_the_nearest() {
        for near in [5u64, 4_000_000, 1 << 32, (1 << 40) + 77] {
            for away in [-2_000_000i64, -1, 0, 1, 960, 2_000_000] {
                if let Some(rtp) = near.checked_add_signed(away) {
                    assert_eq!(extend(rtp as u32 & RTP_MASK, near), rtp);
                }
            }
        }
    }

    #[test]
    fn a_symbol_is_read_as_it_was_written() {
        let (mut spare, mut symbol) = (Vec::new(), Vec::new());
        for length in [1, 2, 200, MAX_COVERED] {
            let packet = vec![0x48; length];
            assert!(write_symbol(0xabc_def0, &packet, &mut spare, &mut symbol));
            assert_eq!(symbol.len(), length + 4);
            symbol.extend([0; 9]);
            assert_eq!(
                read_symbol(&symbol),
                Some((0xabc_def0 & RTP_MASK, &packet[..]))
            );
            symbol.truncate(length + 3);
            assert_eq!(read_symbol(&symbol), None);
        }
        for length in [0, MAX_COVERED + 1] {
            assert!(!write_symbol(
                0,
                &vec![0x48; length],
                &mut spare,
                &mut symbol
            ));
        }
        assert_eq!(read_symbol(&[0, 0, 0, 9, 1]), None);
    }
}
