//! A direction as it was recorded.

use std::sync::Arc;

use crate::blocks::Blocks;
use crate::link::{Link, Rate};
use crate::random::Key;
use crate::range::{Fate, Reason};
use crate::scenario::{Between, Enter, Replay, Row, ScenarioError};

/// A time this close before a row's is taken for the row's: sums of 20 ms are not exact.
const EDGE_S: f64 = 1e-6;

#[derive(Debug, Clone)]
pub struct Rows {
    rows: Arc<Vec<Row>>,
    period: f64,
    entry: f64,
}

impl Rows {
    fn new(replay: &Replay, shared: Key) -> Result<Self, ScenarioError> {
        let rows = &replay.rows;
        let rising = rows.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if rows.len() < 2 || !rising {
            return Err(ScenarioError(
                "a replay needs two rows or more, with rising times".into(),
            ));
        }
        let span = rows[rows.len() - 1].0 - rows[0].0;
        // The last row lasts as long as one does on average.
        let period = span + span / (rows.len() - 1) as f64;
        let entry = match replay.enter {
            Enter::Start => 0.0,
            Enter::Anywhere => shared.part("entry").unit(0) * period,
        };
        Ok(Rows {
            rows: Arc::new(rows.clone()),
            period,
            entry,
        })
    }

    /// The row that holds at `time`, and how long ago and how long still it does.
    fn at(&self, time: f64) -> (usize, f64, f64) {
        let elapsed = time + self.entry + EDGE_S;
        let place = self.rows[0].0 + elapsed - self.period * libm::floor(elapsed / self.period);
        let row = self.rows.partition_point(|row| row.0 <= place).max(1) - 1;
        let end = match self.rows.get(row + 1) {
            Some(next) => next.0,
            None => self.rows[0].0 + self.period,
        };
        (row, place - self.rows[row].0, end - place)
    }

    pub fn capacity(&self, time: f64) -> (Option<f64>, f64) {
        let (row, _, left) = self.at(time);
        (self.rows[row].2, time + left.max(EDGE_S))
    }

    fn delay_ms(&self, time: f64, between: Between) -> Option<f64> {
        let (row, since, left) = self.at(time);
        let delay = self.rows[row].1?;
        let next = self.rows.get(row + 1).and_then(|next| next.1);
        Some(match (between, next) {
            (Between::Line, Some(next)) => delay + (next - delay) * since / (since + left),
            _ => delay,
        })
    }
}

#[derive(Debug, Clone)]
pub struct ReplayWay {
    rows: Rows,
    link: Link,
    between: Between,
    base_ms: f64,
}

impl ReplayWay {
    pub fn new(spec: &Replay, shared: Key) -> Result<Self, ScenarioError> {
        let rows = Rows::new(spec, shared)?;
        let rate = if spec.rows.iter().any(|row| row.2.is_some()) {
            Rate::Recorded(rows.clone())
        } else {
            Rate::Unlimited
        };
        Ok(ReplayWay {
            rows,
            link: Link::new(rate, Blocks::default(), spec.queue.clone()),
            between: spec.between,
            base_ms: spec.delay_ms,
        })
    }

    pub fn decide(&mut self, now: f64, bytes: f64) -> Fate {
        let Some(delay_ms) = self.rows.delay_ms(now, self.between) else {
            return Fate::Lost(Reason::Recorded);
        };
        match self.link.pass(now, bytes) {
            Some(departure) => Fate::Deliver(departure + (self.base_ms + delay_ms) * 1e-3),
            None => Fate::Lost(Reason::Queue),
        }
    }
}
