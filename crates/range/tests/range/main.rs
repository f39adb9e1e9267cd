//! What the range does to packets, one behaviour a file.

mod capacity;
mod chain;
mod delay;
mod handovers;
mod hostile;
mod loss;
mod order;
mod outages;
mod recorded;
mod same_seed;
mod speed;
mod spikes;
mod world;
