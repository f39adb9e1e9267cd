//! What the receiver lacks, and whether it is time to ask for it.

use std::collections::VecDeque;

use super::note::Missing;

/// Packets that are asked for at most, and for how long, seconds.
const MOST: usize = 128;
const GIVE_UP_S: f64 = 2.0;
/// A missing packet may only have been overtaken, or its copy be on the way: it is waited for as
/// long as others lately were, at most so long, seconds.
const MOST_OVERTAKEN_S: f64 = 0.1;
/// What is left of that with each packet that comes (half of it after 1.4 s).
const FORGET: f64 = 0.99;
/// A gap of more packets than this (1.3 s) is another stream's numbers, or an outage's.
const FAR: u64 = 64;

#[derive(Clone, Copy, Debug)]
struct Hole {
    seq: u64,
    /// When a later packet came.
    since: f64,
}

/// The packets that have not come although later ones have.
#[derive(Debug)]
pub struct Holes {
    holes: VecDeque<Hole>,
    /// So many missing in a row and more are another's to repair.
    long: u64,
    newest: Option<u64>,
    /// How late overtaken packets lately came, seconds.
    overtaken: f64,
}

impl Holes {
    /// So many missing in a row as `long` and more are not asked for.
    pub fn new(long: u64) -> Self {
        Holes {
            holes: VecDeque::new(),
            long,
            newest: None,
            overtaken: 0.0,
        }
    }

    /// Another stream begins.
    pub fn clear(&mut self) {
        *self = Holes::new(self.long);
    }

    /// Packet `seq` itself came at `now`.
    pub fn came(&mut self, now: f64, seq: u64) {
        self.overtaken *= FORGET;
        self.came_unasked(now, seq);
        let Some(newest) = self.newest else {
            self.newest = Some(seq);
            return;
        };
        if seq > newest {
            if seq - newest <= FAR {
                (newest + 1..seq).for_each(|seq| self.open(now, seq));
            }
            self.newest = Some(seq);
        }
    }

    fn open(&mut self, now: f64, seq: u64) {
        if self.holes.len() == MOST {
            self.holes.pop_front();
        }
        self.holes.push_back(Hole { seq, since: now });
    }

    /// What packet `seq` held is here, and would have come without being asked for: it was
    /// overtaken, or is a copy.
    pub fn came_unasked(&mut self, now: f64, seq: u64) {
        if let Some(since) = self.fill(seq) {
            let late = 1.1 * (now - since);
            self.overtaken = self.overtaken.max(late).min(MOST_OVERTAKEN_S);
        }
    }

    /// What packet `seq` held is here. When it was first missed, if it was.
    pub fn fill(&mut self, seq: u64) -> Option<f64> {
        let at = self.holes.binary_search_by_key(&seq, |hole| hole.seq);
        at.ok()
            .and_then(|at| self.holes.remove(at))
            .map(|hole| hole.since)
    }

    /// What to ask for at `now`. What came before packet `past` is of no use any more.
    pub fn missing(&mut self, now: f64, past: u64) -> Option<Missing> {
        let useless = |hole: &Hole| hole.seq < past || now - hole.since > GIVE_UP_S;
        while self.holes.front().is_some_and(useless) {
            self.holes.pop_front();
        }
        let holes: &[Hole] = self.holes.make_contiguous();
        let runs = holes.chunk_by(|one, next| one.seq + 1 == next.seq);
        let short = runs.filter(|run| (run.len() as u64) < self.long).flatten();
        let mut due = short
            .filter(|hole| now - hole.since >= self.overtaken)
            .map(|hole| hole.seq);
        let first = due.next()?;
        let mut missing = Missing::new(first);
        due.for_each(|seq| missing.add(seq - first));
        Some(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(holes: &mut Holes, now: f64, past: u64) -> Vec<u16> {
        let missing = holes.missing(now, past);
        missing.map_or(Vec::new(), |missing| missing.seqs().collect())
    }

    #[test]
    fn a_gap_is_asked_for_until_it_is_filled_or_past() {
        let mut holes = Holes::new(u64::MAX);
        holes.came(0.0, 10);
        assert!(asked(&mut holes, 0.0, 0).is_empty());
        holes.came(0.1, 14);
        assert_eq!(asked(&mut holes, 0.1, 0), [11, 12, 13]);
        assert_eq!(holes.fill(12), Some(0.1));
        assert_eq!(asked(&mut holes, 0.2, 0), [11, 13]);
        assert_eq!(asked(&mut holes, 0.2, 12), [13]);
        assert!(asked(&mut holes, 0.1 + GIVE_UP_S + 0.1, 12).is_empty());
    }

    #[test]
    fn what_is_often_overtaken_is_not_asked_for_at_once() {
        let mut holes = Holes::new(u64::MAX);
        holes.came(0.0, 1);
        holes.came(0.02, 3);
        holes.came(0.05, 2);
        holes.came(0.06, 5);
        assert!(asked(&mut holes, 0.08, 0).is_empty());
        assert_eq!(asked(&mut holes, 0.1, 0), [4]);
    }

    #[test]
    fn what_is_long_is_not_asked_for_until_copies_have_made_it_short() {
        let mut holes = Holes::new(4);
        holes.came(0.0, 1);
        holes.came(0.1, 6);
        assert!(asked(&mut holes, 0.2, 0).is_empty());
        holes.fill(4);
        assert_eq!(asked(&mut holes, 0.2, 0), [2, 3, 5]);
    }

    #[test]
    fn where_copies_come_they_are_waited_for() {
        let mut holes = Holes::new(4);
        holes.came(0.0, 1);
        holes.came(0.04, 3);
        holes.came_unasked(0.06, 2);
        holes.came(0.08, 5);
        assert!(asked(&mut holes, 0.09, 0).is_empty());
        assert_eq!(asked(&mut holes, 0.11, 0), [4]);
    }

    #[test]
    fn a_jump_is_no_loss_and_many_losses_have_bounds() {
        let mut holes = Holes::new(u64::MAX);
        holes.came(0.0, 1);
        holes.came(0.1, 5000);
        assert!(asked(&mut holes, 0.2, 0).is_empty());
        for seq in 1..=5 {
            holes.came(0.3, 5000 + 60 * seq);
        }
        assert_eq!(holes.holes.len(), MOST);
        assert!(asked(&mut holes, 0.4, 0).len() > 90);
        assert_eq!(asked(&mut holes, 0.4, 5299), [5299]);
    }
}
