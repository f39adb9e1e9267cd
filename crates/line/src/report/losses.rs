//! Which packets of a stream the network lost, and in runs of what length.
//!
//! This is the network's account, before any repair: a packet counts as lost once three later
//! ones have come (as in RFC 5681) or nothing has come for [`PATIENCE_S`] since a later one did.
//! One that comes after all is *reordered* before that, and *late* afterwards.

/// Later packets that say that one before them is lost.
const LATER: u32 = 3;
/// Seconds without a packet after which a hole is judged all the same.
const PATIENCE_S: f64 = 0.1;
/// Sequence numbers kept in mind.
const MEMORY: u32 = 64;
/// A step further than this, either way, is another stream (60 s of 20 ms packets).
const FAR: u64 = 3000;

/// Counts since the last [`Losses::take`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LossCounts {
    pub received: u64,
    pub lost: u64,
    /// Came after a later one, and in time not to count as lost.
    pub reordered: u64,
    /// Came after they had been counted as lost.
    pub late: u64,
    /// Runs of consecutive lost packets that ended: of 1, 2–3, 4–9, 10 and more.
    pub runs: [u64; 4],
    /// The longest run that ended or goes on, packets.
    pub longest: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Losses {
    highest: Option<u64>,
    /// Bit i: packet `highest - i` has come.
    seen: u64,
    /// How many packets below and including `highest` have not been judged.
    open: u32,
    run: u64,
    last_at: f64,
    counts: LossCounts,
}

impl Losses {
    /// A packet with extended sequence number `seq` came at `now`. Duplicates are ignored.
    pub fn on_packet(&mut self, now: f64, seq: u64) {
        let Some(highest) = self.highest else {
            return self.begin(now, seq);
        };
        if seq.abs_diff(highest) > FAR {
            self.judge(0);
            return self.begin(now, seq);
        }
        if seq <= highest {
            return self.on_old(highest - seq);
        }
        self.last_at = now;
        self.counts.received += 1;
        let step = seq - highest;
        self.highest = Some(seq);
        if step >= u64::from(MEMORY) {
            // All that was open, and the packets that were never in mind, are judged at once.
            self.judge(0);
            self.miss(step - u64::from(LATER));
            self.seen = 1;
            self.open = LATER;
        } else {
            // Make room: what would leave the memory is judged first.
            let room = MEMORY - step as u32;
            if self.open > room {
                self.judge(room);
            }
            self.seen = self.seen << step | 1;
            self.open += step as u32;
        }
        self.judge(LATER);
    }

    fn begin(&mut self, now: f64, seq: u64) {
        self.highest = Some(seq);
        self.seen = 1;
        self.open = 0;
        self.run = 0;
        self.last_at = now;
        self.counts.received += 1;
    }

    fn on_old(&mut self, back: u64) {
        if back >= u64::from(MEMORY) {
            self.counts.late += 1;
            return;
        }
        let bit = 1 << back;
        if self.seen & bit != 0 {
            return;
        }
        self.seen |= bit;
        self.counts.received += 1;
        if back < u64::from(self.open) {
            self.counts.reordered += 1;
        } else {
            self.counts.late += 1;
        }
    }

    /// Judges the open packets, oldest first, until `keep` are left.
    fn judge(&mut self, keep: u32) {
        while self.open > keep {
            self.open -= 1;
            if self.seen & (1 << self.open) == 0 {
                self.miss(1);
            } else {
                self.end_run();
            }
        }
    }

    fn miss(&mut self, packets: u64) {
        self.counts.lost += packets;
        self.run += packets;
        self.counts.longest = self.counts.longest.max(self.run);
    }

    fn end_run(&mut self) {
        let class = match self.run {
            0 => return,
            1 => 0,
            2..=3 => 1,
            4..=9 => 2,
            _ => 3,
        };
        self.counts.runs[class] += 1;
        self.run = 0;
    }

    /// The counts since the last time.
    pub fn take(&mut self, now: f64) -> LossCounts {
        if now - self.last_at >= PATIENCE_S {
            self.judge(0);
        }
        let counts = std::mem::take(&mut self.counts);
        self.counts.longest = self.run;
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(seqs: impl IntoIterator<Item = u64>) -> LossCounts {
        let mut losses = Losses::default();
        let mut now = 0.0;
        for seq in seqs {
            losses.on_packet(now, seq);
            now += 0.02;
        }
        losses.take(now + 1.0)
    }

    #[test]
    fn a_whole_stream_loses_nothing() {
        let counts = of(100..400);
        assert_eq!(
            counts,
            LossCounts {
                received: 300,
                ..LossCounts::default()
            }
        );
    }

    #[test]
    fn runs_are_counted_by_their_length() {
        let lost = [
            5, 10, 11, 20, 21, 22, 23, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50,
        ];
        let counts = of((0..100).filter(|seq| !lost.contains(seq)));
        assert_eq!(counts.lost, 18);
        assert_eq!(counts.runs, [1, 1, 1, 1]);
        assert_eq!(counts.longest, 11);
        assert_eq!((counts.reordered, counts.late), (0, 0));
    }

    #[test]
    fn an_outage_longer_than_the_memory_is_one_run() {
        let counts = of((0..10).chain(510..520));
        assert_eq!((counts.lost, counts.runs), (500, [0, 0, 0, 1]));
        assert_eq!(counts.longest, 500);
    }

    #[test]
    fn what_is_overtaken_is_reordered_and_what_comes_too_late_is_late() {
        let counts = of([0, 1, 3, 2, 4, 5, 7, 8, 9, 10, 6]);
        assert_eq!((counts.lost, counts.reordered, counts.late), (1, 1, 1));
        assert_eq!(counts.received, 11);
        assert_eq!(counts.runs, [1, 0, 0, 0]);
    }

    #[test]
    fn duplicates_count_once_and_a_new_stream_is_no_loss() {
        let counts = of([0, 1, 1, 0, 2, 1 << 40, (1 << 40) + 1]);
        assert_eq!((counts.received, counts.lost), (5, 0));
    }

    #[test]
    fn the_end_of_a_burst_before_a_pause_is_judged_by_time() {
        let mut losses = Losses::default();
        losses.on_packet(0.0, 1);
        losses.on_packet(0.02, 3);
        assert_eq!(losses.take(0.03).lost, 0);
        assert_eq!(losses.take(0.13).lost, 1);
    }

    #[test]
    fn a_run_that_goes_on_is_told_as_the_longest() {
        let mut losses = Losses::default();
        losses.on_packet(0.0, 0);
        losses.on_packet(0.0, 100);
        let counts = losses.take(0.01);
        assert_eq!((counts.lost, counts.longest), (97, 97));
        let counts = losses.take(0.2);
        assert_eq!((counts.lost, counts.longest), (2, 99));
        assert_eq!(counts.runs, [0, 0, 0, 1]);
    }

    proptest! {
        /// Whatever comes in whatever order: every packet is received or lost, and runs add up.
        #[test]
        fn nothing_is_counted_twice(mut order in proptest::collection::vec(0u64..40, 1..80)) {
            order.insert(0, 0);
            order.push(60);
            let counts = of(order.iter().copied());
            let different: std::collections::HashSet<_> = order.iter().collect();
            prop_assert_eq!(counts.received, different.len() as u64);
            prop_assert_eq!(counts.received + counts.lost - counts.late, 61);
            prop_assert!(counts.runs.iter().sum::<u64>() <= counts.lost);
            prop_assert!(counts.longest <= counts.lost);
        }

        #[test]
        fn any_numbers_are_survived(seqs in proptest::collection::vec(any::<u64>(), 0..200)) {
            of(seqs);
        }
    }
}
