//! Samples to be played: of packets, of what repairs holes, and of nothing.

use super::{Playout, FADE_S, FRAME_S, QUIET_PEAK};
use crate::opus::Mark;
use crate::receive::stream::{fade, Next, BRIDGE_TICKS};

impl Playout {
    /// Would what lies at the cursor be played later than is right for what can be recovered?
    pub(super) fn too_late(&self, now: f64) -> bool {
        let delay = self.delay_at_cursor(now) + self.seconds(self.pcm.len());
        delay > self.wait + FRAME_S
    }

    /// What comes next does not go on from the samples at hand.
    pub(super) fn break_off(&mut self) {
        let start = self.pcm.len().saturating_sub(self.fade_samples());
        fade(&mut self.pcm[start..], false);
        self.broken = true;
    }

    pub(super) fn fade_samples(&self) -> usize {
        (FADE_S * f64::from(self.rate)) as usize
    }

    /// Have a frame's worth of samples, if there is talk.
    pub(super) fn fill(&mut self, now: f64) {
        while self.pcm.len() < self.frame {
            match self.stream.next() {
                Next::Here => self.decode(),
                Next::Silent(_) => return self.end(),
                Next::Hole(lost) => self.cover(now, lost),
                Next::Empty if self.quiet => return self.end(),
                Next::Empty => {
                    let (pcm, mark) = self.stream.bridge();
                    if mark == Mark::Missing {
                        self.broken = true;
                        return self.end();
                    }
                    self.marks.extend(std::iter::repeat_n(mark, pcm.len()));
                    self.pcm.extend_from_slice(pcm);
                    self.debt += BRIDGE_TICKS;
                }
            }
        }
    }

    pub(super) fn decode(&mut self) {
        let start = self.pcm.len();
        let (pcm, mark) = self.stream.decode();
        self.quiet = pcm.iter().all(|s| s.unsigned_abs() < QUIET_PEAK);
        self.marks.extend(std::iter::repeat_n(mark, pcm.len()));
        self.pcm.extend_from_slice(pcm);
        self.debt = 0;
        if std::mem::take(&mut self.broken) {
            let end = (start + self.fade_samples()).min(self.pcm.len());
            fade(&mut self.pcm[start..end], true);
        }
    }

    /// A spurt is over; what is left of it is played, padded with silence.
    pub(super) fn end(&mut self) {
        self.talking = false;
        self.waited = 0;
        self.credit = 0.0;
    }

    /// Packets are lost, and later ones are here. What was bridged already stands for them,
    /// unless they can be had in full for no more delay than is right.
    pub(super) fn cover(&mut self, now: f64, lost: u64) {
        let recoverable = self.stream.recoverable(lost);
        if recoverable {
            self.stream.note_rescue(lost);
        }
        if self.debt > 0 && (!recoverable || self.too_late(now)) {
            let ticks = self.debt.min(lost);
            self.stream.skip(ticks);
            self.debt -= ticks;
            return;
        }
        let (pcm, mark) = self.stream.repair(lost);
        self.marks.extend(std::iter::repeat_n(mark, pcm.len()));
        self.pcm.extend_from_slice(pcm);
    }

    /// Make samples of packets that are here, and of holes between them, until there are
    /// `samples`. False if there are fewer.
    pub(super) fn ahead(&mut self, now: f64, samples: usize) -> bool {
        while self.pcm.len() < samples {
            match self.stream.next() {
                Next::Here => self.decode(),
                Next::Hole(lost) => self.cover(now, lost),
                Next::Silent(_) | Next::Empty => return false,
            }
        }
        true
    }
}
