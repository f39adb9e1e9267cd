//! The bottleneck: a drop-tail queue before a link whose capacity changes, and which stops while
//! something holds it. It is served ahead of time: a packet's departure is known when it comes.

use std::collections::VecDeque;

use crate::blocks::Blocks;
use crate::chain::Walker;
use crate::random::Key;
use crate::replay::Rows;
use crate::scenario::{Capacity, Queue};
use crate::wander::{Wander, STEP_S};

/// What is not served within so long is lost.
const HORIZON_S: f64 = 60.0;
/// Two packets always fit, however slow the link.
const LEAST_BYTES: f64 = 3000.0;
/// As many packets wait at most, whatever the scenario allows.
const MAX_WAITING: usize = 65_536;

#[derive(Debug, Clone)]
pub enum Rate {
    Unlimited,
    Drawn(Box<Drawn>),
    Recorded(Rows),
}

/// Capacity by state.
#[derive(Debug, Clone)]
pub struct Drawn {
    pub walker: Walker,
    pub states: Vec<Option<Capacity>>,
    pub wander: Option<Wander>,
    pub key: Key,
}

impl Drawn {
    /// Bits a second, or None for no limit, and until when.
    fn at(&mut self, time: f64) -> (Option<f64>, f64) {
        // On a grid, so that it does not matter when one asks.
        let cell = ((time / STEP_S + 1e-6) as u64) as f64;
        let state = self.walker.at(time);
        let end = ((cell + 1.0) * STEP_S).min(self.walker.until);
        let Some(capacity) = &self.states[state] else {
            return (None, end);
        };
        let bps = match (&capacity.memory, &mut self.wander) {
            (Some(_), Some(wander)) => capacity.bps.of_normal(wander.at(cell * STEP_S)),
            _ => capacity.bps.quantile(self.key.unit(self.walker.visit)),
        };
        (Some(bps), end)
    }
}

impl Rate {
    fn at(&mut self, time: f64) -> (Option<f64>, f64) {
        let (bps, end) = match self {
            Rate::Unlimited => return (None, f64::INFINITY),
            Rate::Drawn(drawn) => drawn.at(time),
            Rate::Recorded(rows) => rows.capacity(time),
        };
        // Time passes, whatever rounding says.
        (bps, end.max(time + 1e-6))
    }
}

#[derive(Debug, Clone)]
pub struct Link {
    rate: Rate,
    holds: Blocks,
    limits: Queue,
    /// Up to here it is known what the link did.
    busy: f64,
    /// Departure and size of what is in the queue.
    waiting: VecDeque<(f64, f64)>,
    bytes: f64,
}

impl Link {
    pub fn new(rate: Rate, holds: Blocks, limits: Queue) -> Self {
        Link {
            rate,
            holds,
            limits,
            busy: 0.0,
            waiting: VecDeque::new(),
            bytes: 0.0,
        }
    }

    /// When a packet of so many bytes that comes at `now` has been sent; None if it did not fit.
    pub fn pass(&mut self, now: f64, bytes: f64) -> Option<f64> {
        while let Some(&(departure, size)) = self.waiting.front() {
            if departure > now {
                break;
            }
            self.waiting.pop_front();
            self.bytes -= size;
        }
        let full = self.bytes + bytes;
        let limit = self.limits.limit_bytes.map_or(f64::INFINITY, |n| n as f64);
        if full > limit.max(LEAST_BYTES) || self.waiting.len() >= MAX_WAITING {
            return None;
        }
        let departure = self.serve(now, bytes, full)?;
        if departure > now {
            self.waiting.push_back((departure, bytes));
            self.bytes = full;
        }
        Some(departure)
    }

    fn serve(&mut self, now: f64, bytes: f64, full: f64) -> Option<f64> {
        let mut bits = 8.0 * bytes;
        let mut checked = false;
        self.busy = self.busy.max(now);
        loop {
            while let Some((until, _)) = self.holds.at(self.busy) {
                self.busy = until;
            }
            if self.busy > now + HORIZON_S {
                return None;
            }
            let (rate, end) = self.rate.at(self.busy);
            let Some(rate) = rate else {
                return Some(self.busy);
            };
            if !std::mem::replace(&mut checked, true) {
                let limit = self
                    .limits
                    .limit_ms
                    .map_or(f64::INFINITY, |ms| ms * rate / 8e3);
                if full > limit.max(LEAST_BYTES) {
                    return None;
                }
            }
            let room = rate * (end - self.busy);
            if room >= bits {
                self.busy += bits / rate;
                return Some(self.busy);
            }
            bits -= room;
            self.busy = end;
        }
    }
}
