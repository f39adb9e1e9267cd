//! Whatever it is given, it answers.

use proptest::prelude::*;
use serde_json::json;
use visavis_range::{Direction, Fate, Range};

use crate::world::{fixed, of_state, range};

proptest! {
    #[test]
    fn any_text(text in ".{0,300}") {
        prop_assert!(Range::new(&text, 1).is_err());
    }

    #[test]
    fn any_time_and_size(
        times in prop::collection::vec(prop_oneof![
            -1e3..1e3f64, Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY),
        ], 1..20),
        size: u32,
    ) {
        let capacity = json!({"capacity": {"bps": fixed(1e6), "memory": null}});
        let mut range = range(&of_state(capacity), 1);
        for (index, time) in times.iter().enumerate() {
            if let Fate::Deliver(at) = range.decide(Direction::Up, index as u64, *time, size) {
                prop_assert!(at.is_finite() && at >= 0.0);
            }
        }
    }
}

#[test]
fn intervals_of_nothing_let_time_pass() {
    let scenario = of_state(json!({
        "outages": {"every_s": fixed(0.0), "length_ms": fixed(0.0), "mode": "drop", "shared": true},
        "spikes": {"every_s": fixed(0.0), "height_ms": fixed(1.0), "rise_s": 0.0, "decay_s": 0.001,
                   "shared": false},
    }));
    let fate = range(&scenario, 1).decide(Direction::Up, 0, 10.0, 100);
    assert!(matches!(fate, Fate::Deliver(_)));
}
