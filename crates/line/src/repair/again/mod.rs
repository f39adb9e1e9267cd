//! Packets asked for again, and speech sent before its time, between our own ends.
//!
//! Both ride on packets that are sent anyway, so that nothing waits for a retransmission timer:
//! - a [`Note`] in an RTP header extension ([`URI`]) says how far before its time a packet was
//!   sent, and which packets of the other direction are missing. It is a state, not an event:
//!   said again in every packet until the hole is filled or past.
//! - what was asked for travels beside the next packets as blocks of RED of payload type [`PT`].
//!   The offset of such a block is no time: it is by how much its sequence number lies before
//!   that of the packet it travels in. The body is the RTP timestamp (32 bits, big endian) and
//!   the Opus packet.
//!
//! Speech that is made (a voice engine's, not a microphone's) may be sent before its time: the far
//! end plays it when it would have, and has so long to ask for what is lost. Should it be changed
//! meanwhile (ducked, cut), it is sent again under new numbers: **of two packets for the same time
//! the one sent later counts, and whatever was sent before a packet for a time after it is void**.
//!
//! A recogniser asks for a few packets in a row only: longer gaps are the backlog's.
//!
//! Both ends agree by naming the extension in offer and answer (RFC 8285).

mod holes;
mod note;
mod sent;

pub use holes::Holes;
pub use note::{reads_notes, Missing, Note, Notes, URI};
pub use sent::Sent;

/// Payload type of a RED block that is a packet sent again.
pub const PT: u8 = 125;
/// Bytes of an RTP timestamp before the packet in such a block.
pub const STAMP: usize = 4;

/// RTP timestamp and Opus packet of the body of such a block; `None` if it is too short.
pub fn parse(body: &[u8]) -> Option<(u32, &[u8])> {
    let (stamp, packet) = body.split_first_chunk::<STAMP>()?;
    (!packet.is_empty()).then(|| (u32::from_be_bytes(*stamp), packet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_a_timestamp_and_a_packet() {
        assert_eq!(parse(&[0, 0, 1, 2, 9, 8]), Some((258, &[9, 8][..])));
        assert!((0..=4).all(|n| parse(&[7; 5][..n]).is_none()));
    }
}
