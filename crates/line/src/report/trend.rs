//! How long packets queue in the network, and whether the queue grows: the delay side of Google
//! congestion control (draft-ietf-rmcat-gcc-02, section 5; the trendline of libwebrtc).
//!
//! A packet's transit is its arrival minus its RTP time. Above the least transit of the last
//! seconds it queued; the slope of the smoothed transit over arrival time is the gradient.

use crate::opus::RTP_RATE;
use crate::receive::base::Base;

/// Packets the gradient is taken over.
const POINTS: usize = 20;
/// Points older than this say nothing about now, seconds.
const OLD_S: f64 = 1.0;
/// Share of the old value in the smoothed transit.
const SMOOTHING: f64 = 0.9;
/// A step of the transit beyond this is another stream's clock.
const FAR_S: f64 = 10.0;
/// Points needed for a slope, and the time they must span.
const MIN_POINTS: usize = 5;
const MIN_SPAN_S: f64 = 0.05;

/// See the module.
#[derive(Debug)]
pub struct Trend {
    /// Arrival and smoothed transit, seconds; a ring.
    points: [(f64, f64); POINTS],
    count: usize,
    base: Base,
    transit: f64,
    smoothed: f64,
}

impl Default for Trend {
    fn default() -> Self {
        Trend {
            points: [(0.0, 0.0); POINTS],
            count: 0,
            base: Base::default(),
            transit: 0.0,
            smoothed: 0.0,
        }
    }
}

impl Trend {
    /// A packet with extended RTP time `rtp` came at `now`, seconds.
    pub fn on_packet(&mut self, now: f64, rtp: u64) {
        let transit = now - rtp as f64 / f64::from(RTP_RATE);
        if self.count == 0 || (transit - self.transit).abs() > FAR_S {
            *self = Trend {
                smoothed: transit,
                ..Trend::default()
            };
        }
        self.transit = transit;
        self.base.learn(now, transit);
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * transit;
        self.points[self.count % POINTS] = (now, self.smoothed);
        self.count += 1;
    }

    /// Delay of the last packet above the least of the last seconds, seconds.
    pub fn queueing(&self) -> f64 {
        let least = self.base.least();
        least.map_or(0.0, |least| self.transit - least)
    }

    /// Seconds of delay gained in a second; `None` with too few recent packets.
    pub fn gradient(&self, now: f64) -> Option<f64> {
        let kept = &self.points[..self.count.min(POINTS)];
        let recent = || kept.iter().filter(|(at, _)| now - at <= OLD_S);
        let n = recent().count();
        if n < MIN_POINTS {
            return None;
        }
        let (sum_x, sum_y) = recent().fold((0.0, 0.0), |(x, y), p| (x + p.0, y + p.1));
        let (mean_x, mean_y) = (sum_x / n as f64, sum_y / n as f64);
        let (mut over, mut under) = (0.0, 0.0);
        for (x, y) in recent() {
            over += (x - mean_x) * (y - mean_y);
            under += (x - mean_x).powi(2);
        }
        // `under / n` is the variance of the arrivals; they must span some time.
        (under / n as f64 > MIN_SPAN_S * MIN_SPAN_S / 12.0).then(|| over / under)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 20 ms packets, each late by `delay(i)` seconds.
    fn fed(n: u64, delay: impl Fn(u64) -> f64) -> Trend {
        let mut trend = Trend::default();
        for i in 0..n {
            trend.on_packet(i as f64 * 0.02 + delay(i), 5000 + i * 960);
        }
        trend
    }

    #[test]
    fn a_steady_path_has_neither_queue_nor_gradient() {
        let trend = fed(500, |_| 0.08);
        assert!(trend.queueing().abs() < 1e-9);
        assert!(trend.gradient(500.0 * 0.02).unwrap().abs() < 1e-6);
    }

    #[test]
    fn a_filling_queue_shows_its_depth_and_its_slope() {
        // After two seconds the queue grows by 50 ms every second.
        let growing = |i: u64| (i as f64 * 0.02 - 2.0).max(0.0) * 0.05;
        let trend = fed(200, growing);
        assert!(
            (trend.queueing() - 0.0995).abs() < 1e-3,
            "{}",
            trend.queueing()
        );
        let gradient = trend.gradient(4.1).unwrap();
        assert!((gradient - 0.05).abs() < 0.006, "{gradient}");
    }

    #[test]
    fn a_draining_queue_has_a_negative_gradient() {
        let trend = fed(100, |i| 0.2 - 0.001 * i as f64);
        assert!(trend.gradient(2.0).unwrap() < -0.03);
    }

    #[test]
    fn clock_drift_is_no_queue() {
        // 200 ppm for ten minutes.
        let trend = fed(30_000, |i| i as f64 * 0.02 * 200e-6);
        assert!(trend.queueing() < 0.003, "{}", trend.queueing());
    }

    #[test]
    fn a_pause_leaves_no_gradient_and_a_new_stream_starts_anew() {
        let mut trend = fed(100, |i| 0.001 * i as f64);
        assert_eq!(trend.gradient(4.0), None);
        trend.on_packet(5.0, 1 << 40);
        assert_eq!(trend.queueing(), 0.0);
    }

    proptest! {
        #[test]
        fn any_packets_give_finite_figures(
            packets in proptest::collection::vec((0.0f64..100.0, any::<u64>()), 0..100)
        ) {
            let mut trend = Trend::default();
            for (now, rtp) in packets {
                trend.on_packet(now, rtp);
                prop_assert!(trend.queueing().is_finite() && trend.queueing() >= 0.0);
                if let Some(gradient) = trend.gradient(now) {
                    prop_assert!(gradient.is_finite());
                }
            }
        }
    }
}
