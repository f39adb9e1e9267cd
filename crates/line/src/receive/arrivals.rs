//! When packets come, against when they were sent: what both receive buffers learn from it.
//!
//! What a packet took beyond the network at its best (see `base`) is its relative delay.
//!
//! How long to wait for packets is learnt from two histograms, as NetEq does:
//! - of every packet, with a memory of seconds. A wait is chosen by its price: one second more of
//!   it for all against a share of packets that come later. A delay that many packets have is
//!   learnt within some packets; a stall that comes alone is not, because its packets are spread
//!   thin over its length.
//! - of the worst packet in every half second. What recurs there is covered (a radio that scans
//!   every few seconds, the far tail of a jitter); it is forgotten some seconds after it ends.

use crate::opus::RTP_RATE;
use crate::receive::base::Base;
use crate::receive::histogram::Histogram;

/// A packet this far from the stream's time belongs to no stream we know.
const FAR_S: f64 = 2.5;
/// So many consistent far packets in a row are a new stream (a restarted sender).
const FAR_PACKETS: u32 = 3;
/// After so long without a packet the first far one starts a new stream.
const QUIET_S: f64 = 0.5;
/// Packets remembered (5 s of 20 ms packets), and as many of no delay assumed before the first.
const MEMORY: f32 = 250.0;
const PRIOR: f32 = 50.0;
/// Of each such time the worst delay counts as one; so many are remembered and assumed. One
/// alone weighs less than the share left uncovered, two within the memory more.
const WORST_OF_S: f64 = 0.5;
const WORST_MEMORY: f32 = 24.0;
const WORST_COVERED: f32 = 0.95;
/// Wait that is worth it if every half second had a packet that came later, seconds.
const WORST_PRICE_S: f64 = 4.0;

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
    base: Base,
    last: Option<(f64, u64)>,
    jitter: f64,
    delays: Histogram,
    worst: Histogram,
    /// When this half second began, and the worst delay in it.
    half: (f64, f64),
    far_run: u32,
    far_transit: f64,
}

impl Default for Arrivals {
    fn default() -> Self {
        Self {
            base: Base::default(),
            last: None,
            jitter: 0.0,
            delays: Histogram::new(PRIOR, MEMORY),
            worst: Histogram::new(WORST_MEMORY, WORST_MEMORY),
            half: (f64::NEG_INFINITY, 0.0),
            far_run: 0,
            far_transit: 0.0,
        }
    }
}

fn transit(now: f64, rtp: u64) -> f64 {
    now - rtp as f64 / f64::from(RTP_RATE)
}

impl Arrivals {
    /// Judge a packet that arrived at `now`, sent `ahead` seconds before its time, and learn from
    /// it if it is of the stream. `needed`: nothing else has brought what is in it; only then its
    /// delay is one to be waited for.
    pub fn judge(&mut self, now: f64, ahead: f64, rtp: u64, needed: bool) -> Verdict {
        let transit = transit(now + ahead, rtp);
        let away = |least: f64| (transit - least).abs() > FAR_S;
        if self.base.least().is_some_and(away) {
            let quiet = self.last.is_some_and(|(at, _)| now - at > QUIET_S);
            let alike = self.far_run > 0 && (transit - self.far_transit).abs() < 0.5;
            self.far_run = if alike { self.far_run + 1 } else { 1 };
            self.far_transit = transit;
            if !quiet && self.far_run < FAR_PACKETS {
                return Verdict::Far;
            }
            self.restart();
            self.learn(now, ahead, rtp, needed);
            return Verdict::Restart;
        }
        self.far_run = 0;
        self.learn(now, ahead, rtp, needed);
        Verdict::Take
    }

    /// The next packet is of a stream with another clock. What is known of the network stays.
    pub fn restart(&mut self) {
        self.base = Base::default();
        self.last = None;
        self.far_run = 0;
    }

    fn learn(&mut self, now: f64, ahead: f64, rtp: u64, needed: bool) {
        let in_time = now + ahead;
        let transit = transit(in_time, rtp);
        let rise = self.base.learn(now, transit);
        if rise > 0.0 {
            // A longer way, or a slower clock: what was late for the old base is not any more.
            self.delays.lower(rise);
            self.worst.lower(rise);
        }
        if let Some((at, before)) = self.last {
            let sent = rtp as f64 - before as f64;
            let d = (in_time - at - sent / f64::from(RTP_RATE)).abs().min(FAR_S);
            self.jitter += (d - self.jitter) / 16.0;
        }
        self.last = Some((in_time, rtp));
        if let (Some(least), true) = (self.base.least(), needed) {
            let late = (transit - ahead - least).max(0.0);
            self.delays.add(late);
            if now - self.half.0 >= WORST_OF_S {
                if self.half.0.is_finite() {
                    self.worst.add(self.half.1);
                }
                self.half = (now, late);
            }
            self.half.1 = self.half.1.max(late);
        }
    }

    /// A packet that never came itself could be rebuilt when something else arrived at `now` (a
    /// copy, FEC): the wait that would have made it whole.
    pub fn rescued(&mut self, now: f64, rtp: u64) {
        if let Some(expected) = self.expected(rtp) {
            self.delays.add((now - expected).max(0.0));
        }
    }

    /// How long after the network's best a packet is to be waited for, seconds. `price`: wait
    /// that is worth it if it saved every packet (2 s: 20 ms for each per cent).
    pub fn wait(&self, price: f64) -> f64 {
        let recurring = self
            .worst
            .quantile(WORST_COVERED)
            .min(self.worst.cheapest(WORST_PRICE_S));
        self.delays.cheapest(price).max(recurring)
    }

    /// When a packet of this RTP time arrives if the network is at its best; `None` before the
    /// first packet of a stream.
    pub fn expected(&self, rtp: u64) -> Option<f64> {
        let least = self.base.least()?;
        Some(least + rtp as f64 / f64::from(RTP_RATE))
    }

    /// The same if the network is as it was for the newest packet, but not before `expected`.
    pub fn expected_now(&self, rtp: u64) -> Option<f64> {
        let (at, newest) = self.last?;
        let now = at + (rtp as f64 - newest as f64) / f64::from(RTP_RATE);
        Some(now.max(self.expected(rtp)?))
    }

    /// RFC 3550 interarrival jitter, seconds.
    pub fn jitter(&self) -> f64 {
        self.jitter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: f64 = 2.0;

    /// Packets of 20 ms from number `from` on, each late by what `late` says (seconds).
    fn feed(a: &mut Arrivals, from: u64, n: u64, late: impl Fn(u64) -> f64) -> u64 {
        for i in from..from + n {
            a.judge(5.0 + i as f64 * 0.02 + late(i), 0.0, 1000 + i * 960, true);
        }
        from + n
    }

    #[test]
    fn clean_stream_needs_no_wait() {
        let mut a = Arrivals::default();
        feed(&mut a, 0, 500, |_| 0.0);
        assert!(a.jitter() < 1e-6);
        assert!(a.wait(PRICE) < 0.005);
        assert!((a.expected(1000).unwrap() - 5.0).abs() < 1e-6);
    }

    #[test]
    fn a_wait_is_learnt_at_once_and_forgotten() {
        let mut a = Arrivals::default();
        let late = |i: u64| if i.is_multiple_of(10) { 0.1 } else { 0.0 };
        let n = feed(&mut a, 0, 101, late);
        assert!((0.1..=0.11).contains(&a.wait(PRICE)), "{}", a.wait(PRICE));
        feed(&mut a, n, 1500, |_| 0.0);
        assert!(a.wait(PRICE) < 0.005);
    }

    #[test]
    fn what_is_sent_before_its_time_need_not_be_waited_for() {
        let late = |i: u64| if i.is_multiple_of(10) { 0.1 } else { 0.0 };
        for (ahead, waits) in [(0.02, 0.08), (0.2, 0.0)] {
            let mut a = Arrivals::default();
            for i in 0..200u64 {
                a.judge(
                    5.0 + i as f64 * 0.02 - ahead + late(i),
                    ahead,
                    i * 960,
                    true,
                );
            }
            assert!((a.wait(PRICE) - waits).abs() < 0.012, "{}", a.wait(PRICE));
            assert!((a.expected(0).unwrap() - 5.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_stall_that_comes_alone_is_not_waited_for() {
        for from in [30, 300] {
            let mut a = Arrivals::default();
            let stall = |i: u64| {
                if (from..from + 50).contains(&i) {
                    (from + 50 - i) as f64 * 0.02
                } else {
                    0.0
                }
            };
            feed(&mut a, 0, from + 51, stall);
            assert!(a.wait(PRICE) < 0.03, "{}", a.wait(PRICE));
        }
    }

    #[test]
    fn a_stall_that_recurs_is_waited_for_while_it_does() {
        let mut a = Arrivals::default();
        let stall = |i: u64| match i % 200 {
            k @ 100..110 => (110 - k) as f64 * 0.02,
            _ => 0.0,
        };
        let n = feed(&mut a, 0, 600, stall);
        assert!((0.19..=0.21).contains(&a.wait(PRICE)), "{}", a.wait(PRICE));
        feed(&mut a, n, 750, |_| 0.0);
        assert!(a.wait(PRICE) < 0.005);
    }

    #[test]
    fn rescues_are_waited_for_if_they_are_frequent() {
        for (every, worth) in [(5, true), (400, false)] {
            let mut a = Arrivals::default();
            for i in 0..800u64 {
                let now = i as f64 * 0.02;
                if i % every != 1 {
                    a.judge(now, 0.0, i * 960, true);
                } else {
                    a.rescued(now + 0.08, i * 960);
                }
            }
            assert_eq!(a.wait(PRICE) > 0.08, worth, "{}", a.wait(PRICE));
            assert!(a.wait(0.1) < 0.005);
        }
    }

    #[test]
    fn a_longer_way_is_not_lateness_for_ever() {
        let mut a = Arrivals::default();
        let n = feed(&mut a, 0, 500, |_| 0.0);
        let n = feed(&mut a, n, 50, |_| 0.3);
        assert!(a.wait(PRICE) > 0.25);
        feed(&mut a, n, 600, |_| 0.3);
        assert!(a.wait(PRICE) < 0.01, "{}", a.wait(PRICE));
    }

    #[test]
    fn one_wild_timestamp_is_dropped_and_three_restart() {
        let mut a = Arrivals::default();
        let mut judge = |now: f64, rtp: u64| a.judge(now, 0.0, rtp, true);
        (0..50u64).for_each(|i| assert_eq!(judge(i as f64 * 0.02, i * 960), Verdict::Take));
        assert_eq!(judge(1.0, 1 << 40), Verdict::Far);
        assert_eq!(judge(1.02, 51 * 960), Verdict::Take);
        let far = [0u64, 1, 2].map(|i| judge(1.04 + i as f64 * 0.02, (1 << 33) + i * 960));
        assert_eq!(far, [Verdict::Far, Verdict::Far, Verdict::Restart]);
    }

    #[test]
    fn clock_drift_is_followed() {
        let mut a = Arrivals::default();
        // The far clock runs 0.1 % slow: transit grows by 60 ms a minute.
        for i in 0..6000u64 {
            a.judge(i as f64 * 0.020_02, 0.0, i * 960, true);
        }
        assert!(a.wait(PRICE) <= 0.016, "{}", a.wait(PRICE));
    }
}
