//! Opus speech encoder and decoder: safe wrappers over libopus with deep redundancy (DRED).
//!
//! Packets come from strangers: every entry checks lengths before libopus sees them, and garbage
//! gives `Err`, never a panic. Rates are those of Opus: 8, 12, 16, 24 or 48 kHz; PCM is int16 mono.

use std::ffi::{c_int, CStr};
use std::fmt;
use std::ptr::NonNull;

use opusic_sys as sys;

use crate::seam::plan::SendPlan;

/// Largest packet taken or made, bytes; more never fits a datagram.
pub const MAX_PACKET: usize = 1500;
/// RTP clock of Opus.
pub const RTP_RATE: u32 = 48_000;
/// RTP ticks of one 20 ms frame.
pub const FRAME_TICKS: u64 = 960;

/// Where a frame's samples came from; the values of `visavis.seam.Mark`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Mark {
    Received = 0,
    /// Lost, rebuilt from redundancy.
    Recovered = 1,
    /// Lost, guessed.
    Concealed = 2,
    /// Not sent, or nothing known; zeros.
    Missing = 3,
    /// The link is out or what it lost is asked for: keeps time, stands for no samples; zeros.
    Awaited = 4,
}

/// One 20 ms frame handed up by a receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Index of the first sample since the call's first media sample, at the buffer's rate.
    pub position: i64,
    /// Extended RTP timestamp (48 kHz) of the first sample, as sent.
    pub rtp: u64,
    pub mark: Mark,
}

/// libopus refused. `code` is its error number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpusError {
    pub code: i32,
}

impl fmt::Display for OpusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: opus_strerror returns a static NUL-terminated string for every number.
        let text = unsafe { CStr::from_ptr(sys::opus_strerror(self.code)) };
        write!(f, "opus: {}", text.to_string_lossy())
    }
}

impl std::error::Error for OpusError {}

const BAD_ARG: OpusError = OpusError {
    code: sys::OPUS_BAD_ARG,
};
const INVALID_PACKET: OpusError = OpusError {
    code: sys::OPUS_INVALID_PACKET,
};

fn check(code: c_int) -> Result<usize, OpusError> {
    usize::try_from(code).map_err(|_| OpusError { code })
}

/// libopus' version, for `opus_version()` of the module.
pub fn version() -> String {
    // SAFETY: a static NUL-terminated string.
    unsafe { CStr::from_ptr(sys::opus_get_version_string()) }
        .to_string_lossy()
        .into_owned()
}

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

/// Does `packet` have padding, where redundancy of other kinds travels? (A code 3 packet with its
/// padding bit set: RFC 6716, 3.2.5.)
fn is_padded(packet: &[u8]) -> bool {
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

/// Mono VOIP encoder of 20, 40 and 60 ms packets.
pub struct Encoder {
    raw: NonNull<sys::OpusEncoder>,
    frame: usize,
    plan: SendPlan,
}

// SAFETY: the state is owned, has no thread affinity, and is only reached through &mut self.
unsafe impl Send for Encoder {}

impl Encoder {
    /// `rate`: 8000, 12000, 16000, 24000 or 48000. Starts with the default plan.
    pub fn new(rate: u32) -> Result<Self, OpusError> {
        let mut error = 0;
        // SAFETY: plain call; libopus checks rate and returns null with an error.
        let raw = unsafe {
            sys::opus_encoder_create(rate as i32, 1, sys::OPUS_APPLICATION_VOIP, &mut error)
        };
        let raw = NonNull::new(raw).ok_or(OpusError { code: error })?;
        let plan = SendPlan::default();
        let mut encoder = Self {
            raw,
            frame: rate as usize / 50,
            plan: plan.clone(),
        };
        encoder.set(sys::OPUS_SET_SIGNAL_REQUEST, sys::OPUS_SIGNAL_VOICE)?;
        encoder.write_plan(&plan)?;
        Ok(encoder)
    }

    fn set(&mut self, request: c_int, value: i32) -> Result<(), OpusError> {
        // SAFETY: all requests used here take one opus_int32.
        check(unsafe { sys::opus_encoder_ctl(self.raw.as_ptr(), request, value) }).map(|_| ())
    }

    fn write_plan(&mut self, plan: &SendPlan) -> Result<(), OpusError> {
        self.set(sys::OPUS_SET_BITRATE_REQUEST, plan.bitrate)?;
        self.set(sys::OPUS_SET_COMPLEXITY_REQUEST, plan.complexity)?;
        self.set(sys::OPUS_SET_INBAND_FEC_REQUEST, i32::from(plan.fec))?;
        self.set(sys::OPUS_SET_DTX_REQUEST, i32::from(plan.dtx))?;
        let percent = (plan.expected_loss.clamp(0.0, 1.0) * 100.0).round() as i32;
        self.set(sys::OPUS_SET_PACKET_LOSS_PERC_REQUEST, percent)?;
        // libopus counts DRED in units of 10 ms.
        self.set(
            sys::OPUS_SET_DRED_DURATION_REQUEST,
            (plan.dred_ms / 10) as i32,
        )
    }

    /// Obey `plan` from the next packet on. An unchanged plan costs nothing.
    pub fn apply(&mut self, plan: &SendPlan) -> Result<(), OpusError> {
        if *plan != self.plan {
            self.write_plan(plan)?;
            self.plan.clone_from(plan);
        }
        Ok(())
    }

    /// Encode exactly 20, 40 or 60 ms; returns the bytes written to `out` (give it [`MAX_PACKET`]).
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, OpusError> {
        let frames = pcm.len() / self.frame;
        if !pcm.len().is_multiple_of(self.frame) || !(1..=3).contains(&frames) || out.is_empty() {
            return Err(BAD_ARG);
        }
        let room = out.len().min(MAX_PACKET) as i32;
        // SAFETY: pcm holds the stated samples, out at least `room` bytes.
        check(unsafe {
            sys::opus_encode(
                self.raw.as_ptr(),
                pcm.as_ptr(),
                pcm.len() as c_int,
                out.as_mut_ptr(),
                room,
            )
        })
    }

    /// Forget the past, as at the start of a stream; the plan stays.
    pub fn reset(&mut self) -> Result<(), OpusError> {
        // SAFETY: the reset request takes no argument.
        check(unsafe { sys::opus_encoder_ctl(self.raw.as_ptr(), sys::OPUS_RESET_STATE) })
            .map(|_| ())
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: created by opus_encoder_create, destroyed once.
        unsafe { sys::opus_encoder_destroy(self.raw.as_ptr()) }
    }
}

/// The DRED parser's state, about 100 kB: made when a lost frame first asks for it.
struct Dred {
    parser: NonNull<sys::OpusDREDDecoder>,
    parsed: NonNull<sys::OpusDRED>,
    /// Packet that `parsed` belongs to: parsing runs a network, so once a packet.
    of: Vec<u8>,
    /// Samples before that packet which its redundancy reaches back to, and where it ends.
    reach: usize,
    end: usize,
}

impl Dred {
    fn new() -> Result<Self, OpusError> {
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

    fn parse(&mut self, packet: &[u8], rate: u32) -> Result<(), OpusError> {
        if self.of == packet {
            return Ok(());
        }
        self.of.clear();
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
        self.of.extend_from_slice(packet);
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
