//! Outages come as often and last as long as asked; they drop, or hold and release.

use proptest::prelude::*;
use serde_json::json;
use visavis_range::{Direction, Fate, Reason};

use crate::world::{bursts, delays, exponential, fixed, lost, of_state, range, stream};

fn outages(mode: &str, every_s: f64, length_ms: f64, shared: bool) -> String {
    of_state(json!({"outages": {
        "every_s": exponential(every_s), "length_ms": fixed(length_ms), "mode": mode,
        "shared": shared,
    }}))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn as_often_and_as_long(every_s in 0.5..5f64, length_ms in 50.0..500f64, seed: u64) {
        let sent = stream(&outages("drop", every_s, length_ms, true), seed, 200_000, 0.02);
        let bursts = bursts(&sent);
        let lost = lost(&sent, Reason::Outage) as f64 / 200_000.0;
        let asked = length_ms / (length_ms + every_s * 1e3);
        let by_chance = 5.0 / (bursts.len() as f64).sqrt();
        prop_assert!((lost / asked - 1.0).abs() < by_chance, "{lost} and not {asked}");
        let packets = (length_ms / 20.0).floor() as usize;
        let long = bursts.iter().filter(|&&n| n == packets || n == packets + 1).count();
        // Two may come so close that no packet falls between them.
        prop_assert!(long as f64 > 0.9 * bursts.len() as f64);
    }

    #[test]
    fn what_is_held_comes_at_the_end(length_ms in 50.0..800f64, seed: u64) {
        let sent = stream(&outages("hold", 3.0, length_ms, true), seed, 50_000, 0.02);
        prop_assert_eq!(lost(&sent, Reason::Outage), 0);
        let came = delays(&sent);
        let longest = came.iter().copied().fold(0.0, f64::max);
        prop_assert!(longest <= length_ms + 1e-6 && longest > length_ms - 20.0);
        // Held together, released together: delay falls by what passes between two packets.
        let steps = came.windows(2).filter(|pair| pair[0] > 0.0 && pair[1] > 1e-6);
        for pair in steps.filter(|pair| pair[1] < pair[0]) {
            prop_assert!((pair[0] - pair[1] - 20.0).abs() < 1e-6);
        }
    }
}

#[test]
fn shared_ones_hit_both_directions_at_once() {
    let same = |shared| {
        let mut range = range(&outages("drop", 1.0, 200.0, shared), 8);
        (0..50_000u64)
            .filter(|&index| {
                let now = index as f64 * 0.02;
                let up = range.decide(Direction::Up, index, now, 100);
                let down = range.decide(Direction::Down, index, now, 100);
                matches!(up, Fate::Lost(_)) == matches!(down, Fate::Lost(_))
            })
            .count()
    };
    assert_eq!(same(true), 50_000);
    assert!(same(false) < 45_000);
}
