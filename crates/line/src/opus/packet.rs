//! What a packet says of itself, without a decoder (RFC 6716, section 3).

use opusic_sys as sys;

use super::{check, OpusError, INVALID_PACKET, MAX_PACKET, RTP_RATE};

/// Samples that `packet` decodes to at `rate`; at most 120 ms. Err for what is no Opus packet.
pub fn packet_samples(packet: &[u8], rate: u32) -> Result<usize, OpusError> {
    if packet.is_empty() || packet.len() > MAX_PACKET {
        return Err(INVALID_PACKET);
    }
    // SAFETY: pointer and length describe `packet`, which is not empty.
    let n = check(unsafe {
        sys::opus_packet_get_nb_samples(packet.as_ptr(), packet.len() as i32, rate as i32)
    })?;
    if n == 0 {
        return Err(INVALID_PACKET);
    }
    Ok(n)
}

/// Samples of one Opus frame of `packet` (a packet holds one or more): what in-band FEC covers.
pub fn frame_samples(packet: &[u8], rate: u32) -> Result<usize, OpusError> {
    packet_samples(packet, rate)?;
    // SAFETY: reads the first byte only; packet_samples has refused an empty packet.
    check(unsafe { sys::opus_packet_get_samples_per_frame(packet.as_ptr(), rate as i32) })
}

/// Does `packet` carry in-band FEC (LBRR) of the frame before it?
pub fn has_lbrr(packet: &[u8]) -> bool {
    // libopus checks the whole packet's structure in packet_samples and in the parse here.
    packet_samples(packet, RTP_RATE).is_ok()
        // SAFETY: pointer and length describe `packet`, which is not empty.
        && unsafe { sys::opus_packet_has_lbrr(packet.as_ptr(), packet.len() as i32) } == 1
}

/// Is `packet` one of discontinuous transmission, which says only that nothing is said? (Its frames
/// are empty or of one byte: RFC 6716, 2.1.9 and 3.2.1.)
pub fn says_nothing(packet: &[u8]) -> bool {
    packet.len() <= 2
}

/// Does `packet` have padding, where deep redundancy travels? (A code 3 packet with its
/// padding bit set: RFC 6716, 3.2.5.)
pub fn is_padded(packet: &[u8]) -> bool {
    packet.len() >= 2 && packet[0] & 3 == 3 && packet[1] & 0x40 != 0
}

/// Cut the padding of a packet, and with it deep redundancy. What is no Opus is left alone.
pub fn strip_padding(packet: &mut Vec<u8>) {
    if !is_padded(packet) || packet.len() > MAX_PACKET {
        return;
    }
    // SAFETY: pointer and length describe `packet`; libopus checks its structure and writes
    // within it.
    let kept = unsafe { sys::opus_packet_unpad(packet.as_mut_ptr(), packet.len() as i32) };
    if let Ok(kept) = check(kept) {
        packet.truncate(kept);
    }
}
