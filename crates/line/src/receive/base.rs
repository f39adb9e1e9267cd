//! The network at its best: the least transit lately.
//!
//! A packet's transit is its arrival minus its RTP time. The least of it is sought over the last
//! one to two windows, so that the drift of the clocks, and a longer way, are followed.

const WINDOW_S: f64 = 5.0;
/// After a pause of so many windows the one before says nothing about the clocks of today.
const STALE_WINDOWS: f64 = 4.0;

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Base {
    windows: Option<Windows>,
}

#[derive(Clone, Copy, Debug)]
struct Windows {
    /// When the present one began.
    start: f64,
    /// Least transit in the one before and in this one, seconds.
    least: [f64; 2],
}

impl Windows {
    fn least(&self) -> f64 {
        self.least[0].min(self.least[1])
    }
}

impl Base {
    /// A packet that came at `now` took `transit`, both seconds. Returns by how much the least
    /// has risen.
    pub fn learn(&mut self, now: f64, transit: f64) -> f64 {
        let windows = self.windows.get_or_insert(Windows {
            start: now,
            least: [transit; 2],
        });
        let mut rise = 0.0;
        let age = now - windows.start;
        if age > WINDOW_S {
            let stale = age > STALE_WINDOWS * WINDOW_S;
            let before = windows.least();
            windows.least = [if stale { transit } else { windows.least[1] }, transit];
            windows.start = now;
            rise = (windows.least() - before).max(0.0);
        }
        windows.least[1] = windows.least[1].min(transit);
        rise
    }

    /// Least transit lately, seconds; `None` before the first packet.
    pub fn least(&self) -> Option<f64> {
        self.windows.as_ref().map(Windows::least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_packet_is_the_best_and_no_rise() {
        let mut base = Base::default();
        assert_eq!(base.least(), None);
        assert_eq!(base.learn(7.0, -3.0), 0.0);
        assert_eq!(base.least(), Some(-3.0));
    }

    #[test]
    fn a_longer_way_counts_after_one_to_two_windows() {
        let mut base = Base::default();
        base.learn(0.0, 0.1);
        let rises: Vec<f64> = (1..=12).map(|s| base.learn(f64::from(s), 0.3)).collect();
        assert_eq!(base.least(), Some(0.3));
        let risen: Vec<usize> = (0..12).filter(|i| rises[*i] > 0.0).collect();
        // The window of the short way ends at 6 s, the one after it at 12 s.
        assert_eq!(risen, [11]);
        assert!((rises[11] - 0.2).abs() < 1e-9);
    }

    #[test]
    fn after_a_long_pause_nothing_of_before_counts() {
        let mut base = Base::default();
        base.learn(0.0, 0.1);
        assert!((base.learn(21.0, 0.4) - 0.3).abs() < 1e-9);
        assert_eq!(base.least(), Some(0.4));
    }
}
