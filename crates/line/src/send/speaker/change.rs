//! What is queued is changed: made quieter, or cut.

use super::{Gain, Speaker};

impl Speaker {
    /// Bring what is played to `gain` (0 … 1) within `ramp_s`. What was sent before its time is
    /// void.
    pub fn duck(&mut self, gain: f32, ramp_s: f64) {
        if self.fading.is_some() || !gain.is_finite() {
            return; // already going to silence
        }
        let samples = (ramp_s.clamp(0.0, 10.0) * f64::from(self.rate)) as f32;
        self.gain.ramp(gain.clamp(0.0, 1.0), samples);
        self.cut();
    }

    /// Fade what comes next to silence within `fade_s`, drop everything else, and be at full
    /// gain again for the next reply. Every reply that was queued is reported done; what was sent
    /// before its time is void.
    pub fn flush(&mut self, fade_s: f64) {
        self.cut();
        let fade = (fade_s.clamp(0.0, 10.0) * f64::from(self.rate)) as usize;
        let kept = match (self.fading, self.runs.front()) {
            (Some(left), _) => left,
            (None, Some(front)) if front.sent > 0 => fade.min(front.queued),
            _ => 0,
        };
        self.pcm.truncate(kept);
        self.closed = self.runs.back().map(|r| r.reply).max(self.closed);
        for (i, run) in self.runs.iter_mut().enumerate() {
            run.queued = if i == 0 { kept } else { 0 };
            run.finished = true;
        }
        self.retire();
        if kept == 0 {
            self.ungain();
        } else if self.fading.is_none() {
            self.gain.ramp(0.0, kept as f32);
            self.fading = Some(kept);
        }
    }

    pub(super) fn ungain(&mut self) {
        (self.gain, self.fading) = (Gain::default(), None);
    }
}
