//! Things that happen now and then while a state lasts: a renewal process for each stay.

use crate::chain::Walker;
use crate::distribution::Distribution;
use crate::random::Random;

/// No two come closer, so that time passes.
const MIN_GAP_S: f64 = 0.001;

/// What happens in one state.
#[derive(Debug, Clone)]
pub struct Kind {
    pub every_s: Distribution,
    /// Length or height, whatever it means.
    pub size: Distribution,
    /// How much of the size keeps the next one waiting, in s; and what does beside.
    pub size_s: f64,
    pub beside_s: f64,
    pub random: Random,
}

#[derive(Debug, Clone, Copy)]
pub struct Event {
    pub state: usize,
    pub begin: f64,
    pub size: f64,
}

#[derive(Debug, Clone)]
pub struct Events {
    walker: Walker,
    kinds: Vec<Option<Kind>>,
    pending: Option<Event>,
    /// From when the next gap counts.
    cursor: f64,
    /// No more in this stay.
    done: bool,
    first: bool,
}

impl Events {
    /// None if nothing happens in any state.
    pub fn new(kinds: Vec<Option<Kind>>, walker: Walker) -> Option<Self> {
        kinds.iter().any(Option::is_some).then_some(Events {
            walker,
            kinds,
            pending: None,
            cursor: 0.0,
            done: false,
            first: true,
        })
    }

    /// The next event that has begun by `time`, in order.
    pub fn next_by(&mut self, time: f64) -> Option<Event> {
        loop {
            if let Some(event) = self.pending {
                if event.begin > time {
                    return None;
                }
                self.pending = None;
                return Some(event);
            }
            if !self.done {
                self.plan();
            } else if self.walker.until <= time {
                self.walker.advance();
                self.cursor = self.cursor.max(self.walker.since);
                self.done = false;
                self.first = false;
            } else {
                return None;
            }
        }
    }

    /// The next event of this stay, or none.
    fn plan(&mut self) {
        let state = self.walker.state;
        let Some(kind) = &mut self.kinds[state] else {
            self.done = true;
            return;
        };
        // At time 0 one comes into the midst of a gap.
        let gap = if std::mem::take(&mut self.first) {
            kind.every_s.residual(&mut kind.random)
        } else {
            kind.every_s.draw(&mut kind.random)
        };
        let begin = self.cursor + gap.max(MIN_GAP_S);
        if begin >= self.walker.until {
            self.done = true;
            return;
        }
        let size = kind.size.draw(&mut kind.random);
        self.cursor = begin + size * kind.size_s + kind.beside_s;
        self.pending = Some(Event { state, begin, size });
    }
}
