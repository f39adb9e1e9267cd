//! What Python tells a running call.

use super::Calls;
use crate::seam::error::LineError;
use crate::seam::plan::SendPlan;

impl Calls {
    /// Samples queued for a call and not yet sent; 0 if it is over.
    pub fn queued(&self, call: i64) -> usize {
        self.peers.get(&call).map_or(0, |p| p.mouth.queued())
    }

    /// Most samples that may be queued for one call.
    pub fn max_queued(&self) -> usize {
        (self.config.max_queue_s * f64::from(self.config.play_rate)) as usize
    }

    /// Queues speech; what does not fit any more is dropped.
    pub fn play(&mut self, now: f64, call: i64, reply: i64, pcm: &[i16]) -> Result<(), LineError> {
        let mut played = Ok(());
        self.with(now, call, |peer, out| {
            played = peer.play(now, reply, pcm, out)
        });
        played.map_err(|full| queue_full(self.config.max_queue_s, full.dropped))
    }

    pub fn finish(&mut self, now: f64, call: i64, reply: i64) {
        self.with(now, call, |peer, _| peer.mouth.finish(reply));
    }

    pub fn duck(&mut self, now: f64, call: i64, gain: f64, ramp_s: f64) {
        self.with(now, call, |peer, _| peer.mouth.duck(gain, ramp_s));
    }

    pub fn flush(&mut self, now: f64, call: i64, fade_s: f64) {
        self.with(now, call, |peer, _| peer.mouth.flush(fade_s));
    }

    pub fn heard(&mut self, now: f64, call: i64, rtp: u32) {
        self.with(now, call, |peer, out| peer.heard(now, rtp, out));
    }

    pub fn send(&mut self, now: f64, call: i64, text: String) {
        self.with(now, call, |peer, out| peer.send(now, text, out));
    }

    pub fn set_plan(&mut self, now: f64, call: i64, plan: &SendPlan) {
        self.with(now, call, |peer, _| {
            if let Err(error) = peer.mouth.set_plan(plan) {
                peer.end(format!("error: {error}"));
            }
        });
    }

    /// Ends a call; `Closed(reason)` follows. `local` is the reason when we hang up.
    pub fn close(&mut self, now: f64, call: i64, reason: &str) {
        self.with(now, call, |peer, _| peer.end(reason.to_owned()));
    }

    pub fn close_all(&mut self, now: f64) {
        let calls: Vec<i64> = self.peers.keys().copied().collect();
        for call in calls {
            self.close(now, call, "local");
        }
    }
}

/// The error of speech beyond the longest queue.
pub fn queue_full(max_queue_s: f64, dropped: usize) -> LineError {
    LineError::new(
        "queue_full",
        format!("more than {max_queue_s} s of speech is queued; {dropped} samples were dropped"),
    )
}
