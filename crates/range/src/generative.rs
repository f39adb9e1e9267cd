//! A direction drawn from a model.

use crate::blocks::Blocks;
use crate::chain::Walker;
use crate::events::{Events, Kind};
use crate::gilbert::Gilbert;
use crate::handover::Grid;
use crate::link::{Drawn, Link, Rate};
use crate::random::Key;
use crate::range::{Fate, Reason};
use crate::scenario::{Generative, Mode, ScenarioError, State};
use crate::spikes::SpikeTrain;
use crate::wander::Wander;

#[derive(Debug, Clone)]
pub struct GenerativeWay {
    states: Vec<State>,
    walker: Walker,
    drops: Blocks,
    link: Link,
    queueing: Option<Wander>,
    spikes: Option<SpikeTrain>,
    handovers: Option<Grid>,
    gilbert: Gilbert,
    luck: Key,
}

impl GenerativeWay {
    /// `own` is the key of this direction, `shared` that of both.
    pub fn new(spec: &Generative, own: Key, shared: Key) -> Result<Self, ScenarioError> {
        let key = |both: bool| if both { shared } else { own };
        let (states, walker) = states(spec, key(!spec.own_chain).part("chain"))?;
        let handovers = spec
            .handovers
            .as_ref()
            .map(|handovers| Grid::new(handovers.clone(), key(handovers.shared).part("handovers")));
        let outages = events(&states, &walker, |n, state| {
            state.outages.as_ref().map(|outages| Kind {
                every_s: outages.every_s.clone(),
                size: outages.length_ms.clone(),
                size_s: 1e-3,
                beside_s: 0.0,
                random: key(outages.shared).part("outages").number(n).stream(),
            })
        });
        let spikes = events(&states, &walker, |n, state| {
            state.spikes.as_ref().map(|spikes| Kind {
                every_s: spikes.every_s.clone(),
                size: spikes.height_ms.clone(),
                size_s: 0.0,
                beside_s: spikes.rise_s,
                random: key(spikes.shared).part("spikes").number(n).stream(),
            })
        });
        let shapes = states.iter().map(|state| {
            state
                .spikes
                .as_ref()
                .map_or((0.0, 1.0), |s| (s.rise_s, s.decay_s))
        });
        let shapes = shapes.collect();
        let modes: Vec<Option<Mode>> = states
            .iter()
            .map(|state| state.outages.as_ref().map(|outages| outages.mode))
            .collect();
        let blocks = |mode| Blocks::new(mode, outages.clone(), &modes, handovers.clone());
        let queueing = states
            .iter()
            .map(|state| Some(&state.queueing_ms.as_ref()?.memory));
        Ok(GenerativeWay {
            drops: blocks(Mode::Drop),
            link: Link::new(
                rate(&states, &walker, own.part("capacity")),
                blocks(Mode::Hold),
                spec.queue.clone(),
            ),
            queueing: Wander::new(queueing, walker.clone(), own.part("queueing")),
            spikes: spikes.map(|events| SpikeTrain::new(events, shapes)),
            gilbert: Gilbert::new(
                states.iter().map(|state| state.loss.clone()).collect(),
                walker.clone(),
                own.part("loss").stream(),
            ),
            luck: own.part("luck"),
            handovers,
            walker,
            states,
        })
    }

    pub fn decide(&mut self, index: u64, now: f64, bytes: f64) -> Fate {
        let state = &self.states[self.walker.at(now)];
        if let Some((_, reason)) = self.drops.at(now) {
            return Fate::Lost(reason);
        }
        let Some(departure) = self.link.pass(now, bytes) else {
            return Fate::Lost(Reason::Queue);
        };
        let queueing = match (&state.queueing_ms, &mut self.queueing) {
            (Some(process), Some(wander)) => process.marginal.of_normal(wander.at(now)),
            _ => 0.0,
        };
        let spike = self.spikes.as_mut().map_or(0.0, |spikes| spikes.at(now));
        let beyond = queueing + spike;
        let chance = self.gilbert.chance(now, beyond + (departure - now) * 1e3);
        if self.luck.unit(index) < chance {
            return Fate::Lost(Reason::Loss);
        }
        let shift = self
            .handovers
            .as_mut()
            .map_or(0.0, |grid| grid.at(now).shift_ms);
        Fate::Deliver(departure + (state.delay_ms + beyond + shift) * 1e-3)
    }
}

/// The states in the order of their chain, and the walker over it.
fn states(spec: &Generative, key: Key) -> Result<(Vec<State>, Walker), ScenarioError> {
    let Some(chain) = &spec.chain else {
        let states: Vec<State> = spec.states.values().cloned().collect();
        return match states.len() {
            1 => Ok((states, Walker::resting())),
            n => Err(ScenarioError(format!("{n} states and no chain"))),
        };
    };
    let states = chain.iter().map(|stay| {
        let state = spec.states.get(&stay.name).cloned();
        state.ok_or_else(|| ScenarioError(format!("the state {} is missing", stay.name)))
    });
    let states: Vec<State> = states.collect::<Result<_, _>>()?;
    if states.is_empty() {
        return Err(ScenarioError("the chain is empty".into()));
    }
    Ok((states, Walker::new(chain, key)?))
}

fn events(
    states: &[State],
    walker: &Walker,
    kind: impl Fn(u64, &State) -> Option<Kind>,
) -> Option<Events> {
    let kinds = states.iter().enumerate();
    let kinds = kinds.map(|(n, state)| kind(n as u64, state)).collect();
    Events::new(kinds, walker.clone())
}

fn rate(states: &[State], walker: &Walker, key: Key) -> Rate {
    let capacities: Vec<_> = states.iter().map(|state| state.capacity.clone()).collect();
    if capacities.iter().all(Option::is_none) {
        return Rate::Unlimited;
    }
    let memories = states
        .iter()
        .map(|state| state.capacity.as_ref()?.memory.as_ref());
    let wander = Wander::new(memories, walker.clone(), key.part("wander"));
    Rate::Drawn(Box::new(Drawn {
        walker: walker.clone(),
        states: capacities,
        wander,
        key: key.part("visits"),
    }))
}
