//! The link carries what it can, the queue holds what it may, nothing is made or forgotten.

use proptest::prelude::*;
use serde_json::json;
use visavis_range::{Direction, Fate, Reason};

use crate::world::{both, fixed, range, state, way};

fn link(bps: serde_json::Value, memory: serde_json::Value, queue: serde_json::Value) -> String {
    let state = state(json!({"capacity": {"bps": bps, "memory": memory}}));
    both(&way(state, json!({"queue": queue})))
}

proptest! {
    #[test]
    fn a_drop_tail_queue(
        seed: u64,
        bps in 50_000.0..2e6f64,
        limit in 3000..60_000u64,
        gaps in prop::collection::vec(0.0..0.02f64, 300),
        sizes in prop::collection::vec(40..1500u32, 300),
    ) {
        let queue = json!({"limit_bytes": limit, "limit_ms": null});
        let mut range = range(&link(fixed(bps), json!(null), queue), seed);
        let (mut now, mut free) = (0.0, 0.0f64);
        let mut waiting: Vec<(f64, u64)> = Vec::new();
        for (index, (gap, &size)) in gaps.iter().zip(&sizes).enumerate() {
            now += gap;
            waiting.retain(|&(until, _)| until > now);
            let backlog: u64 = waiting.iter().map(|w| w.1).sum();
            match range.decide(Direction::Up, index as u64, now, size) {
                Fate::Deliver(at) => {
                    prop_assert!(backlog + u64::from(size) <= limit);
                    free = free.max(now) + f64::from(size) * 8.0 / bps;
                    prop_assert!((at - free).abs() < 1e-6, "{at} and not {free}");
                    waiting.push((at, u64::from(size)));
                }
                Fate::Lost(reason) => {
                    prop_assert_eq!(reason, Reason::Queue);
                    prop_assert!(backlog + u64::from(size) > limit);
                }
            }
        }
    }

    #[test]
    fn no_more_than_a_wandering_link_carries(seed: u64, time_s in 0.05..5f64) {
        let bps = json!({"kind": "uniform", "low": 100e3, "high": 500e3});
        let queue = json!({"limit_bytes": null, "limit_ms": 200.0});
        let memory = json!([{"share": 1.0, "time_s": time_s}]);
        let mut range = range(&link(bps, memory, queue), seed);
        let mut came = Vec::new();
        for index in 0..10_000u64 {
            let now = index as f64 * 0.01;
            if let Fate::Deliver(at) = range.decide(Direction::Up, index, now, 1000) {
                // 200 ms at the slowest and the fastest: a second at most.
                prop_assert!(at - now < 1.1);
                came.push(at);
            }
        }
        for second in 0..90 {
            let from = f64::from(second);
            let bits = 8e3 * came.iter().filter(|&&at| at >= from && at < from + 1.0).count() as f64;
            prop_assert!((90e3..=510e3).contains(&bits), "{bits} in second {second}");
        }
    }
}

#[test]
fn what_the_call_sends_is_what_fills_the_queue() {
    let delay = |size| {
        let queue = json!({"limit_bytes": null, "limit_ms": 500.0});
        let mut range = range(&link(fixed(200e3), json!(null), queue), 1);
        let mut last = 0.0;
        for index in 0..500u64 {
            let now = index as f64 * 0.02;
            if let Fate::Deliver(at) = range.decide(Direction::Up, index, now, size) {
                last = at - now;
            }
        }
        last
    };
    assert!(delay(400) < 0.02);
    assert!((delay(600) - 0.5).abs() < 0.05);
}

#[test]
fn a_dead_link_loses_and_never_hangs() {
    let queue = json!({"limit_bytes": 100_000, "limit_ms": null});
    let mut range = range(&link(fixed(0.0), json!(null), queue), 1);
    for index in 0..10_000u64 {
        let fate = range.decide(Direction::Up, index, index as f64 * 0.02, 100);
        assert_eq!(fate, Fate::Lost(Reason::Queue));
    }
}
