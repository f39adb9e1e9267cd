//! A recording is played as it was.

use proptest::prelude::*;
use serde_json::{json, Value};
use visavis_range::{Direction, Fate, Range, Reason};

use crate::world::{both, range, stream};

fn replay(rows: &Value, between: &str, enter: &str) -> String {
    both(&json!({
        "kind": "replay", "ordered": false, "delay_ms": 5.0, "rows": rows, "between": between,
        "enter": enter, "queue": {"limit_bytes": null, "limit_ms": 300.0},
    }))
}

proptest! {
    #[test]
    fn packet_by_packet(
        delays in prop::collection::vec(prop::option::of(0.0..500f64), 2..200),
        seed: u64,
    ) {
        let rows: Vec<_> = (0..delays.len())
            .map(|n| json!([n as f64 * 0.02, delays[n], null]))
            .collect();
        let sent = stream(&replay(&json!(rows), "step", "start"), seed, 600, 0.02);
        for (n, (now, fate)) in sent.iter().enumerate() {
            match delays[n % delays.len()] {
                None => prop_assert_eq!(*fate, Fate::Lost(Reason::Recorded)),
                Some(delay) => {
                    let Fate::Deliver(at) = fate else { panic!("packet {n} is lost") };
                    prop_assert!((at - now - (delay + 5.0) * 1e-3).abs() < 1e-9);
                }
            }
        }
    }
}

#[test]
fn straight_lines_between_pings() {
    let rows = json!([[0.0, 10.0, null], [1.0, 30.0, null], [2.0, null, null]]);
    let sent = stream(&replay(&rows, "line", "start"), 1, 150, 0.02);
    let delay = |n: usize| match sent[n].1 {
        Fate::Deliver(at) => at - sent[n].0 - 0.005,
        Fate::Lost(_) => unreachable!(),
    };
    assert!((delay(25) - 0.02).abs() < 1e-6);
    // Next to a lost row there is no line.
    assert!((delay(75) - 0.03).abs() < 1e-6);
    assert_eq!(sent[110].1, Fate::Lost(Reason::Recorded));
}

#[test]
fn capacity_of_the_rows() {
    let rows = json!([[0.0, 0.0, 80_000.0], [1.0, 0.0, 800_000.0]]);
    let mut range = range(&replay(&rows, "step", "start"), 1);
    // 100 bytes: 10 ms in the first second, 1 ms in the second.
    let mut delay = |index, now| match range.decide(Direction::Up, index, now, 100) {
        Fate::Deliver(at) => at - now - 0.005,
        Fate::Lost(_) => unreachable!(),
    };
    assert!((delay(0, 0.5) - 0.01).abs() < 1e-6);
    assert!((delay(1, 0.995) - (0.005 + 0.0005)).abs() < 1e-5);
    assert!((delay(2, 1.5) - 0.001).abs() < 1e-6);
}

#[test]
fn anywhere_is_the_same_place_in_both_directions() {
    let rows: Vec<_> = (0..1000).map(|n| json!([n, n, null])).collect();
    let scenario = replay(&json!(rows), "step", "anywhere");
    let mut starts = Vec::new();
    for seed in 0..10 {
        let mut range = range(&scenario, seed);
        let up = range.decide(Direction::Up, 0, 0.0, 100);
        assert_eq!(up, range.decide(Direction::Down, 0, 0.0, 100));
        starts.push(format!("{up:?}"));
    }
    starts.dedup();
    assert!(starts.len() > 5);
}

#[test]
fn rows_that_go_back_are_refused() {
    let rows = json!([[1.0, 0.0, null], [0.5, 0.0, null]]);
    assert!(Range::new(&replay(&rows, "step", "start"), 1).is_err());
}
