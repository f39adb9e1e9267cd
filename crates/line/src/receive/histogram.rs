//! A histogram of delays that forgets: how long must one wait to have what share of packets?

/// Width of a bin, seconds.
pub const BIN_S: f64 = 0.004;
/// Delays are told apart up to one second.
const BINS: usize = 250;

/// Delays lately seen, the recent ones weighing most. It starts as if `prior` delays of zero had
/// been seen, so that one early accident is not taken for the rule.
#[derive(Clone, Debug)]
pub struct Histogram {
    bins: [f32; BINS],
    total: f32,
    memory: f32,
    /// Seconds by which delays shall be lowered, less than a bin.
    owed: f64,
}

impl Histogram {
    /// `memory`: after so many further delays one weighs 1/e.
    pub fn new(prior: f32, memory: f32) -> Self {
        let mut bins = [0.0; BINS];
        bins[0] = prior;
        Self {
            bins,
            total: prior,
            memory,
            owed: 0.0,
        }
    }

    /// Learn a delay, seconds; below zero counts as zero, beyond the last bin as the last.
    pub fn add(&mut self, delay: f64) {
        if self.total + 1.0 > self.memory {
            let keep = (self.memory - 1.0) / self.total;
            self.bins.iter_mut().for_each(|weight| *weight *= keep);
            self.total = self.memory - 1.0;
        }
        // A cast of what is below zero, or no number, gives 0.
        self.bins[((delay / BIN_S) as usize).min(BINS - 1)] += 1.0;
        self.total += 1.0;
    }

    /// All delays were less by so much: what they are measured from has moved.
    pub fn lower(&mut self, seconds: f64) {
        self.owed += seconds;
        let bins = ((self.owed / BIN_S) as usize).min(BINS - 1);
        if bins == 0 {
            return;
        }
        self.owed = (self.owed - bins as f64 * BIN_S).min(BIN_S);
        let zero: f32 = self.bins[..=bins].iter().sum();
        self.bins.copy_within(bins.., 0);
        self.bins[BINS - bins..].fill(0.0);
        self.bins[0] = zero;
    }

    /// Delay that `share` (0 … 1) of packets did not exceed: the upper edge of a bin, seconds.
    pub fn quantile(&self, share: f32) -> f64 {
        let mut left = self.total * share;
        let reached = self.bins.iter().position(|weight| {
            left -= weight;
            left <= 0.0
        });
        edge(reached.unwrap_or(BINS - 1))
    }

    /// The wait that costs least, if a second of it costs 1 and each packet that comes later than
    /// it costs `price` times its share: an upper edge of a bin, seconds.
    pub fn cheapest(&self, price: f64) -> f64 {
        let mut later = self.total;
        let mut best = (0, f64::INFINITY);
        for (i, weight) in self.bins.iter().enumerate() {
            later -= weight;
            let cost = edge(i) + price * f64::from((later / self.total).max(0.0));
            if cost < best.1 - 1e-9 {
                best = (i, cost);
            }
        }
        edge(best.0)
    }
}

fn edge(bin: usize) -> f64 {
    (bin + 1) as f64 * BIN_S
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_follows_and_forgets() {
        let mut h = Histogram::new(0.0, 100.0);
        (0..200).for_each(|i| h.add(if i % 10 == 0 { 0.1 } else { 0.0 }));
        assert_eq!(h.quantile(0.5), BIN_S);
        assert!((h.quantile(0.95) - 0.104).abs() < 1e-9);
        (0..300).for_each(|_| h.add(0.0));
        assert_eq!(h.quantile(0.95), BIN_S);
    }

    #[test]
    fn a_wait_is_worth_its_price() {
        let mut h = Histogram::new(0.0, 1000.0);
        (0..500).for_each(|i| h.add(if i % 20 == 0 { 0.08 } else { 0.0 }));
        // 5 % later by 80 ms: at 1 s for all of them that costs 50 ms, at 2 s 100 ms.
        assert_eq!(h.cheapest(1.0), BIN_S);
        assert!((h.cheapest(2.0) - 0.084).abs() < 1e-9);
    }

    #[test]
    fn what_delays_are_measured_from_can_move() {
        let mut h = Histogram::new(10.0, 1000.0);
        (0..100).for_each(|_| h.add(0.3));
        (0..100).for_each(|_| h.lower(0.001));
        assert!(
            (h.quantile(0.5) - 0.204).abs() < BIN_S + 1e-9,
            "{}",
            h.quantile(0.5)
        );
        h.lower(7.0);
        assert_eq!(h.quantile(1.0), BIN_S);
    }

    #[test]
    fn nonsense_is_taken_for_zero() {
        let mut h = Histogram::new(0.0, 10.0);
        [f64::NAN, -1.0, f64::NEG_INFINITY]
            .iter()
            .for_each(|d| h.add(*d));
        assert_eq!(h.quantile(1.0), BIN_S);
        h.add(f64::INFINITY);
        assert!((h.quantile(1.0) - 1.0).abs() < 1e-9);
    }
}
