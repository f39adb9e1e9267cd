//! The chain spends in each state what its dwell times ask for, from the start.

use serde_json::{json, Value};
use visavis_range::{Direction, Fate};

use crate::world::{both, delays, mean, range, state, stream, way};

fn two_states(slow_s: Value, own_chain: bool) -> String {
    let next = json!({});
    both(&way(
        state(json!({})),
        json!({
            "chain": [
                {"name": "quick", "dwell_s": {"kind": "exponential", "mean": 3.0, "max": null},
                 "next": next},
                {"name": "slow", "dwell_s": slow_s, "next": next},
            ],
            "own_chain": own_chain,
            "ordered": false,
            "states": {
                "quick": state(json!({"delay_ms": 10.0})),
                "slow": state(json!({"delay_ms": 110.0})),
            },
        }),
    ))
}

fn exponential() -> Value {
    json!({"kind": "exponential", "mean": 1.0, "max": null})
}

fn heavy() -> Value {
    json!({"kind": "pareto", "minimum": 0.5, "alpha": 1.5, "max": 60.0})
}

fn slow_share(delays: &[f64]) -> f64 {
    mean(delays) / 100.0 - 0.1
}

#[test]
fn the_share_of_time() {
    let came = delays(&stream(&two_states(exponential(), false), 2, 500_000, 0.1));
    assert!(
        (slow_share(&came) - 0.25).abs() < 0.01,
        "{}",
        slow_share(&came)
    );
}

#[test]
fn it_begins_in_the_midst_of_things() {
    for dwell in [exponential(), heavy()] {
        let scenario = two_states(dwell, false);
        let long = slow_share(&delays(&stream(&scenario, 9, 500_000, 0.1)));
        for at in [0.0, 1.0] {
            let share = (0..4000u64)
                .filter(|&seed| {
                    let fate = range(&scenario, seed).decide(Direction::Up, 0, at, 100);
                    matches!(fate, Fate::Deliver(due) if due - at > 0.05)
                })
                .count() as f64
                / 4000.0;
            assert!(
                (share - long).abs() < 0.03,
                "at {at} s {share}, in the long run {long}"
            );
        }
    }
}

#[test]
fn both_directions_are_in_the_same_state_unless_they_have_chains_of_their_own() {
    let differ = |own| {
        let mut range = range(&two_states(exponential(), own), 4);
        let mut delay = |direction, now| match range.decide(direction, 0, now, 100) {
            Fate::Deliver(at) => at - now > 0.05,
            Fate::Lost(_) => unreachable!(),
        };
        (0..5000)
            .filter(|n| {
                let now = f64::from(*n) * 0.1;
                delay(Direction::Up, now) != delay(Direction::Down, now)
            })
            .count()
    };
    assert_eq!(differ(false), 0);
    assert!(differ(true) > 1000);
}
