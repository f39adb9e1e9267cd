//! Handovers on a grid of time. Each is a function of its number.

use crate::distribution::Distribution;
use crate::random::Key;
use crate::scenario::{Handovers, Mode};

#[derive(Debug, Clone)]
pub struct Grid {
    spec: Handovers,
    offset: f64,
    key: Key,
    /// The last one asked for, and its number.
    last: Option<(i64, Handover)>,
}

#[derive(Debug, Clone, Copy)]
pub struct Handover {
    /// The gap's end.
    pub until: f64,
    pub shift_ms: f64,
}

impl Grid {
    pub fn new(spec: Handovers, key: Key) -> Self {
        let anywhere = key.part("offset").unit(0) * spec.every_s;
        let offset = spec.offset_s.unwrap_or(anywhere);
        Grid {
            spec,
            offset,
            key,
            last: None,
        }
    }

    /// The last handover begun by `time`.
    pub fn at(&mut self, time: f64) -> Handover {
        let mut n = libm::floor((time - self.offset) / self.spec.every_s) as i64;
        if self.begin(n) > time {
            n -= 1;
        }
        match self.last {
            Some((number, handover)) if number == n => handover,
            _ => {
                let handover = self.number(n);
                self.last = Some((n, handover));
                handover
            }
        }
    }

    fn number(&self, n: i64) -> Handover {
        let draw = |name, distribution: &Distribution| {
            distribution.quantile(self.key.part(name).unit(n as u64))
        };
        Handover {
            until: self.begin(n) + draw("gap", &self.spec.gap_ms) * 1e-3,
            shift_ms: self
                .spec
                .shift_ms
                .as_ref()
                .map_or(0.0, |shift| draw("shift", shift)),
        }
    }

    fn begin(&self, n: i64) -> f64 {
        let late = self.spec.jitter_s * self.key.part("jitter").unit(n as u64);
        self.offset + n as f64 * self.spec.every_s + late
    }

    pub fn mode(&self) -> Mode {
        self.spec.mode
    }
}
