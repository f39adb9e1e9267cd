//! The client's receive buffer, in virtual time.

#[path = "../common/mod.rs"]
mod common;

mod any_network;
mod clean;
mod drift;
mod jitter;
mod redundancy;
mod sound;
mod stalls;
mod streams;

use std::sync::OnceLock;

use common::listen::{listen, Heard, RATE};
use common::network::Arrival;
use visavis_line::plan::SendPlan;
use visavis_line::playout::PlayoutOptions;

/// Packets of speech, with in-band FEC.
fn sent() -> &'static [Vec<u8>] {
    static SENT: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SENT.get_or_init(|| encoded(true))
}

/// The same without.
fn bare() -> &'static [Vec<u8>] {
    static SENT: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SENT.get_or_init(|| encoded(false))
}

fn encoded(fec: bool) -> Vec<Vec<u8>> {
    let plan = SendPlan {
        fec,
        expected_loss: if fec { 0.2 } else { 0.0 },
        ..SendPlan::default()
    };
    common::packets(&common::speech(RATE, 8.0), RATE, &plan)
}

/// Pulled 5 ms after a network at its best delivers.
fn hear(arrivals: &[Arrival]) -> Heard {
    listen(sent(), arrivals, &[], 0.005, PlayoutOptions::default())
}
