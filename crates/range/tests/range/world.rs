//! Scenarios in a few words, and what becomes of an even stream of packets.

use serde_json::{json, Value};
use visavis_range::{Direction, Fate, Range, Reason};

/// What does nothing: no delay, no loss.
pub fn state(changes: Value) -> Value {
    let mut state = json!({
        "delay_ms": 0.0, "queueing_ms": null, "spikes": null, "outages": null, "capacity": null,
        "loss": loss(json!({})),
    });
    merge(&mut state, changes);
    state
}

pub fn loss(changes: Value) -> Value {
    let mut loss = json!({
        "p_enter": 0.0, "p_leave": 1.0, "loss_good": 0.0, "loss_bad": 1.0, "step_ms": 20.0,
        "by_delay": [],
    });
    merge(&mut loss, changes);
    loss
}

pub fn fixed(value: f64) -> Value {
    json!({"kind": "fixed", "value": value})
}

pub fn exponential(mean: f64) -> Value {
    json!({"kind": "exponential", "mean": mean, "max": null})
}

/// A direction with one state.
pub fn way(state: Value, changes: Value) -> Value {
    let mut way = json!({
        "kind": "generative", "ordered": true, "chain": null, "own_chain": false,
        "states": {"only": state}, "handovers": null,
        "queue": {"limit_bytes": null, "limit_ms": 300.0},
    });
    merge(&mut way, changes);
    way
}

pub fn both(way: &Value) -> String {
    json!({"up": way, "down": way}).to_string()
}

pub fn of_state(changes: Value) -> String {
    both(&way(state(changes), json!({})))
}

fn merge(into: &mut Value, changes: Value) {
    let into = into.as_object_mut().unwrap();
    into.extend(changes.as_object().unwrap().clone());
}

pub fn range(scenario: &str, seed: u64) -> Range {
    Range::new(scenario, seed).unwrap()
}

/// Sending times and fates of `n` packets of 100 bytes up, one every `every_s`.
pub fn stream(scenario: &str, seed: u64, n: u64, every_s: f64) -> Vec<(f64, Fate)> {
    let mut range = range(scenario, seed);
    (0..n)
        .map(|index| {
            let now = index as f64 * every_s;
            (now, range.decide(Direction::Up, index, now, 100))
        })
        .collect()
}

/// Delays in ms of the packets that came.
pub fn delays(stream: &[(f64, Fate)]) -> Vec<f64> {
    stream
        .iter()
        .filter_map(|&(now, fate)| match fate {
            Fate::Deliver(at) => Some((at - now) * 1e3),
            Fate::Lost(_) => None,
        })
        .collect()
}

/// Runs of lost packets.
pub fn bursts(stream: &[(f64, Fate)]) -> Vec<usize> {
    let lost: Vec<bool> = stream
        .iter()
        .map(|(_, fate)| matches!(fate, Fate::Lost(_)))
        .collect();
    lost.split(|&lost| !lost)
        .map(<[bool]>::len)
        .filter(|&n| n > 0)
        .collect()
}

pub fn lost(stream: &[(f64, Fate)], reason: Reason) -> usize {
    stream
        .iter()
        .filter(|(_, fate)| *fate == Fate::Lost(reason))
        .count()
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Correlation of a series with itself `lag` later.
pub fn correlation(values: &[f64], lag: usize) -> f64 {
    let middle = mean(values);
    let spread: f64 = values.iter().map(|v| (v - middle).powi(2)).sum();
    let pairs = values.iter().zip(&values[lag..]);
    pairs.map(|(a, b)| (a - middle) * (b - middle)).sum::<f64>() / spread
}

pub fn quantile(values: &[f64], p: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * p) as usize]
}
