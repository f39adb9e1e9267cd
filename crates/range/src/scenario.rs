//! A scenario as it crosses from Python: `Scenario.for_range` in `visavis.netlab` makes this JSON
//! and has checked it; what is wrong here is a sentence all the same.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::distribution::Distribution;

/// The scenario cannot be used; the text says why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioError(pub String);

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ScenarioError {}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub up: Way,
    pub down: Way,
}

impl Scenario {
    pub fn parse(json: &str) -> Result<Self, ScenarioError> {
        serde_json::from_str(json).map_err(|error| ScenarioError(error.to_string()))
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Way {
    Generative(Generative),
    Replay(Replay),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generative {
    pub ordered: bool,
    /// None: the one state lasts for ever.
    pub chain: Option<Vec<Stay>>,
    /// Else the chain is the same in both directions.
    pub own_chain: bool,
    pub states: BTreeMap<String, State>,
    pub handovers: Option<Handovers>,
    pub queue: Queue,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stay {
    pub name: String,
    pub dwell_s: Distribution,
    pub next: BTreeMap<String, f64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub delay_ms: f64,
    pub queueing_ms: Option<Process>,
    pub loss: Loss,
    pub spikes: Option<Spikes>,
    pub outages: Option<Outages>,
    pub capacity: Option<Capacity>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    pub marginal: Distribution,
    pub memory: Vec<Memory>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    pub share: f64,
    pub time_s: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    pub p_enter: f64,
    pub p_leave: f64,
    pub loss_good: f64,
    pub loss_bad: f64,
    pub step_ms: f64,
    pub by_delay: Vec<(f64, f64)>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spikes {
    pub every_s: Distribution,
    pub height_ms: Distribution,
    pub rise_s: f64,
    pub decay_s: f64,
    pub shared: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Drop,
    Hold,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outages {
    pub every_s: Distribution,
    pub length_ms: Distribution,
    pub mode: Mode,
    pub shared: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    pub bps: Distribution,
    /// None: drawn anew on each entry to the state.
    pub memory: Option<Vec<Memory>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    pub limit_bytes: Option<u64>,
    pub limit_ms: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handovers {
    pub every_s: f64,
    pub offset_s: Option<f64>,
    pub jitter_s: f64,
    pub gap_ms: Distribution,
    pub mode: Mode,
    pub shift_ms: Option<Distribution>,
    pub shared: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Between {
    Step,
    Line,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enter {
    Start,
    Anywhere,
}

/// Time in s, delay in ms or lost, capacity in bits/s or no limit.
pub type Row = (f64, Option<f64>, Option<f64>);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    pub ordered: bool,
    pub delay_ms: f64,
    pub rows: Vec<Row>,
    pub between: Between,
    pub enter: Enter,
    pub queue: Queue,
}
