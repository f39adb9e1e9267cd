//! The decoder: packets, in-band FEC, deep redundancy and concealment to samples.

use std::ffi::c_int;
use std::ptr::NonNull;

use opusic_sys as sys;

use super::dred::Dred;
use super::packet::{is_padded, packet_samples};
use super::{check, OpusError, BAD_ARG};

/// Mono decoder: stereo packets are mixed down by libopus.
pub struct Decoder {
    raw: NonNull<sys::OpusDecoder>,
    rate: u32,
    dred: Option<Dred>,
}

// SAFETY: the states are owned, have no thread affinity, and are only reached through &mut self.
unsafe impl Send for Decoder {}

impl Decoder {
    /// `rate`: 8000, 12000, 16000, 24000 or 48000.
    pub fn new(rate: u32) -> Result<Self, OpusError> {
        let mut error = 0;
        // SAFETY: plain call; libopus checks rate and returns null with an error.
        let raw = unsafe { sys::opus_decoder_create(rate as i32, 1, &mut error) };
        let raw = NonNull::new(raw).ok_or(OpusError { code: error })?;
        // Complexity 5 is where libopus conceals by its neural vocoder (crowd MOS 3.28 against
        // 2.99); it costs nothing while packets arrive.
        // SAFETY: the request takes one opus_int32.
        check(unsafe {
            sys::opus_decoder_ctl(raw.as_ptr(), sys::OPUS_SET_COMPLEXITY_REQUEST, 5 as c_int)
        })?;
        Ok(Self {
            raw,
            rate,
            dred: None,
        })
    }

    /// Longest output of any call, samples (120 ms).
    pub fn max_samples(&self) -> usize {
        self.rate as usize * 12 / 100
    }

    fn run(
        &mut self,
        packet: Option<&[u8]>,
        out: &mut [i16],
        samples: usize,
        fec: bool,
    ) -> Result<usize, OpusError> {
        if samples == 0 || samples > out.len() || samples > self.max_samples() {
            return Err(OpusError {
                code: sys::OPUS_BUFFER_TOO_SMALL,
            });
        }
        let (data, len) = packet.map_or((std::ptr::null(), 0), |p| (p.as_ptr(), p.len() as i32));
        // SAFETY: data/len describe `packet` or nothing (concealment); out holds `samples` mono
        // samples, which is the room libopus is told of.
        check(unsafe {
            sys::opus_decode(
                self.raw.as_ptr(),
                data,
                len,
                out.as_mut_ptr(),
                samples as c_int,
                c_int::from(fec),
            )
        })
    }

    /// Decode a packet of any legal duration; returns samples written. `out` must have room
    /// ([`Decoder::max_samples`] always suffices).
    pub fn decode(&mut self, packet: &[u8], out: &mut [i16]) -> Result<usize, OpusError> {
        let samples = packet_samples(packet, self.rate)?;
        if samples > out.len() {
            return Err(OpusError {
                code: sys::OPUS_BUFFER_TOO_SMALL,
            });
        }
        self.run(Some(packet), out, samples, false)
    }

    /// Recover the frame before `next_packet` from its in-band FEC; `out` holds exactly the lost
    /// duration, a multiple of 2.5 ms. Where it is longer than what FEC covers, the start of it
    /// is concealed.
    pub fn decode_fec(&mut self, next_packet: &[u8], out: &mut [i16]) -> Result<usize, OpusError> {
        packet_samples(next_packet, self.rate)?;
        let samples = out.len();
        self.run(Some(next_packet), out, samples, true)
    }

    /// Guess what comes next; `out` holds a multiple of 2.5 ms. Fades over successive calls.
    pub fn conceal(&mut self, out: &mut [i16]) -> Result<usize, OpusError> {
        let samples = out.len();
        self.run(None, out, samples, false)
    }

    /// How many samples before `packet` its deep redundancy reaches back (0: it has none).
    pub fn dred_reach(&mut self, packet: &[u8]) -> Result<usize, OpusError> {
        packet_samples(packet, self.rate)?;
        // Without padding there is nothing to parse and no parser to make.
        if !is_padded(packet) {
            return Ok(0);
        }
        let dred = match &mut self.dred {
            Some(dred) => dred,
            none => none.insert(Dred::new()?),
        };
        dred.parse(packet, self.rate)?;
        Ok(dred.reach)
    }

    /// Recover a lost frame from the deep redundancy of a later packet: the one whose first
    /// sample lies `frames_back` × `out.len()` samples before `packet`'s. False, and `out`
    /// untouched, if the redundancy does not reach it. Lost frames must be asked for in order.
    pub fn decode_dred(
        &mut self,
        packet: &[u8],
        frames_back: usize,
        out: &mut [i16],
    ) -> Result<bool, OpusError> {
        let back = frames_back.checked_mul(out.len()).ok_or(BAD_ARG)?;
        self.decode_dred_at(packet, back, out)
    }

    /// The same with the distance in samples.
    pub fn decode_dred_at(
        &mut self,
        packet: &[u8],
        samples_back: usize,
        out: &mut [i16],
    ) -> Result<bool, OpusError> {
        if out.is_empty() || out.len() > self.max_samples() || samples_back < out.len() {
            return Err(BAD_ARG);
        }
        let reach = self.dred_reach(packet)?;
        let Some(dred) = self.dred.as_ref().filter(|d| {
            // The span must begin inside what is known and not lie wholly in its blind end.
            samples_back <= reach && samples_back > d.end
        }) else {
            return Ok(false);
        };
        // SAFETY: states are live; out holds the stated samples.
        let n = check(unsafe {
            sys::opus_decoder_dred_decode(
                self.raw.as_ptr(),
                dred.parsed.as_ptr(),
                samples_back as i32,
                out.as_mut_ptr(),
                out.len() as i32,
            )
        })?;
        Ok(n == out.len())
    }

    /// Forget the past, as at the start of a stream.
    pub fn reset(&mut self) -> Result<(), OpusError> {
        // SAFETY: the reset request takes no argument.
        check(unsafe { sys::opus_decoder_ctl(self.raw.as_ptr(), sys::OPUS_RESET_STATE) })
            .map(|_| ())
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: created by opus_decoder_create, destroyed once.
        unsafe { sys::opus_decoder_destroy(self.raw.as_ptr()) }
    }
}
