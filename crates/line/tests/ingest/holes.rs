//! What is lost or comes late: how long a hole is waited for, and what fills it.

use crate::common::{self, packets, speech, Dice};
use crate::{due, run, stream, Arrival, BASE, FRAME, RATE};
use visavis_line::ingest::{Ingest, IngestOptions};
use visavis_line::opus::Mark;
use visavis_line::plan::SendPlan;

#[test]
fn ten_percent_loss() {
    let sent = stream(30.0);
    let mut dice = Dice(7);
    let arrivals: Vec<_> = (0..1500)
        .filter(|_| dice.unit() >= 0.1)
        .map(|i| (due(i), i))
        .collect();
    let (ingest, frames) = run(&sent, &arrivals, 30.2);
    let s = ingest.stats();
    println!(
        "10 % loss: {} of 1500 lost, {:.2} % recovered, {:.2} % concealed",
        s.lost,
        s.recovered as f64 / 15.0,
        s.concealed as f64 / 15.0
    );
    // Of the last packets none can know that they are lost.
    assert!((1497..=1500).contains(&(s.lost as usize + arrivals.len())));
    assert!(s.concealed < 130 && (s.recovered + s.concealed) * 10 >= s.lost * 9);
    // What follows a hole is not delayed for long: a packet waits at most patience and catch-up.
    let worst = frames
        .iter()
        .filter(|f| f.1.mark == Mark::Received)
        .map(|(now, f)| now - due(((f.rtp - BASE) / 960) as usize))
        .fold(0.0, f64::max);
    println!("10 % loss: {:.0} ms at most", worst * 1e3);
    assert!(worst < 0.15);
}

#[test]
fn reordering_within_the_patience_loses_nothing() {
    let sent = stream(2.0);
    let arrivals: Vec<_> = (0..100)
        .map(|i| (due(i) + if i % 7 == 3 { 0.045 } else { 0.0 }, i))
        .collect();
    let (ingest, frames) = run(&sent, &arrivals, 2.1);
    assert_eq!(
        frames.iter().filter(|f| f.1.mark == Mark::Received).count(),
        100
    );
    assert_eq!((ingest.stats().lost, ingest.stats().concealed), (0, 0));
}

#[test]
fn patience_is_obeyed() {
    let sent = stream(1.0);
    for (patience, waits) in [(0.0, 1), (0.2, 10)] {
        let mut ingest = common::ingest(RATE, patience);
        let mut out = [0; FRAME];
        for i in 0..10u64 {
            ingest.push(i as f64 * 0.02, i, i * 960, &sent[i as usize]);
            while ingest.ready(i as f64 * 0.02) > 0 {
                ingest.pull(i as f64 * 0.02, &mut out);
            }
        }
        let gap = (0..40u64)
            .find(|k| {
                let (i, now) = (11 + k, 0.22 + *k as f64 * 0.02);
                if i < 50 {
                    ingest.push(now, i, i * 960, &sent[i as usize]);
                }
                ingest.ready(now + 0.001) > 0
            })
            .unwrap();
        assert!(
            gap <= waits && gap + 2 >= waits,
            "patience {patience}: {gap} ticks"
        );
    }
}

#[test]
fn while_repairs_come_a_hole_is_waited_for_as_long_as_they_cover_it() {
    let sent = stream(2.0);
    // Packets a repair covers, and how many ticks after the packet behind it the hole is given up.
    for (covered, waits) in [(0, 3), (8, 8), (32, 15)] {
        let mut ingest = Ingest::new(RATE, IngestOptions::default()).unwrap();
        let mut out = [0; FRAME];
        let mut given_up = None;
        for i in 0..50u64 {
            let now = i as f64 * 0.02;
            if i != 20 {
                ingest.push(now, i, i * 960, &sent[i as usize]);
                ingest.expect_repairs(now, covered * 960);
            }
            for _ in 0..ingest.ready(now + 0.001) {
                if ingest.pull(now + 0.001, &mut out).rtp / 960 == 20 {
                    given_up.get_or_insert(i - 21);
                }
            }
        }
        assert_eq!(given_up, Some(waits), "{covered}");
    }
}

#[test]
fn redundant_copies_fill_holes() {
    let sent = stream(1.0);
    let mut ingest = Ingest::new(RATE, IngestOptions::default()).unwrap();
    let (mut marks, mut out) = (vec![], [0; FRAME]);
    for i in 0..50u64 {
        let now = i as f64 * 0.02;
        if i % 5 != 2 {
            ingest.push(now, i, i * 960, &sent[i as usize]);
            if i > 0 {
                ingest.push_redundant(now, i - 1, (i - 1) * 960, &sent[i as usize - 1]);
            }
        }
        for _ in 0..ingest.ready(now).min(4) {
            marks.push(ingest.pull(now, &mut out).mark);
        }
    }
    assert_eq!(marks.iter().filter(|m| **m == Mark::Recovered).count(), 10);
    assert!(!marks.contains(&Mark::Concealed));
    assert_eq!(ingest.stats().lost, 10);
}

#[test]
fn a_burst_that_redundancy_repairs_leaves_no_gap() {
    let plan = SendPlan {
        dred_ms: 400,
        expected_loss: 0.3,
        bitrate: 64_000,
        ..SendPlan::default()
    };
    let sent = packets(&speech(RATE, 3.0), RATE, &plan);
    let arrivals: Vec<Arrival> = (0..sent.len())
        .filter(|i| !(52..61).contains(i))
        .map(|i| (i as f64 * 0.02, i))
        .collect();
    let (_, frames) = run(&sent, &arrivals, 2.9);
    let marks: Vec<Mark> = frames.iter().map(|(_, f)| f.mark).collect();
    assert!(!marks.contains(&Mark::Missing), "{marks:?}");
    let recovered = frames.iter().filter(|(_, f)| f.mark == Mark::Recovered);
    assert!(recovered.count() >= 8);
}
