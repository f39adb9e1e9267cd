//! What is sent before its time: frames that lie ahead of the one whose turn it is.
//!
//! Time, progress and the account go on frame by frame as if nothing were early. A frame is only
//! sent early if nothing that is still to be queued can change it; if a duck or a flush changes
//! it, it is void and is sent again.

use super::{Gain, Speaker};
use crate::opus::FRAME_TICKS;

/// How far the sending is ahead.
#[derive(Debug, Default)]
pub struct Early {
    frames: usize,
    /// How loud the last of them is at its end.
    gain: Gain,
    /// Some of them became void, and nobody was told.
    cut: bool,
}

impl Early {
    /// The next frame's turn has come. Was it sent?
    pub(super) fn due(&mut self) -> bool {
        let sent = self.frames > 0;
        self.frames = self.frames.saturating_sub(1);
        sent
    }
}

impl Speaker {
    /// Frames that were sent before their turn.
    pub fn ahead(&self) -> usize {
        self.early.frames
    }

    /// RTP timestamp of the frame whose turn is next.
    pub fn next_rtp(&self) -> u64 {
        self.next_rtp
    }

    /// RTP timestamp of the first frame that was not sent.
    pub fn early_rtp(&self) -> u64 {
        self.next_rtp + self.early.frames as u64 * FRAME_TICKS
    }

    /// Was all that is known sent, and will no more come of it?
    pub fn complete(&self) -> bool {
        self.runs.iter().all(|run| run.finished) && self.range(self.early.frames).is_none()
    }

    /// Have frames that were sent before their turn become void since this was last asked?
    pub fn take_cut(&mut self) -> bool {
        std::mem::take(&mut self.early.cut)
    }

    /// Fill the first frame that was not sent, before its turn; its RTP timestamp. `None` if it
    /// is not known yet.
    pub fn early(&mut self, out: &mut [i16]) -> Option<u64> {
        let range = self.range(self.early.frames)?;
        if self.early.frames == 0 {
            self.early.gain = self.gain;
        }
        let n = range.len().min(out.len());
        out.fill(0);
        for (to, from) in out.iter_mut().zip(self.pcm.range(range)) {
            *to = *from;
        }
        self.early.gain.apply(&mut out[..n]);
        let rtp = self.early_rtp();
        self.early.frames += 1;
        Some(rtp)
    }

    /// The samples of the frame that lies so many after the next.
    fn range(&self, mut frame: usize) -> Option<std::ops::Range<usize>> {
        let mut start = 0;
        for run in &self.runs {
            let frames = if run.finished {
                run.queued.div_ceil(self.frame)
            } else {
                run.queued / self.frame
            };
            if frame < frames {
                let from = start + frame * self.frame;
                return Some(from..(from + self.frame).min(start + run.queued));
            }
            if !run.finished {
                return None; // more of it may come
            }
            frame -= frames;
            start += run.queued;
        }
        None
    }

    /// What was sent before its turn is void: it is sent again, or silence in its place.
    pub(super) fn cut(&mut self) {
        if std::mem::take(&mut self.early.frames) > 0 {
            self.tail = 0;
            self.early.cut = true;
        }
    }
}
