//! A token bucket: how much of something a far end may send.

/// See the module. Time is what the caller passes in, seconds.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    per_s: f64,
    burst: f64,
    tokens: f64,
    filled_at: f64,
}

impl Limit {
    /// `per_s` of them a second for as long as one likes, and `burst` at once.
    pub fn new(now: f64, per_s: f64, burst: f64) -> Self {
        Limit {
            per_s,
            burst,
            tokens: burst,
            filled_at: now,
        }
    }

    /// It is `now`.
    pub fn pass(&mut self, now: f64) {
        let refill = (now - self.filled_at).max(0.0) * self.per_s;
        self.tokens = (self.tokens + refill).min(self.burst);
        self.filled_at = self.filled_at.max(now);
    }

    /// May one more come at `now`?
    pub fn allows(&mut self, now: f64) -> bool {
        self.pass(now);
        self.tokens >= 1.0
    }

    /// Was more than half of a burst spent, by the time that was last told?
    pub fn low(&self) -> bool {
        self.tokens < 0.5 * self.burst
    }

    /// One came that counts.
    pub fn spend(&mut self) {
        self.tokens -= 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(limit: &mut Limit, now: f64, offered: usize) -> usize {
        let take = |limit: &mut Limit| {
            let allowed = limit.allows(now);
            if allowed {
                limit.spend();
            }
            allowed
        };
        (0..offered).filter(|_| take(limit)).count()
    }

    #[test]
    fn a_burst_passes_and_then_what_time_brings() {
        let mut limit = Limit::new(5.0, 10.0, 30.0);
        assert_eq!(taken(&mut limit, 5.0, 100), 30);
        assert_eq!(taken(&mut limit, 6.05, 100), 10);
        assert_eq!(taken(&mut limit, 1000.0, 100), 30);
    }

    #[test]
    fn time_that_steps_back_brings_nothing_twice() {
        let mut limit = Limit::new(0.0, 10.0, 10.0);
        assert_eq!(taken(&mut limit, 1.0, 100), 10);
        assert_eq!(taken(&mut limit, 0.0, 100), 0);
        assert_eq!(taken(&mut limit, 1.0, 100), 0);
    }

    #[test]
    fn more_than_half_of_a_burst_is_missed() {
        let mut limit = Limit::new(0.0, 1.0, 10.0);
        assert_eq!((taken(&mut limit, 0.0, 5), limit.low()), (5, false));
        assert_eq!((taken(&mut limit, 0.0, 1), limit.low()), (1, true));
        limit.pass(1.0);
        assert!(!limit.low());
    }

    #[test]
    fn what_is_not_spent_costs_nothing() {
        let mut limit = Limit::new(0.0, 1.0, 1.0);
        assert!((0..100).all(|_| limit.allows(0.0)));
    }
}
