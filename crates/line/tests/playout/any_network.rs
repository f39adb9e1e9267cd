//! Whatever a network or a stranger does.

use crate::common::listen::{listen, FRAME, RATE};
use crate::common::network::{sent_at, Arrival};
use crate::common::Dice;
use crate::{bare, sent};
use proptest::prelude::*;
use visavis_line::playout::{Playout, PlayoutOptions};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    /// Any jitter, loss, duplicates, copies and stalls: media time never steps back, and the
    /// delay is never far above its target for two seconds.
    #[test]
    fn order_holds_and_the_delay_comes_back(
        seed in 1u64.., loss in 0.0..0.5f64, jitter in 0.0..0.3f64, stall in 0usize..120,
        copy in 0usize..12, phase in 0.0..0.02f64
    ) {
        let mut dice = Dice(seed);
        let mut arrivals = Vec::new();
        for i in 0..400 {
            let bad = i < 250;
            for _ in 0..if bad && dice.unit() < 0.1 { 2 } else { 1 } {
                if !bad || dice.unit() >= loss {
                    let from = if (130..130 + stall).contains(&i) { 130 + stall } else { i };
                    let late = if bad { jitter * dice.unit() } else { 0.0 };
                    arrivals.push(Arrival { at: sent_at(from) + late, index: i });
                }
            }
        }
        arrivals.sort_by(|a, b| a.at.total_cmp(&b.at));
        let copies: &[usize] = if copy == 0 { &[] } else { &[copy] };
        let packets = if copy == 0 { sent() } else { bare() };
        let heard = listen(packets, &arrivals, copies, phase, PlayoutOptions::default());
        for w in heard.pulled.windows(2) {
            prop_assert!(w[0].frame.rtp <= w[1].frame.rtp);
            prop_assert!(w[0].frame.position <= w[1].frame.position);
        }
        let excess = heard.longest_excess();
        prop_assert!(excess < 2.0, "{excess}");
        // Packets of a stream that has come to an end wait for nothing.
        prop_assert!(heard.playout.stats().depth < 0.5);
    }

    /// Whatever a stranger sends: no panic, positions in step, the delay within its bounds.
    #[test]
    fn any_packets(ops in prop::collection::vec(
        (any::<u64>(), any::<u64>(), prop::collection::vec(any::<u8>(), 0..40), 0u8..11), 1..200)) {
        let mut playout = Playout::new(RATE, PlayoutOptions::default()).unwrap();
        let (mut now, mut out) = (0.0, [0; FRAME]);
        let mut last = None;
        for (i, (seq, rtp, payload, kind)) in ops.iter().enumerate() {
            let i = i as u64;
            match kind {
                0 => playout.push(now, *seq, *rtp, payload),
                1 => playout.push(now, seq % 1000, rtp % 100_000, payload),
                2 => playout.push_redundant(now, seq % 300, rtp % 100_000, payload),
                3 => playout.push(now, i, seq % (1 << 47), payload),
                4 => now += (seq % 5000) as f64 / 1000.0,
                5 => playout.expect_another(),
                6 => {
                    let back = (i * 960).saturating_sub(seq % 40_000);
                    playout.push_ahead(now, (rtp % 7000) as f64 / 1000.0, i, back, payload);
                }
                7 => playout.push_again(now, seq % 300, rtp % 100_000, payload),
                _ => playout.push(now, i, i * 960, payload),
            }
            now += 0.007;
            let frame = playout.pull(now, &mut out);
            if let Some(last) = last {
                prop_assert!(frame.position == last + FRAME as i64 || frame.position == 0);
            }
            prop_assert!(playout.target() < 1.1);
            last = Some(frame.position);
        }
    }
}
