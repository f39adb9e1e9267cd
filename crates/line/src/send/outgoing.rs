//! One RTP packet of ours, and the payload types it may have.

use std::time::{Duration, Instant, UNIX_EPOCH};

use str0m::media::Pt;
use str0m::rtp::{AbsCaptureTime, ExtensionValues, RtpWrite};

use crate::repair::again::Note;

/// The payload types that both ends agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayloadTypes {
    pub opus: Pt,
    pub red: Option<Pt>,
    /// The far end takes repairs in RED (see `fec`).
    pub repairs: bool,
    /// The far end reads notes (see `repair::again`): it asks for what it lacks, and takes speech
    /// that comes before its time.
    pub notes: bool,
}

/// One RTP packet of ours.
pub struct Outgoing<'a> {
    pub pt: Pt,
    pub seq: u64,
    pub rtp: u32,
    pub marker: bool,
    pub payload: &'a [u8],
    /// Seconds since 1970, on some packets.
    pub captured: Option<f64>,
    pub note: Note,
}

impl Outgoing<'_> {
    pub fn write(self, wallclock: Instant) -> RtpWrite {
        let abs_capture_time = self.captured.map(|unix| AbsCaptureTime {
            capture_time: UNIX_EPOCH + Duration::from_secs_f64(unix.max(0.0)),
            clock_offset: None,
        });
        let mut values = ExtensionValues {
            abs_capture_time,
            ..ExtensionValues::default()
        };
        if self.note != Note::default() {
            values.user_values.set(self.note);
        }
        RtpWrite::new(self.pt, self.seq.into(), self.rtp, wallclock, self.payload)
            .marker(self.marker)
            .ext_vals(values)
    }
}
