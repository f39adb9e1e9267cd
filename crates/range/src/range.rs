//! Both directions of a network, and the decision.

use crate::generative::GenerativeWay;
use crate::random::Key;
use crate::replay::ReplayWay;
use crate::scenario::{Scenario, ScenarioError, Way};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Client to server.
    Up,
    Down,
}

/// Why a packet is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// By chance: Gilbert-Elliott, or delay.
    Loss,
    /// Nothing gets through for a while.
    Outage,
    Handover,
    /// The queue is full.
    Queue,
    /// As in the recording.
    Recorded,
}

impl Reason {
    pub const ALL: [Reason; 5] = [
        Reason::Loss,
        Reason::Outage,
        Reason::Handover,
        Reason::Queue,
        Reason::Recorded,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Reason::Loss => "loss",
            Reason::Outage => "outage",
            Reason::Handover => "handover",
            Reason::Queue => "queue",
            Reason::Recorded => "recorded",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fate {
    /// At this time, in seconds since the network began.
    Deliver(f64),
    Lost(Reason),
}

/// One network with its seed. Two with the same scenario and seed decide the same.
#[derive(Debug, Clone)]
pub struct Range {
    up: Lane,
    down: Lane,
}

#[derive(Debug, Clone)]
struct Lane {
    model: Model,
    ordered: bool,
    /// The latest packet and the latest delivery.
    now: f64,
    delivered: f64,
}

#[derive(Debug, Clone)]
enum Model {
    Generative(Box<GenerativeWay>),
    Replay(Box<ReplayWay>),
}

impl Range {
    /// From the JSON of `Scenario.for_range`.
    pub fn new(scenario: &str, seed: u64) -> Result<Self, ScenarioError> {
        let scenario = Scenario::parse(scenario)?;
        let root = Key::new(seed);
        let shared = root.part("both");
        Ok(Range {
            up: Lane::new(&scenario.up, root.part("up"), shared)?,
            down: Lane::new(&scenario.down, root.part("down"), shared)?,
        })
    }

    /// What becomes of the `index`-th packet of a direction, sent at `now` seconds since the
    /// network began; `bytes` with IP and UDP headers. A time before the direction's last one is
    /// taken for that.
    pub fn decide(&mut self, direction: Direction, index: u64, now: f64, bytes: u32) -> Fate {
        match direction {
            Direction::Up => self.up.decide(index, now, bytes),
            Direction::Down => self.down.decide(index, now, bytes),
        }
    }
}

impl Lane {
    fn new(way: &Way, own: Key, shared: Key) -> Result<Self, ScenarioError> {
        let (model, ordered) = match way {
            Way::Generative(spec) => (
                Model::Generative(Box::new(GenerativeWay::new(spec, own, shared)?)),
                spec.ordered,
            ),
            Way::Replay(spec) => (
                Model::Replay(Box::new(ReplayWay::new(spec, shared)?)),
                spec.ordered,
            ),
        };
        Ok(Lane {
            model,
            ordered,
            now: 0.0,
            delivered: 0.0,
        })
    }

    fn decide(&mut self, index: u64, now: f64, bytes: u32) -> Fate {
        if now > self.now {
            self.now = now.min(MAX_TIME_S);
        }
        let bytes = f64::from(bytes);
        let fate = match &mut self.model {
            Model::Generative(way) => way.decide(index, self.now, bytes),
            Model::Replay(way) => way.decide(self.now, bytes),
        };
        match fate {
            Fate::Deliver(at) if self.ordered => {
                self.delivered = self.delivered.max(at);
                Fate::Deliver(self.delivered)
            }
            other => other,
        }
    }
}

/// Networks last a week at most: what is drawn up to a moment is drawn step by step.
const MAX_TIME_S: f64 = 7.0 * 86_400.0;
