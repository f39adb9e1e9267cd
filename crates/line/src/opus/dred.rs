//! Deep redundancy (DRED): very rough speech of up to a second that travels in a packet's padding.

use std::ptr::NonNull;

use opusic_sys as sys;

use super::{check, OpusError, MAX_PACKET};

/// The DRED parser's state, about 100 kB: made when a lost frame first asks for it.
pub(super) struct Dred {
    parser: NonNull<sys::OpusDREDDecoder>,
    pub parsed: NonNull<sys::OpusDRED>,
    /// Packet that `parsed` belongs to: parsing runs a network, so once a packet, also if it fails.
    of: Vec<u8>,
    /// Samples before that packet which its redundancy reaches back to, and where it ends.
    pub reach: usize,
    pub end: usize,
}

impl Dred {
    pub fn new() -> Result<Self, OpusError> {
        let mut error = 0;
        // SAFETY: plain constructors; null with an error on failure.
        let parser = NonNull::new(unsafe { sys::opus_dred_decoder_create(&mut error) })
            .ok_or(OpusError { code: error })?;
        // SAFETY: as above.
        let Some(parsed) = NonNull::new(unsafe { sys::opus_dred_alloc(&mut error) }) else {
            // SAFETY: created two lines above.
            unsafe { sys::opus_dred_decoder_destroy(parser.as_ptr()) };
            return Err(OpusError { code: error });
        };
        Ok(Self {
            parser,
            parsed,
            of: Vec::with_capacity(MAX_PACKET),
            reach: 0,
            end: 0,
        })
    }

    pub fn parse(&mut self, packet: &[u8], rate: u32) -> Result<(), OpusError> {
        if self.of == packet {
            return Ok(());
        }
        self.of.clear();
        self.of.extend_from_slice(packet);
        (self.reach, self.end) = (0, 0);
        let mut end = 0;
        // SAFETY: pointers are live and owned; packet is checked by the caller.
        let reach = check(unsafe {
            sys::opus_dred_parse(
                self.parser.as_ptr(),
                self.parsed.as_ptr(),
                packet.as_ptr(),
                packet.len() as i32,
                rate as i32, // at most one second back
                rate as i32,
                &mut end,
                0,
            )
        })?;
        self.reach = reach;
        self.end = usize::try_from(end).unwrap_or(0);
        Ok(())
    }
}

impl Drop for Dred {
    fn drop(&mut self) {
        // SAFETY: both created by their constructors, destroyed once.
        unsafe {
            sys::opus_dred_free(self.parsed.as_ptr());
            sys::opus_dred_decoder_destroy(self.parser.as_ptr());
        }
    }
}
