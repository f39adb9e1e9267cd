//! The server's receive buffer, in virtual time.

#[path = "../common/mod.rs"]
mod common;

mod any_network;
mod anything;
mod holes;
mod streams;
mod time;

use common::{packets, speech};
use visavis_line::ingest::{Ingest, IngestOptions};
use visavis_line::opus::Frame;
use visavis_line::plan::SendPlan;

const RATE: u32 = 16_000;
const FRAME: usize = 320;
const BASE: u64 = 1_000_000;

/// A packet's arrival: (time, index in the stream).
type Arrival = (f64, usize);

/// Feed arrivals and pull as the engine does, from 0 to `until`; frames with their tick.
fn run(sent: &[Vec<u8>], arrivals: &[Arrival], until: f64) -> (Ingest, Vec<(f64, Frame)>) {
    let mut ingest = Ingest::new(RATE, IngestOptions::default()).unwrap();
    let mut arrivals = arrivals.to_vec();
    arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut frames, mut next, mut out) = (vec![], 0, [0; FRAME]);
    for tick in 0..(until / 0.02).round() as usize + 1 {
        let now = tick as f64 * 0.02;
        while next < arrivals.len() && arrivals[next].0 <= now {
            let (at, i) = arrivals[next];
            ingest.push(at, 100 + i as u64, BASE + i as u64 * 960, &sent[i]);
            next += 1;
        }
        for _ in 0..ingest.ready(now).min(4) {
            frames.push((now, ingest.pull(now, &mut out)));
        }
    }
    (ingest, frames)
}

fn stream(seconds: f64) -> Vec<Vec<u8>> {
    packets(
        &speech(RATE, seconds),
        RATE,
        &SendPlan {
            expected_loss: 0.2,
            ..Default::default()
        },
    )
}

fn due(i: usize) -> f64 {
    0.013 + i as f64 * 0.02
}
