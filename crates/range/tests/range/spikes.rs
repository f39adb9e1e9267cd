//! Spikes jump or climb to their height and decay.

use serde_json::json;
use visavis_range::Fate;

use crate::world::{both, fixed, state, stream, way};

fn spiky(rise_s: f64) -> String {
    let spikes = json!({"every_s": fixed(10.0), "height_ms": fixed(800.0), "rise_s": rise_s,
                        "decay_s": 0.5, "shared": false});
    both(&way(
        state(json!({"spikes": spikes})),
        json!({"ordered": false}),
    ))
}

fn curve(scenario: &str) -> Vec<f64> {
    let sent = stream(scenario, 7, 40_000, 0.001);
    sent.iter()
        .map(|&(now, fate)| match fate {
            Fate::Deliver(at) => at - now,
            Fate::Lost(_) => unreachable!(),
        })
        .collect()
}

#[test]
fn it_jumps_and_decays() {
    let curve = curve(&spiky(0.0));
    let top = (1..curve.len())
        .find(|&n| curve[n] - curve[n - 1] > 0.5)
        .unwrap();
    assert!((curve[top] - 0.8).abs() < 0.01);
    assert!((curve[top + 500] - 0.8 / std::f64::consts::E).abs() < 0.01);
    let next = (top + 1..curve.len())
        .find(|&n| curve[n] - curve[n - 1] > 0.5)
        .unwrap();
    assert!((9_990..=10_010).contains(&(next - top)));
}

#[test]
fn it_climbs_evenly() {
    let curve = curve(&spiky(4.0));
    let top = (0..20_000)
        .max_by(|&a, &b| curve[a].total_cmp(&curve[b]))
        .unwrap();
    assert!((curve[top] - 0.8).abs() < 0.01);
    if top > 2_000 {
        assert!((curve[top - 2_000] - 0.4).abs() < 0.01);
    }
}
