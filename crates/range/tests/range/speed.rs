//! A decision takes about a microsecond at most. Run by hand, on a quiet machine:
//! `cargo test --release -p visavis-range --test range -- --ignored --nocapture speed`

use std::time::Instant;

use serde_json::json;

use crate::world::{exponential, loss, of_state, stream};

#[test]
#[ignore = "measures this machine"]
fn nanoseconds_a_packet() {
    let scenario = of_state(json!({
        "queueing_ms": {
            "marginal": {"kind": "quantiles", "points": [[0.0, 0.0], [0.5, 5.0], [0.9, 40.0], [1.0, 400.0]]},
            "memory": [{"share": 0.6, "time_s": 2.0}, {"share": 0.4, "time_s": 0.1}],
        },
        "spikes": {"every_s": exponential(4.0), "height_ms": exponential(200.0), "rise_s": 0.0,
                   "decay_s": 0.2, "shared": true},
        "outages": {"every_s": exponential(6.0), "length_ms": exponential(200.0), "mode": "hold",
                    "shared": true},
        "capacity": {"bps": exponential(2e6), "memory": [{"share": 1.0, "time_s": 1.0}]},
        "loss": loss(json!({"p_enter": 0.05, "p_leave": 0.3, "by_delay": [[50.0, 0.0], [500.0, 0.3]]})),
    }));
    let n = 1_000_000;
    let began = Instant::now();
    let sent = stream(&scenario, 1, n, 0.02);
    let each = began.elapsed().as_nanos() as f64 / n as f64;
    println!("{each:.0} ns a packet, {} packets", sent.len());
    assert!(each < 1000.0);
}
