//! Loss is as often, and in bursts as long, as asked; it rises with delay.

use proptest::prelude::*;
use serde_json::json;

use crate::world::{bursts, delays, fixed, loss, of_state, stream};

const N: u64 = 100_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn gilbert_bursts(share in 0.02..0.4f64, burst in 1.5..20f64, seed: u64) {
        let leave = 1.0 / burst;
        let enter = leave * share / (1.0 - share);
        let scenario = of_state(json!({"loss": loss(json!({"p_enter": enter, "p_leave": leave}))}));
        let sent = stream(&scenario, seed, N, 0.02);
        let bursts = bursts(&sent);
        let lost = bursts.iter().sum::<usize>() as f64;
        // As many bursts come by chance; their number and lengths vary by their square root.
        let by_chance = 6.0 / (bursts.len() as f64).sqrt();
        prop_assert!((lost / N as f64 / share - 1.0).abs() < by_chance, "loss {}", lost / N as f64);
        let length = lost / bursts.len() as f64;
        prop_assert!((length / burst - 1.0).abs() < by_chance, "bursts of {length}");
    }

    #[test]
    fn bursts_last_as_long_however_many_packets_are_sent(every_ms in 2.0..40f64, seed: u64) {
        let scenario = of_state(json!({"loss": loss(json!({"p_enter": 0.02, "p_leave": 0.1}))}));
        let sent = stream(&scenario, seed, (2000.0 / every_ms * 1e3) as u64, every_ms * 1e-3);
        let share = 1.0 - delays(&sent).len() as f64 / sent.len() as f64;
        prop_assert!((share - 1.0 / 6.0).abs() < 0.025, "{share}");
    }

    #[test]
    fn independent(share in 0.0..1f64, seed: u64) {
        let scenario = of_state(json!({"loss": loss(json!({"loss_good": share}))}));
        let sent = stream(&scenario, seed, 20_000, 0.02);
        let lost = 1.0 - delays(&sent).len() as f64 / 20_000.0;
        prop_assert!((lost - share).abs() < 0.02, "{lost}");
    }
}

#[test]
fn more_is_lost_where_delay_is_long() {
    let at = |delay: f64| {
        let scenario = of_state(json!({
            "queueing_ms": {"marginal": fixed(delay), "memory": [{"share": 1.0, "time_s": 1.0}]},
            "loss": loss(json!({"by_delay": [[100.0, 0.0], [200.0, 0.4]]})),
        }));
        1.0 - delays(&stream(&scenario, 1, 20_000, 0.02)).len() as f64 / 20_000.0
    };
    assert_eq!(at(50.0), 0.0);
    assert!((at(150.0) - 0.2).abs() < 0.02);
    assert!((at(900.0) - 0.4).abs() < 0.02);
}
