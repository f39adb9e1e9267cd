//! How the delay is brought to where it should be: a pitch period more or less, where it is not
//! heard, and faster where a backlog waits.

use super::{Playout, FRAME_S, SPARE_S};
use crate::receive::stretch::{best_lag, lengthen, rms, shorten, MAX_LAG_S, MIN_LAG_S};

/// How far the slack may be below the wait, and for how many frames more, before talk is
/// lengthened (a tick may come a little early).
const BELOW_S: f64 = 0.003;
const BELOW_FRAMES: u32 = 2;
/// More delay than this above a frame is undone at the speed of a backlog.
const BACKLOG_S: f64 = 0.03;
/// Samples that a backlog may save, of those played (1.55 times as fast).
const HURRY: f64 = 0.55;
/// After so many frames of waiting for a good place to save a whole frame, any place will do.
const PATIENT_FRAMES: u32 = 25;
/// Where stretching is not heard: near silence (RMS), or well periodic.
const SOFT_RMS: f32 = 300.0;
const PERIODIC: f32 = 0.85;

impl Playout {
    /// Bring the slack nearer to the wait.
    pub(super) fn adjust(&mut self, now: f64) {
        self.delay = self.delay_at_cursor(now) + self.seconds(self.pcm.len());
        let left = (self.pcm.len() - self.frame) % self.frame;
        let slack = self.delay - self.seconds(left);
        let max = (MAX_LAG_S * f64::from(self.rate)) as usize;
        let excess = self.delay - self.wait - SPARE_S - FRAME_S;
        let short = slack < self.wait - BELOW_S;
        self.short = if short { self.short + 1 } else { 0 };
        if short {
            self.waited = 0;
            if self.short > BELOW_FRAMES {
                self.lengthen(max.min(self.pcm.len() / 2));
            }
        } else if excess > BACKLOG_S {
            self.hurry(now, excess, max);
        } else if slack > self.wait + SPARE_S + FRAME_S {
            self.waited += 1;
            self.trim(now, max);
        } else {
            // Less than what is left can go without a packet being needed earlier.
            self.waited = 0;
            self.trim(now, max.min(left));
        }
    }

    fn soft(&self, samples: usize) -> bool {
        rms(&self.pcm[..samples]) <= SOFT_RMS
    }

    /// Insert one period of up to `max` samples, if it will not be heard.
    fn lengthen(&mut self, max: usize) {
        let min = (MIN_LAG_S * f64::from(self.rate)) as usize;
        let Some((lag, alike)) = best_lag(&self.pcm, min, max) else {
            return;
        };
        if alike >= PERIODIC || self.soft(2 * lag) {
            lengthen(&mut self.pcm, lag, alike);
            self.marks.extend_from_within(self.marks.len() - lag..);
        }
    }

    /// Remove one period of up to `max` samples, if it will not be heard or was waited for long.
    fn trim(&mut self, now: f64, max: usize) {
        let min = (MIN_LAG_S * f64::from(self.rate)) as usize;
        if max < min || !self.ahead(now, self.frame + max) || self.pcm.len() < 2 * max {
            return;
        }
        let Some((lag, alike)) = best_lag(&self.pcm, min, max) else {
            return;
        };
        if alike >= PERIODIC || self.waited > PATIENT_FRAMES || self.soft(2 * lag) {
            self.remove(lag, alike);
        }
    }

    /// Play a backlog of `excess` seconds faster.
    fn hurry(&mut self, now: f64, excess: f64, max: usize) {
        let frame = self.frame as f64;
        self.credit = (self.credit + HURRY * frame).min(2.0 * frame);
        let enough = (excess * f64::from(self.rate)) as usize;
        let mut saved = 0;
        while saved < enough && self.ahead(now, self.frame + 2 * max) {
            if self.ahead(now, 3 * self.frame) && self.soft(2 * self.frame) {
                self.remove(self.frame, 0.0);
                saved += self.frame;
                continue;
            }
            // Two periods of low voices at least: there is far to go.
            let Some((lag, alike)) = best_lag(&self.pcm, max / 2, max) else {
                return;
            };
            let saving = lag as f64;
            if saving > self.credit || (alike < PERIODIC && self.credit < 1.5 * frame) {
                return;
            }
            self.remove(lag, alike);
            self.credit -= saving;
            saved += lag;
        }
    }

    fn remove(&mut self, lag: usize, alike: f32) {
        shorten(&mut self.pcm, lag, alike);
        self.marks.drain(lag..2 * lag);
    }
}
