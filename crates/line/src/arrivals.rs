//! When packets come, against when they were sent: what both receive buffers learn from it.
//!
//! A packet's transit is its arrival minus its RTP time. The least transit of the last seconds
//! is the network at its best; what a packet took beyond it is its relative delay.

use crate::opus::RTP_RATE;

/// A packet this far from the stream's time belongs to no stream we know.
const FAR_S: f64 = 2.5;
/// So many consistent far packets in a row are a new stream (a restarted sender).
const FAR_PACKETS: u32 = 3;
/// After so long without a packet the first far one starts a new stream.
const QUIET_S: f64 = 0.5;
/// The best transit is sought over the last one to two of these, so that clock drift is followed.
const BASE_WINDOW_S: f64 = 5.0;
/// Relative delays are counted in bins of 5 ms up to 1 s.
const BIN_S: f64 = 0.005;
const BINS: usize = 200;
/// Weight that a packet's delay keeps when the next comes: about 3 s of 20 ms packets.
const FORGET: f32 = 0.993;

/// What a packet is to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Of the stream.
    Take,
    /// Of no known stream: drop it.
    Far,
    /// The first of a new stream: forget the old one, then take it.
    Restart,
}

/// Arrival statistics of one stream.
pub struct Arrivals {
    /// Least transit of the window before and of this one; infinite if unknown.
    base: [f64; 2],
    window_start: f64,
    last: Option<(f64, u64)>,
    jitter: f64,
    bins: [f32; BINS],
    far_run: u32,
    far_transit: f64,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self {
            base: [f64::INFINITY; 2],
            window_start: 0.0,
            last: None,
            jitter: 0.0,
            bins: [0.0; BINS],
            far_run: 0,
            far_transit: 0.0,
        }
    }
}

fn transit(now: f64, rtp: u64) -> f64 {
    now - rtp as f64 / f64::from(RTP_RATE)
}

impl Arrivals {
    /// Judge a packet that arrived at `now`, and learn from it if it is of the stream.
    pub fn judge(&mut self, now: f64, rtp: u64) -> Verdict {
        let transit = transit(now, rtp);
        if self.last.is_some() && (transit - self.base()).abs() > FAR_S {
            let quiet = self.last.is_some_and(|(at, _)| now - at > QUIET_S);
            let alike = self.far_run > 0 && (transit - self.far_transit).abs() < 0.5;
            self.far_run = if alike { self.far_run + 1 } else { 1 };
            self.far_transit = transit;
            if !quiet && self.far_run < FAR_PACKETS {
                return Verdict::Far;
            }
            *self = Self {
                jitter: self.jitter,
                ..Self::default()
            };
            self.learn(now, rtp, transit);
            return Verdict::Restart;
        }
        self.far_run = 0;
        self.learn(now, rtp, transit);
        Verdict::Take
    }

    fn learn(&mut self, now: f64, rtp: u64, transit: f64) {
        if self.last.is_none() || now - self.window_start > BASE_WINDOW_S {
            // After a pause the old window says nothing about the clocks of today.
            let stale = now - self.window_start > 4.0 * BASE_WINDOW_S;
            self.base = [if stale { transit } else { self.base[1] }, transit];
            self.window_start = now;
        }
        self.base[1] = self.base[1].min(transit);
        if let Some((at, before)) = self.last {
            let sent = rtp as f64 - before as f64;
            let d = (now - at - sent / f64::from(RTP_RATE)).abs().min(FAR_S);
            self.jitter += (d - self.jitter) / 16.0;
        }
        self.last = Some((now, rtp));
        let late = transit - self.base();
        let bin = ((late / BIN_S) as usize).min(BINS - 1);
        for weight in &mut self.bins {
            *weight *= FORGET;
        }
        self.bins[bin] += 1.0 - FORGET;
    }

    /// Least transit lately; 0 before the first packet.
    fn base(&self) -> f64 {
        let base = self.base[0].min(self.base[1]);
        if base.is_finite() {
            base
        } else {
            0.0
        }
    }

    /// When a packet of this RTP time arrives if the network is at its best.
    pub fn expected(&self, rtp: u64) -> f64 {
        self.base() + rtp as f64 / f64::from(RTP_RATE)
    }

    /// Relative delay that `share` (0 … 1) of recent packets did not exceed, seconds, rounded up
    /// to 5 ms (less than 5 ms counts as 0).
    pub fn quantile(&self, share: f32) -> f64 {
        let total: f32 = self.bins.iter().sum();
        let mut left = total * share;
        for (i, weight) in self.bins.iter().enumerate() {
            left -= weight;
            if left <= 0.0 {
                return if i == 0 { 0.0 } else { (i + 1) as f64 * BIN_S };
            }
        }
        BINS as f64 * BIN_S
    }

    /// RFC 3550 interarrival jitter, seconds.
    pub fn jitter(&self) -> f64 {
        self.jitter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_stream_has_no_relative_delay() {
        let mut a = Arrivals::default();
        for i in 0..500u64 {
            assert_eq!(
                a.judge(5.0 + i as f64 * 0.02, 1000 + i * 960),
                Verdict::Take
            );
        }
        assert!(a.jitter() < 1e-6);
        assert_eq!(a.quantile(0.97), 0.0);
        assert!((a.expected(1000) - 5.0).abs() < 1e-6);
    }

    #[test]
    fn quantile_follows_delay_and_forgets() {
        let mut a = Arrivals::default();
        let mut i = 0u64;
        let mut feed = |a: &mut Arrivals, n: u64, late: f64| {
            for _ in 0..n {
                let late = if i.is_multiple_of(10) { late } else { 0.0 };
                a.judge(i as f64 * 0.02 + late, i * 960);
                i += 1;
            }
        };
        feed(&mut a, 300, 0.1);
        assert!((0.1..=0.11).contains(&a.quantile(0.95)));
        feed(&mut a, 600, 0.0);
        assert_eq!(a.quantile(0.95), 0.0);
    }

    #[test]
    fn one_wild_timestamp_is_dropped_and_three_restart() {
        let mut a = Arrivals::default();
        for i in 0..50u64 {
            a.judge(i as f64 * 0.02, i * 960);
        }
        assert_eq!(a.judge(1.0, 1 << 40), Verdict::Far);
        assert_eq!(a.judge(1.02, 51 * 960), Verdict::Take);
        let far: Vec<_> = (0..3u64)
            .map(|i| a.judge(1.04 + i as f64 * 0.02, (1 << 33) + i * 960))
            .collect();
        assert_eq!(far, [Verdict::Far, Verdict::Far, Verdict::Restart]);
    }

    #[test]
    fn clock_drift_is_followed() {
        let mut a = Arrivals::default();
        // The far clock runs 0.1 % slow: transit grows by 60 ms a minute.
        for i in 0..6000u64 {
            a.judge(i as f64 * 0.020_02, i * 960);
        }
        assert!(a.quantile(0.97) <= 0.015, "{}", a.quantile(0.97));
    }
}
