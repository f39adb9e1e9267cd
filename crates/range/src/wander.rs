//! A standard Gaussian process in time: a sum of Ornstein-Uhlenbeck processes on a grid.
//!
//! Between the points of the grid it runs straight, scaled so that its variance stays 1. Over a
//! change of state it goes on with the new state's memory.

use crate::chain::Walker;
use crate::random::{Key, Random};
use crate::scenario::Memory;

pub const STEP_S: f64 = 0.01;
/// The grid of what has no memory.
const FRESH_S: f64 = 0.001;

#[derive(Debug, Clone, Copy)]
struct Part {
    /// Square root of its share of the variance.
    weight: f64,
    /// Correlation over one step; None: no memory at all.
    rho: Option<f64>,
}

#[derive(Debug, Clone)]
struct Lane {
    random: Random,
    fresh: Key,
    spare: Option<f64>,
    before: f64,
    after: f64,
    rho: f64,
}

#[derive(Debug, Clone)]
pub struct Wander {
    walker: Walker,
    /// Of each state; empty where nothing wanders.
    parts: Vec<Vec<Part>>,
    lanes: Vec<Lane>,
    /// `before` is the value at this point of the grid, `after` at the next.
    point: u64,
    /// The state of the walker at `point`.
    state: usize,
}

impl Wander {
    /// None if there is no memory in any state.
    pub fn new<'a>(
        memories: impl Iterator<Item = Option<&'a Vec<Memory>>>,
        mut walker: Walker,
        key: Key,
    ) -> Option<Self> {
        let parts: Vec<Vec<Part>> = memories
            .map(|memory| memory.into_iter().flatten().map(part).collect())
            .collect();
        let lanes = parts.iter().map(Vec::len).max().filter(|&n| n > 0)?;
        let lanes = (0..lanes as u64)
            .map(|n| {
                let key = key.number(n);
                let mut random = key.part("steps").stream();
                let (before, spare) = random.normals();
                Lane {
                    random,
                    fresh: key.part("fresh"),
                    spare: Some(spare),
                    before,
                    after: before,
                    rho: 1.0,
                }
            })
            .collect();
        let state = walker.at(0.0);
        let mut wander = Wander {
            walker,
            parts,
            lanes,
            point: 0,
            state,
        };
        wander.draw_next();
        Some(wander)
    }

    /// `before` of all lanes is given; draw what comes one step later.
    fn draw_next(&mut self) {
        for (n, lane) in self.lanes.iter_mut().enumerate() {
            // A lane that this state has no use for starts afresh after it.
            let rho = self.parts[self.state].get(n).and_then(|part| part.rho);
            lane.rho = rho.unwrap_or(0.0);
            lane.after = lane.rho * lane.before + (1.0 - lane.rho * lane.rho).sqrt() * lane.draw();
        }
    }

    /// The value at a time not before the last one asked for.
    pub fn at(&mut self, time: f64) -> f64 {
        let place = time / STEP_S;
        let wanted = place as u64;
        while self.point < wanted {
            self.point += 1;
            self.state = self.walker.at(self.point as f64 * STEP_S);
            for lane in &mut self.lanes {
                lane.before = lane.after;
            }
            self.draw_next();
        }
        let along = (place - wanted as f64).clamp(0.0, 1.0);
        let state = self.walker.at(time);
        self.parts[state]
            .iter()
            .zip(&self.lanes)
            .map(|(part, lane)| {
                part.weight
                    * match part.rho {
                        Some(_) => lane.between(along),
                        None => lane.fresh.normal((time / FRESH_S) as u64),
                    }
            })
            .sum()
    }
}

impl Lane {
    fn draw(&mut self) -> f64 {
        self.spare.take().unwrap_or_else(|| {
            let (one, other) = self.random.normals();
            self.spare = Some(other);
            one
        })
    }

    fn between(&self, along: f64) -> f64 {
        let back = 1.0 - along;
        let variance = back * back + along * along + 2.0 * along * back * self.rho;
        (back * self.before + along * self.after) / variance.sqrt()
    }
}

fn part(memory: &Memory) -> Part {
    Part {
        weight: memory.share.max(0.0).sqrt(),
        rho: (memory.time_s > 0.0).then(|| libm::exp(-STEP_S / memory.time_s)),
    }
}
