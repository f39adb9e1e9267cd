//! The weak-network range: what a network does to each packet.
//!
//! [`Range::decide`] is a function of the scenario, the seed and the packets so far. What the
//! network is like at a moment (states, delays, spikes, outages, capacity) depends on the seed and
//! the time alone, so that whoever is tried on it meets the same network; a packet's own luck
//! depends on its index, and the wait in the queue on what was sent before. No clock, no system
//! randomness, no mathematics of the platform: the same on every machine.

mod blocks;
mod chain;
mod distribution;
mod events;
mod generative;
mod gilbert;
mod handover;
mod link;
mod random;
mod range;
mod replay;
mod scenario;
mod spikes;
mod wander;

pub use range::{Direction, Fate, Range, Reason};
pub use scenario::ScenarioError;
