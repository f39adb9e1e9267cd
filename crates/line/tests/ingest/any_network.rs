//! The server's receive buffer on any network, through its public face: what is said is handed up
//! once and in order, time goes on, and nothing piles up.

use crate::common::network::{sent_at, take, Arrival};
use crate::common::{self, packets, speech, Dice};
use crate::{BASE, FRAME, RATE};
use proptest::prelude::*;
use visavis_line::ingest::{Ingest, IngestOptions};
use visavis_line::opus::{Frame, Mark};
use visavis_line::plan::SendPlan;

fn sent() -> &'static [Vec<u8>] {
    static SENT: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    SENT.get_or_init(|| packets(&speech(RATE, 4.0), RATE, &SendPlan::default()))
}

/// Frames and when they were handed up, pulled as the engine does.
fn hear(arrivals: &[Arrival], copy: usize, patience: f64) -> (Ingest, Vec<(f64, Frame)>) {
    let mut ingest = common::ingest(RATE, patience);
    let (mut frames, mut next, mut out) = (Vec::new(), 0, [0; FRAME]);
    let end = arrivals.last().map_or(0.0, |a| a.at) + 1.0;
    let rtp = |i: usize| BASE + i as u64 * 960;
    for tick in 0..(end / 0.02) as usize {
        let now = tick as f64 * 0.02;
        while next < arrivals.len() && arrivals[next].at <= now {
            let Arrival { at, index } = arrivals[next];
            if let Some(before) = index.checked_sub(copy).filter(|_| copy > 0) {
                let payload = &sent()[before % sent().len()];
                ingest.push_redundant(at, before as u64, rtp(before), payload);
            }
            ingest.push(at, index as u64, rtp(index), &sent()[index % sent().len()]);
            next += 1;
        }
        for _ in 0..ingest.ready(now).min(4) {
            frames.push((now, ingest.pull(now, &mut out)));
        }
    }
    (ingest, frames)
}

#[test]
fn an_hour_of_drift_neither_grows_nor_starves() {
    for ppm in [200.0, -200.0] {
        let delay = |i: usize| 1.0 + sent_at(i) * ppm * 1e-6;
        let arrivals = take(1, 180_000, |i, _| Some(delay(i)));
        let (ingest, frames) = hear(&arrivals, 0, 0.06);
        let received = frames.iter().filter(|f| f.1.mark == Mark::Received);
        let mut worst = 0.0f64;
        let n = received
            .map(|(now, f)| {
                let i = ((f.rtp - BASE) / 960) as usize;
                worst = worst.max(now - sent_at(i) - delay(i));
            })
            .count();
        println!(
            "{ppm:+} ppm: {n} of 180000 frames, {:.0} ms at most",
            worst * 1e3
        );
        assert_eq!(n, 180_000);
        assert!(worst < 0.045 && ingest.stats().depth < 0.1);
    }
}

#[test]
fn roll_over_is_nothing_special() {
    let mut ingest = Ingest::new(RATE, IngestOptions::default()).unwrap();
    let (mut heard, mut out) = (0, [0; FRAME]);
    for i in 0..200u64 {
        let now = i as f64 * 0.02;
        ingest.push(
            now,
            65_435 + i,
            (1 << 32) - 96_000 + i * 960,
            &sent()[i as usize],
        );
        for _ in 0..ingest.ready(now).min(4) {
            heard += usize::from(ingest.pull(now, &mut out).mark == Mark::Received);
        }
    }
    assert_eq!((heard, ingest.stats().lost), (200, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    /// Jitter, loss, duplicates, copies and a stall: no sample twice, positions grow, what was
    /// said is handed up soon after it came, and the buffer is empty at the end.
    #[test]
    fn said_once_heard_once(
        seed in 1u64.., loss in 0.0..0.5f64, jitter in 0.0..0.3f64, stall in 0usize..70,
        copy in 0usize..8, patience in 0.0..0.3f64
    ) {
        let mut dice = Dice(seed);
        let mut arrivals = Vec::new();
        for i in 0..250 {
            for _ in 0..if dice.unit() < 0.1 { 2 } else { 1 } {
                if dice.unit() >= loss {
                    let from = if (100..100 + stall).contains(&i) { 100 + stall } else { i };
                    arrivals.push(Arrival { at: sent_at(from) + jitter * dice.unit(), index: i });
                }
            }
        }
        arrivals.sort_by(|a, b| a.at.total_cmp(&b.at));
        let (ingest, frames) = hear(&arrivals, copy, patience);
        let (mut position, mut said) = (-1, 0);
        for (now, frame) in &frames {
            prop_assert!(frame.position > position);
            position = frame.position;
            if frame.mark != Mark::Missing {
                prop_assert!(frame.rtp >= said, "{} after {said}", frame.rtp);
                said = frame.rtp + 960;
                // Catching up at four frames a tick, at worst after the longest stall.
                let behind = now - (frame.rtp - BASE) as f64 / 48_000.0;
                prop_assert!(behind < 0.02 * stall as f64 + jitter + patience + 0.65, "{behind}");
            }
        }
        prop_assert!(ingest.stats().depth < 0.1);
    }
}
