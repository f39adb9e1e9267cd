//! How much of what was sent has been heard: the far end's own reports, or else an estimate.

use std::collections::VecDeque;

use crate::seam::batch::Happening;
use crate::send::speaker::Progress;

/// What a far end's jitter buffer and loudspeaker are assumed to add.
const FAR_BUFFER_S: f64 = 0.06;
/// Seconds between two estimates.
const ESTIMATE_S: f64 = 0.059;
/// While the far end reports what it plays, an estimated end waits so much longer for its report.
const GRACE_S: f64 = 1.0;
/// No report for so long: the far end has stopped reporting.
const EXACT_FOR_S: f64 = 2.0;

#[derive(Default)]
pub struct Played {
    /// Sent, and probably heard at the time that stands first.
    coming: VecDeque<(f64, Progress)>,
    /// The newest reply told of, and how much of it.
    told: Option<Progress>,
    told_at: f64,
    reported_at: Option<f64>,
}

impl Played {
    /// So much was sent at `now`, over a path of this round trip.
    pub fn sent(&mut self, now: f64, rtt_s: f64, progress: Progress) {
        let heard_at = now + rtt_s / 2.0 + FAR_BUFFER_S;
        self.coming.push_back((heard_at, progress));
    }

    /// What has probably been heard by `now` and was not told yet.
    pub fn estimate(&mut self, now: f64) -> Vec<Happening> {
        let exact = self.reported_at.is_some_and(|at| now - at < EXACT_FOR_S);
        let mut out = Vec::new();
        let mut newest = None;
        while let Some((at, progress)) = self.coming.front().copied() {
            let grace = if exact && progress.done { GRACE_S } else { 0.0 };
            if at + grace > now {
                break;
            }
            self.coming.pop_front();
            newest = Some(progress);
            if progress.done {
                out.extend(self.tell(now, progress, false));
                newest = None;
            }
        }
        match newest {
            Some(progress) if !exact && now - self.told_at >= ESTIMATE_S => {
                out.extend(self.tell(now, progress, false));
            }
            // Too soon after the last: it counts with the next.
            Some(progress) if !exact => self.coming.push_front((now, progress)),
            _ => {}
        }
        out
    }

    /// The far end has played so much.
    pub fn reported(&mut self, now: f64, progress: Progress) -> Option<Happening> {
        self.reported_at = Some(now);
        self.tell(now, progress, true)
    }

    /// Tells it, unless as much was told before.
    fn tell(&mut self, now: f64, progress: Progress, exact: bool) -> Option<Happening> {
        let newer = match self.told {
            None => true,
            Some(told) if told.reply == progress.reply => {
                !told.done && (progress.done || progress.samples > told.samples)
            }
            // The end of an older reply is told even when a newer one has begun.
            Some(told) => progress.reply > told.reply || progress.done,
        };
        if !newer {
            return None;
        }
        let samples = match self.told {
            // An estimated end never takes back what the far end has reported.
            Some(told) if told.reply == progress.reply => progress.samples.max(told.samples),
            _ => progress.samples,
        };
        if self.told.is_none_or(|told| told.reply <= progress.reply) {
            self.told = Some(Progress {
                samples,
                ..progress
            });
            self.told_at = now;
        }
        Some(Happening::Played {
            reply: progress.reply,
            samples: samples as i64,
            exact,
            done: progress.done,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(reply: i64, samples: u64, done: bool) -> Progress {
        Progress {
            reply,
            samples,
            done,
        }
    }

    fn played(reply: i64, samples: i64, exact: bool, done: bool) -> Happening {
        Happening::Played {
            reply,
            samples,
            exact,
            done,
        }
    }

    #[test]
    fn an_estimate_comes_after_half_a_round_trip_and_the_far_buffer() {
        let mut account = Played::default();
        account.sent(1.0, 0.1, progress(1, 480, false));
        assert!(account.estimate(1.1).is_empty());
        assert_eq!(account.estimate(1.12), vec![played(1, 480, false, false)]);
        assert!(account.estimate(2.0).is_empty());
    }

    #[test]
    fn the_end_is_always_told_and_once() {
        let mut account = Played::default();
        account.sent(1.0, 0.0, progress(1, 480, false));
        account.sent(1.02, 0.0, progress(1, 960, false));
        account.sent(1.02, 0.0, progress(1, 960, true));
        assert_eq!(account.estimate(1.1), vec![played(1, 960, false, true)]);
        account.sent(2.0, 0.0, progress(1, 960, true));
        assert!(account.estimate(9.0).is_empty());
    }

    #[test]
    fn reports_silence_estimates() {
        let mut account = Played::default();
        account.sent(1.0, 0.0, progress(1, 960, false));
        account.sent(1.0, 0.0, progress(1, 960, true));
        let told = account.reported(1.05, progress(1, 300, false));
        assert_eq!(told, Some(played(1, 300, true, false)));
        assert!(account.estimate(1.2).is_empty());
        let told = account.reported(1.3, progress(1, 960, true));
        assert_eq!(told, Some(played(1, 960, true, true)));
        assert!(account.estimate(3.0).is_empty());
    }

    #[test]
    fn an_end_nobody_reports_is_told_all_the_same() {
        let mut account = Played::default();
        account.reported(1.0, progress(1, 300, false));
        account.sent(1.0, 0.0, progress(1, 960, true));
        assert!(account.estimate(1.5).is_empty());
        assert_eq!(account.estimate(2.1), vec![played(1, 960, false, true)]);
    }

    #[test]
    fn a_newer_reply_does_not_swallow_the_end_of_an_older_one() {
        let mut account = Played::default();
        account.reported(1.0, progress(2, 100, false));
        account.sent(1.0, 0.0, progress(1, 50, true));
        assert_eq!(account.estimate(9.0), vec![played(1, 50, false, true)]);
    }

    #[test]
    fn frequent_progress_is_told_at_a_lower_rate() {
        let mut account = Played::default();
        let mut told = 0;
        for i in 0..50u32 {
            let now = f64::from(i) * 0.02;
            account.sent(now, 0.0, progress(1, u64::from(i + 1) * 480, false));
            told += account.estimate(now).len();
        }
        assert!((12..=18).contains(&told), "{told}");
    }
}
