//! Delay is distributed as asked, and remembers as long as asked.

use proptest::prelude::*;
use serde_json::{json, Value};

use crate::world::{both, correlation, delays, of_state, quantile, state, stream, way};

fn wandering(marginal: Value, memory: Value) -> String {
    let queueing = json!({"queueing_ms": {"marginal": marginal, "memory": memory}});
    // Packets may overtake, or order would change the distribution.
    both(&way(state(queueing), json!({"ordered": false})))
}

#[test]
fn the_base_delay() {
    let came = delays(&stream(&of_state(json!({"delay_ms": 35.0})), 1, 100, 0.02));
    assert!(came.iter().all(|delay| (delay - 35.0).abs() < 1e-9));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn quantiles(steps in prop::collection::vec(0.5..50f64, 5), seed: u64) {
        let ps = [0.0, 0.25, 0.5, 0.9, 0.99, 1.0];
        let mut value = 0.0;
        let mut points = vec![[0.0, 0.0]];
        for (p, step) in ps[1..].iter().zip(&steps) {
            value += step;
            points.push([*p, value]);
        }
        let marginal = json!({"kind": "quantiles", "points": points});
        let scenario = wandering(marginal, json!([{"share": 1.0, "time_s": 0.05}]));
        let came = delays(&stream(&scenario, seed, 100_000, 0.02));
        for point in &points[1..5] {
            let below = came.iter().filter(|&&delay| delay <= point[1]).count() as f64 / 1e5;
            prop_assert!((below - point[0]).abs() < 0.02, "{below} at {point:?}");
        }
    }

    #[test]
    fn memory(time_s in 0.05..1f64, seed: u64) {
        // Uniform's own correlation is within 2 % of the Gaussian's.
        let marginal = json!({"kind": "uniform", "low": 0.0, "high": 100.0});
        let scenario = wandering(marginal, json!([{"share": 1.0, "time_s": time_s}]));
        let came = delays(&stream(&scenario, seed, 200_000, 0.02));
        for lag in [1, 5, 20] {
            let asked = (-0.02 * lag as f64 / time_s).exp();
            prop_assert!((correlation(&came, lag) - asked).abs() < 0.06);
        }
    }

    #[test]
    fn lognormal(median in 1.0..100f64, sigma in 0.1..1.5f64, seed: u64) {
        let marginal = json!({"kind": "lognormal", "median": median, "sigma": sigma, "max": null});
        let scenario = wandering(marginal, json!([{"share": 1.0, "time_s": 0.02}]));
        let came = delays(&stream(&scenario, seed, 100_000, 0.02));
        let p84 = median * sigma.exp();
        prop_assert!((quantile(&came, 0.5) / median - 1.0).abs() < 0.04);
        prop_assert!((quantile(&came, 0.8413) / p84 - 1.0).abs() < 0.05);
    }
}

#[test]
fn two_memories() {
    let marginal = json!({"kind": "uniform", "low": 0.0, "high": 100.0});
    let memory = json!([{"share": 0.6, "time_s": 1.0}, {"share": 0.4, "time_s": 0.0}]);
    let came = delays(&stream(&wandering(marginal, memory), 3, 400_000, 0.02));
    for lag in [1, 10, 50] {
        let asked = 0.6 * (-0.02 * lag as f64).exp();
        assert!((correlation(&came, lag) - asked).abs() < 0.05, "{lag}");
    }
}

#[test]
fn between_the_points_of_the_grid_it_varies_as_much() {
    let marginal = json!({"kind": "uniform", "low": 0.0, "high": 100.0});
    let scenario = wandering(marginal, json!([{"share": 1.0, "time_s": 0.03}]));
    let sent = stream(&scenario, 5, 200_000, 0.0231);
    let came = delays(&sent);
    assert!((quantile(&came, 0.1) - 10.0).abs() < 1.0);
    assert!((quantile(&came, 0.9) - 90.0).abs() < 1.0);
}
