//! How loud the agent is: ducked, back again, or on its way to silence.

/// Full at first.
#[derive(Clone, Copy, Debug)]
pub struct Gain {
    now: f32,
    target: f32,
    /// Change a sample while ramping.
    slope: f32,
}

impl Default for Gain {
    fn default() -> Self {
        Gain {
            now: 1.0,
            target: 1.0,
            slope: 0.0,
        }
    }
}

impl Gain {
    /// Reach `target` within so many samples.
    pub fn ramp(&mut self, target: f32, samples: f32) {
        self.target = target;
        self.slope = (target - self.now) / samples.max(1.0);
    }

    /// So many samples go by.
    pub fn pass(&mut self, samples: usize) {
        if self.slope == 0.0 {
            return;
        }
        let now = self.now + self.slope * samples as f32;
        let reached = if self.slope > 0.0 {
            now >= self.target
        } else {
            now <= self.target
        };
        if reached {
            (self.now, self.slope) = (self.target, 0.0);
        } else {
            self.now = now;
        }
    }

    /// Apply it, one step a sample.
    pub fn apply(&mut self, pcm: &mut [i16]) {
        if self.now == 1.0 && self.slope == 0.0 {
            return;
        }
        for sample in pcm {
            self.pass(1);
            let scaled = f32::from(*sample) * self.now;
            *sample = scaled.round().clamp(-32768.0, 32767.0) as i16;
        }
    }
}
