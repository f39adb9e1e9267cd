//! Opus speech encoder and decoder: safe wrappers over libopus with deep redundancy (DRED).
//!
//! Packets come from strangers: every entry checks lengths before libopus sees them, and garbage
//! gives `Err`, never a panic. Rates are those of Opus: 8, 12, 16, 24 or 48 kHz; PCM is int16 mono.

mod decoder;
mod dred;
mod encoder;
mod packet;

use std::ffi::{c_int, CStr};
use std::fmt;

use opusic_sys as sys;

pub use decoder::Decoder;
pub use encoder::Encoder;
pub use packet::{frame_samples, has_lbrr, is_padded, packet_samples, says_nothing, strip_padding};

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

impl Mark {
    /// The mark of a frame that holds so many samples of each of the first four.
    pub fn of_most(share: [usize; 4]) -> Mark {
        let marks = [
            Mark::Received,
            Mark::Recovered,
            Mark::Concealed,
            Mark::Missing,
        ];
        let most = marks.into_iter().max_by_key(|mark| share[*mark as usize]);
        most.unwrap_or(Mark::Missing)
    }
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
