//! Whatever the network or a stranger does, time and speech go forward.

use crate::common::{self, Dice};
use crate::{due, stream, Arrival, BASE, FRAME, RATE};
use proptest::prelude::*;
use visavis_line::ingest::{Ingest, IngestOptions};
use visavis_line::opus::Mark;

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    /// Loss, jitter, duplication and reordering of any kind: order holds, nothing twice.
    #[test]
    fn any_network(seed in 1u64.., loss in 0.0..0.6f64, jitter in 0.0..0.5f64, patience in 0.0..0.3) {
        let sent = quick();
        let mut dice = Dice(seed);
        let mut arrivals: Vec<Arrival> = Vec::new();
        for i in 0..100 {
            for _ in 0..if dice.unit() < 0.1 { 2 } else { 1 } {
                if dice.unit() >= loss {
                    arrivals.push((due(i) + jitter * dice.unit(), i));
                }
            }
        }
        arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut ingest = common::ingest(RATE, patience);
        let (mut next, mut out) = (0, [0; FRAME]);
        let (mut position, mut rtp) = (-1, 0);
        for tick in 0..150 {
            let now = tick as f64 * 0.02;
            while next < arrivals.len() && arrivals[next].0 <= now {
                let (at, i) = arrivals[next];
                ingest.push(at, i as u64, BASE + i as u64 * 960, &sent[i % sent.len()]);
                next += 1;
            }
            for _ in 0..ingest.ready(now).min(4) {
                let frame = ingest.pull(now, &mut out);
                prop_assert!(frame.position > position);
                position = frame.position;
                if frame.mark != Mark::Missing {
                    prop_assert!(frame.rtp >= rtp, "{} after {}", frame.rtp, rtp);
                    rtp = frame.rtp + 960;
                }
            }
        }
        prop_assert!(ingest.stats().depth < 0.5);
    }

    /// Whatever a stranger sends: no panic, positions grow.
    #[test]
    fn any_packets(ops in prop::collection::vec(
        (any::<u64>(), any::<u64>(), prop::collection::vec(any::<u8>(), 0..40), 0u8..8), 1..200)) {
        let mut ingest = Ingest::new(RATE, IngestOptions::default()).unwrap();
        let (mut now, mut position, mut out) = (0.0, -1, [0; FRAME]);
        for (i, (seq, rtp, payload, kind)) in ops.iter().enumerate() {
            let i = i as u64;
            match kind {
                0 => ingest.push(now, *seq, *rtp, payload),
                1 => ingest.push(now, seq % 1000, rtp % 100_000, payload),
                2 => ingest.push_redundant(now, seq % 300, rtp % 100_000, payload),
                3 => ingest.push(now, i, seq % (1 << 47), payload),
                4 => now += (seq % 5000) as f64 / 1000.0,
                _ => ingest.push(now, i, i * 960, payload),
            }
            now += 0.007;
            for _ in 0..ingest.ready(now).min(4) {
                let frame = ingest.pull(now, &mut out);
                prop_assert!(frame.position > position || position <= 0);
                position = frame.position;
            }
            if i.is_multiple_of(11) {
                let frame = ingest.pull(now, &mut out);
                prop_assert!(frame.position >= position);
                position = frame.position;
            }
        }
    }
}

/// A short stream, encoded once.
fn quick() -> &'static [Vec<u8>] {
    static SENT: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    SENT.get_or_init(|| stream(2.0))
}
