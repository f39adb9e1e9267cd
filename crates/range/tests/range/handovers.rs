//! Handovers come on their grid, with a gap and another delay after each.

use serde_json::json;
use visavis_range::{Fate, Reason};

use crate::world::{both, fixed, lost, state, stream, way};

fn starlink(jitter_s: f64) -> String {
    let handovers = json!({
        "every_s": 15.0, "offset_s": 2.0, "jitter_s": jitter_s, "gap_ms": fixed(100.0),
        "mode": "drop", "shift_ms": {"kind": "uniform", "low": 0.0, "high": 20.0}, "shared": true,
    });
    both(&way(
        state(json!({"delay_ms": 20.0})),
        json!({"handovers": handovers}),
    ))
}

#[test]
fn gaps_on_the_grid() {
    let sent = stream(&starlink(0.0), 1, 60_000, 0.01);
    for (now, fate) in &sent {
        let since = (now - 2.0).rem_euclid(15.0);
        if (0.001..0.099).contains(&since) {
            assert_eq!(*fate, Fate::Lost(Reason::Handover), "at {now}");
        } else if (0.101..14.999).contains(&since) {
            assert!(matches!(fate, Fate::Deliver(_)), "at {now}");
        }
    }
}

#[test]
fn delay_stays_until_the_next() {
    let sent = stream(&starlink(0.0), 3, 60_000, 0.01);
    let mut levels = Vec::new();
    for slot in 0..39 {
        let from = 2.0 + 15.0 * f64::from(slot);
        let of_slot: Vec<f64> = sent
            .iter()
            .filter(|(now, _)| *now > from + 0.2 && *now < from + 14.9)
            .filter_map(|&(now, fate)| match fate {
                Fate::Deliver(at) => Some(at - now),
                Fate::Lost(_) => None,
            })
            .collect();
        assert!(of_slot
            .iter()
            .all(|delay| (delay - of_slot[0]).abs() < 1e-9));
        levels.push(of_slot[0]);
    }
    assert!(levels.iter().all(|level| (0.02..=0.04).contains(level)));
    assert!(levels.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn jitter_moves_them_and_loses_none() {
    let n = lost(&stream(&starlink(3.0), 1, 150_000, 0.01), Reason::Handover);
    assert!((n as i64 - 1000).abs() < 30, "{n}");
}
