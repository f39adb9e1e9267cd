//! The encoder, which obeys a send plan.

use std::ffi::c_int;
use std::ptr::NonNull;

use opusic_sys as sys;

use super::{check, OpusError, BAD_ARG, MAX_PACKET};
use crate::seam::plan::SendPlan;

/// Mono VOIP encoder of 20, 40 and 60 ms packets.
pub struct Encoder {
    raw: NonNull<sys::OpusEncoder>,
    frame: usize,
    plan: SendPlan,
    /// Nothing worth its cost is encoded.
    idle: bool,
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
            idle: false,
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
        self.write_complexity(plan.complexity)?;
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

    fn write_complexity(&mut self, planned: i32) -> Result<(), OpusError> {
        let complexity = if self.idle { 0 } else { planned };
        self.set(sys::OPUS_SET_COMPLEXITY_REQUEST, complexity)
    }

    /// What is encoded from now on is silence, which the plan's complexity makes no better; or is
    /// so no more.
    pub fn idle(&mut self, idle: bool) -> Result<(), OpusError> {
        if idle != self.idle {
            self.idle = idle;
            self.write_complexity(self.plan.complexity)?;
        }
        Ok(())
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
