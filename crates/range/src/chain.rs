//! The semi-Markov chain of states. It depends on the seed and the time alone; whoever needs it
//! walks it on its own, at its own moment, and meets the same states.

use std::sync::Arc;

use crate::distribution::Distribution;
use crate::random::{Key, Random};
use crate::scenario::{ScenarioError, Stay};

/// No stay is shorter, so that time passes.
const MIN_DWELL_S: f64 = 0.01;

#[derive(Debug)]
struct Chain {
    dwell: Vec<Distribution>,
    /// Of each state: the cumulated weights of its successors.
    next: Vec<Vec<f64>>,
}

/// One stay after another.
#[derive(Debug, Clone)]
pub struct Walker {
    chain: Arc<Chain>,
    random: Random,
    pub state: usize,
    /// Counts stays.
    pub visit: u64,
    pub since: f64,
    pub until: f64,
}

impl Walker {
    /// In one state for ever.
    pub fn resting() -> Self {
        Walker {
            chain: Arc::new(Chain {
                dwell: Vec::new(),
                next: Vec::new(),
            }),
            random: Key::new(0).stream(),
            state: 0,
            visit: 0,
            since: 0.0,
            until: f64::INFINITY,
        }
    }

    /// In the midst of a chain at time 0: each state with the share of time it takes, and each
    /// stay in its length's share.
    pub fn new(stays: &[Stay], key: Key) -> Result<Self, ScenarioError> {
        if stays.len() == 1 {
            return Ok(Walker::resting());
        }
        let next = stays
            .iter()
            .enumerate()
            .map(|(n, stay)| successors(n, stay, stays))
            .collect::<Result<Vec<_>, _>>()?;
        let dwell: Vec<_> = stays.iter().map(|stay| stay.dwell_s.clone()).collect();
        let chain = Chain { dwell, next };
        let mut random = key.stream();
        let state = chain.any_state(&mut random);
        let left = chain.dwell[state].residual(&mut random).max(MIN_DWELL_S);
        Ok(Walker {
            chain: Arc::new(chain),
            random,
            state,
            visit: 0,
            since: 0.0,
            until: left,
        })
    }

    /// To the next stay.
    pub fn advance(&mut self) {
        let next = &self.chain.next[self.state];
        self.state = pick(next, self.random.unit());
        self.visit += 1;
        self.since = self.until;
        let dwell = self.chain.dwell[self.state].draw(&mut self.random);
        self.until += dwell.max(MIN_DWELL_S);
    }

    /// The state at a time not before the last one asked for.
    pub fn at(&mut self, time: f64) -> usize {
        while time >= self.until {
            self.advance();
        }
        self.state
    }
}

impl Chain {
    fn any_state(&self, random: &mut Random) -> usize {
        let n = self.dwell.len();
        let mut visits = vec![1.0 / n as f64; n];
        // Half of each stays, or a chain that only alternates would never settle.
        for _ in 0..1000 {
            let mut after: Vec<f64> = visits.iter().map(|share| 0.5 * share).collect();
            for (from, share) in visits.iter().enumerate() {
                let mut before = 0.0;
                for (to, &upto) in self.next[from].iter().enumerate() {
                    after[to] += 0.5 * share * (upto - before);
                    before = upto;
                }
            }
            visits = after;
        }
        let mut upto = 0.0;
        let mut shares: Vec<f64> = visits
            .iter()
            .zip(&self.dwell)
            .map(|(visits, dwell)| {
                upto += visits * dwell.mean().max(MIN_DWELL_S);
                upto
            })
            .collect();
        shares.iter_mut().for_each(|share| *share /= upto);
        pick(&shares, random.unit())
    }
}

fn pick(cumulated: &[f64], unit: f64) -> usize {
    let n = cumulated.partition_point(|&upto| upto <= unit);
    n.min(cumulated.len() - 1)
}

fn successors(n: usize, stay: &Stay, stays: &[Stay]) -> Result<Vec<f64>, ScenarioError> {
    let weight = |other: usize| match stay.next.get(&stays[other].name) {
        Some(&weight) => weight,
        None if stay.next.is_empty() && other != n => 1.0,
        None => 0.0,
    };
    let total: f64 = (0..stays.len()).map(weight).sum();
    if !(total > 0.0 && total.is_finite()) {
        return Err(ScenarioError(format!("nothing follows {}", stay.name)));
    }
    let mut upto = 0.0;
    Ok((0..stays.len())
        .map(|other| {
            upto += weight(other) / total;
            upto
        })
        .collect())
}
