//! Packets keep their order where the scenario says so.

use proptest::prelude::*;
use serde_json::json;
use visavis_range::{Direction, Fate};

use crate::world::{both, exponential, fixed, loss, range, state, way};

fn rough(ordered: bool) -> String {
    let rough = state(json!({
        "delay_ms": 20.0,
        "queueing_ms": {"marginal": exponential(40.0), "memory": [{"share": 1.0, "time_s": 0.0}]},
        "spikes": {"every_s": exponential(1.0), "height_ms": fixed(300.0), "rise_s": 0.0,
                   "decay_s": 0.05, "shared": false},
        "outages": {"every_s": exponential(2.0), "length_ms": fixed(150.0), "mode": "hold",
                    "shared": true},
        "capacity": {"bps": fixed(400_000.0), "memory": null},
        "loss": loss(json!({"loss_good": 0.1})),
    }));
    both(&way(rough, json!({"ordered": ordered})))
}

fn arrivals(ordered: bool, seed: u64, gaps: &[f64], sizes: &[u32]) -> Vec<(f64, f64)> {
    let mut range = range(&rough(ordered), seed);
    let mut now = 0.0;
    let mut came = Vec::new();
    for (index, (gap, &size)) in gaps.iter().zip(sizes).enumerate() {
        now += gap;
        if let Fate::Deliver(at) = range.decide(Direction::Down, index as u64, now, size) {
            came.push((now, at));
        }
    }
    came
}

proptest! {
    #[test]
    fn nothing_overtakes_and_nothing_comes_early(
        seed: u64,
        gaps in prop::collection::vec(0.0..0.1f64, 200),
        sizes in prop::collection::vec(20..1500u32, 200),
    ) {
        let came = arrivals(true, seed, &gaps, &sizes);
        prop_assert!(came.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        prop_assert!(came.iter().all(|(sent, at)| at - sent >= 0.02));
    }
}

#[test]
fn without_order_they_overtake() {
    let came = arrivals(false, 1, &[0.01; 500], &[60; 500]);
    assert!(came.windows(2).any(|pair| pair[0].1 > pair[1].1));
}
