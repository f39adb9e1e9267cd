//! The Gilbert-Elliott chain. It steps in time: bursts last as long whatever is sent.

use crate::chain::Walker;
use crate::distribution::along;
use crate::random::Random;
use crate::scenario::Loss;

/// No step is shorter, so that time passes.
const MIN_STEP_S: f64 = 0.001;

#[derive(Debug, Clone)]
pub struct Gilbert {
    walker: Walker,
    random: Random,
    losses: Vec<Loss>,
    bad: bool,
    next: f64,
}

impl Gilbert {
    pub fn new(losses: Vec<Loss>, mut walker: Walker, mut random: Random) -> Self {
        let loss = &losses[walker.at(0.0)];
        let bad = random.unit() * (loss.p_enter + loss.p_leave) < loss.p_enter;
        // Somewhere within a step, so that packets sent at an even pace do not fall on its edges.
        let next = random.unit() * step(loss);
        Gilbert {
            walker,
            random,
            losses,
            bad,
            next,
        }
    }

    /// The chance that a packet sent at `time`, delayed by `delay_ms` beyond the base, is lost.
    /// `time` is not before the last one asked for.
    pub fn chance(&mut self, time: f64, delay_ms: f64) -> f64 {
        while self.next <= time {
            let loss = &self.losses[self.walker.at(self.next)];
            let turns = if self.bad { loss.p_leave } else { loss.p_enter };
            self.bad ^= self.random.unit() < turns;
            self.next += step(loss);
        }
        let loss = &self.losses[self.walker.at(time)];
        let own = if self.bad {
            loss.loss_bad
        } else {
            loss.loss_good
        };
        1.0 - (1.0 - own) * (1.0 - along(&loss.by_delay, delay_ms))
    }
}

fn step(loss: &Loss) -> f64 {
    (loss.step_ms * 1e-3).max(MIN_STEP_S)
}
