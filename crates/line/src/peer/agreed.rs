//! What both ends agreed on: the audio, its payload types, and what of ours the far end takes.

use str0m::format::Codec;
use str0m::media::{Direction, Mid};

use super::Peer;
use crate::connect::sdp;
use crate::repair::again;
use crate::repair::fec::agree;
use crate::seam::error::LineError;
use crate::send::outgoing::PayloadTypes;

/// What the far end's SDP says that it takes of ours.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    pub repairs: bool,
    pub notes: bool,
}

impl Taken {
    pub fn of(sdp: &str) -> Self {
        Taken {
            repairs: agree::takes_repairs(sdp),
            notes: again::reads_notes(sdp),
        }
    }
}

impl Peer {
    /// Finds the audio that was agreed on, among the lines of our own SDP. `taken`: what
    /// the far end takes.
    pub(super) fn find_audio(
        &mut self,
        what: &str,
        ours: &str,
        taken: Taken,
    ) -> Result<(), LineError> {
        if let Some(reason) = &self.ended {
            return Err(LineError::invalid_sdp(format!(
                "the SDP {what} cannot be used: {reason}"
            )));
        }
        let names = sdp::audio_names(ours);
        let mut mids = names.into_iter().map(Mid::from);
        self.audio = mids.find_map(|mid| self.opus_in_both_directions(mid, taken));
        match self.audio {
            Some(_) => Ok(()),
            None => Err(LineError::invalid_sdp(format!(
                "the SDP {what} agrees on no Opus audio in both directions"
            ))),
        }
    }

    fn opus_in_both_directions(&self, mid: Mid, taken: Taken) -> Option<(Mid, PayloadTypes)> {
        let media = self.rtc.media(mid)?;
        if media.direction() != Direction::SendRecv || media.stopped() {
            return None;
        }
        let agreed = media.remote_pts();
        let codecs = self.rtc.codec_config();
        let opus = codecs.find(|p| p.spec().codec == Codec::Opus && agreed.contains(&p.pt()))?;
        let types = PayloadTypes {
            opus: opus.pt(),
            red: opus.red(),
            repairs: taken.repairs,
            notes: taken.notes && opus.red().is_some(),
        };
        Some((mid, types))
    }
}
