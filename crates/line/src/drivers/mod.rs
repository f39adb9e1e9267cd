//! What gives `Calls` its time and its datagrams: real sockets on a thread, or a simulation.

pub mod engine;
pub mod stepped;
