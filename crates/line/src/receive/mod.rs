//! Speech on its way in.
//!
//! `ear` takes a call's packets to one of two buffers, `ingest` (a recogniser listens) or
//! `playout` (a person does), which decide when. Both stand on `stream`: packets in a `queue`
//! become samples. `arrivals` learns from every packet how late others may be.

mod arrivals;
pub mod base;
pub mod ear;
mod histogram;
pub mod ingest;
pub mod playout;
pub mod queue;
mod stream;
mod stretch;
