//! Delay that jumps or climbs, and decays.

use crate::events::Events;

#[derive(Debug, Clone, Copy, Default)]
struct Spike {
    begin: f64,
    top: f64,
    height_ms: f64,
    decay_s: f64,
}

impl Spike {
    fn at(&self, time: f64) -> f64 {
        if self.height_ms == 0.0 || time < self.begin {
            0.0
        } else if time < self.top {
            self.height_ms * (time - self.begin) / (self.top - self.begin)
        } else {
            self.height_ms * libm::exp((self.top - time) / self.decay_s)
        }
    }
}

#[derive(Debug, Clone)]
pub struct SpikeTrain {
    events: Events,
    /// Of each state: rise and decay in s.
    shapes: Vec<(f64, f64)>,
    last: Spike,
    /// The one before, which may still be higher.
    older: Spike,
}

impl SpikeTrain {
    pub fn new(events: Events, shapes: Vec<(f64, f64)>) -> Self {
        SpikeTrain {
            events,
            shapes,
            last: Spike::default(),
            older: Spike::default(),
        }
    }

    /// Further delay in ms at a time not before the last one asked for.
    pub fn at(&mut self, time: f64) -> f64 {
        while let Some(event) = self.events.next_by(time) {
            let (rise_s, decay_s) = self.shapes[event.state];
            self.older = self.last;
            self.last = Spike {
                begin: event.begin,
                top: event.begin + rise_s,
                height_ms: event.size,
                decay_s,
            };
        }
        self.last.at(time).max(self.older.at(time))
    }
}
