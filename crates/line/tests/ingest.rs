//! The server's receive buffer.

mod common;

use common::{packets, speech, Dice};
use proptest::prelude::*;
use visavis_line::ingest::{Ingest, IngestOptions};
use visavis_line::opus::{Frame, Mark};
use visavis_line::plan::SendPlan;

const RATE: u32 = 16_000;
const FRAME: usize = 320;
const BASE: u64 = 1_000_000;

/// A packet's arrival: (time, index in the stream).
type Arrival = (f64, usize);

/// Feed arrivals and pull as the engine does, from 0 to `until`; frames with their tick.
fn run(sent: &[Vec<u8>], arrivals: &[Arrival], until: f64) -> (Ingest, Vec<(f64, Frame)>) {
    let mut ingest = Ingest::new(RATE, IngestOptions::default()).unwrap();
    let mut arrivals = arrivals.to_vec();
    arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut frames, mut next, mut out) = (vec![], 0, [0; FRAME]);
    for tick in 0..(until / 0.02).round() as usize + 1 {
        let now = tick as f64 * 0.02;
        while next < arrivals.len() && arrivals[next].0 <= now {
            let (at, i) = arrivals[next];
            ingest.push(at, 100 + i as u64, BASE + i as u64 * 960, &sent[i]);
            next += 1;
        }
        for _ in 0..ingest.ready(now).min(4) {
            frames.push((now, ingest.pull(now, &mut out)));
        }
    }
    (ingest, frames)
}

fn stream(seconds: f64) -> Vec<Vec<u8>> {
    packets(
        &speech(RATE, seconds),
        RATE,
        &SendPlan {
            expected_loss: 0.2,
            ..Default::default()
        },
    )
}

fn due(i: usize) -> f64 {
    0.013 + i as f64 * 0.02
}

#[test]
fn clean_link_adds_less_than_a_tick() {
    let sent = stream(4.0);
    let arrivals: Vec<_> = (0..200).map(|i| (due(i), i)).collect();
    let (ingest, frames) = run(&sent, &arrivals, 4.02);
    let heard: Vec<_> = frames
        .iter()
        .filter(|f| f.1.mark == Mark::Received)
        .collect();
    assert_eq!((heard.len(), frames.len()), (200, 200));
    let worst = heard
        .iter()
        .enumerate()
        .map(|(i, (now, _))| now - due(i))
        .fold(0.0, f64::max);
    println!("clean link: {:.1} ms added at most", worst * 1e3);
    assert!(worst <= 0.02);
    for (i, (_, f)) in frames.iter().enumerate() {
        assert_eq!(
            (f.position, f.rtp),
            ((i * FRAME) as i64, BASE + i as u64 * 960)
        );
    }
    let stats = ingest.stats();
    assert_eq!(
        (stats.received, stats.lost, stats.concealed, stats.late),
        (200, 0, 0, 0)
    );
}

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
fn a_stall_delays_speech_and_loses_none_of_it() {
    let sent = stream(4.0);
    let arrivals: Vec<_> = (0..200)
        .map(|i| {
            (
                if (80..110).contains(&i) {
                    due(110)
                } else {
                    due(i)
                },
                i,
            )
        })
        .collect();
    let (_, frames) = run(&sent, &arrivals, 4.1);
    let heard: Vec<_> = frames
        .iter()
        .filter(|f| f.1.mark == Mark::Received)
        .collect();
    assert_eq!(heard.len(), 200);
    assert!(frames.iter().any(|f| f.1.mark == Mark::Missing));
    assert!(heard.windows(2).all(|w| w[0].1.rtp < w[1].1.rtp));
    assert!(frames.windows(2).all(|w| w[0].1.position < w[1].1.position));
    // 600 ms of backlog are gone within 12 ticks.
    let (now, f) = heard.iter().find(|f| f.0 > due(110) + 0.24).unwrap();
    assert!(now - due(((f.rtp - BASE) / 960) as usize) <= 0.041);
}

#[test]
fn silence_keeps_time_and_the_timeline_follows_the_sender() {
    let sent = stream(4.0);
    // Nothing is sent for 2.007 s after the 50th packet.
    let mut ingest = Ingest::new(RATE, IngestOptions::default()).unwrap();
    let (mut frames, mut out) = (vec![], [0; FRAME]);
    let rtp = |i: u64| BASE + i * 960 + if i >= 50 { 96_336 } else { 0 };
    let mut i = 0;
    for tick in 0..260 {
        let now = tick as f64 * 0.02;
        while i < 150 && 0.001 + (rtp(i) - BASE) as f64 / 48_000.0 <= now {
            ingest.push(now, i, rtp(i), &sent[i as usize]);
            i += 1;
        }
        for _ in 0..ingest.ready(now).min(4) {
            frames.push((now, ingest.pull(now, &mut out)));
        }
        // The clock goes on: never more than 200 ms behind real time.
        let frame = frames.last().map_or(0, |f| f.1.position);
        assert!(now - frame as f64 / 16_000.0 < 0.2 || tick < 3);
    }
    assert!(frames.windows(2).all(|w| w[0].1.position < w[1].1.position));
    for (_, f) in frames.iter().filter(|f| f.1.mark == Mark::Received) {
        assert_eq!(f.position as u64, (f.rtp - BASE) / 3);
    }
    assert_eq!(
        frames.iter().filter(|f| f.1.mark == Mark::Received).count(),
        150
    );
    let missing = frames
        .iter()
        .filter(|f| f.1.mark == Mark::Missing && f.1.rtp < rtp(149))
        .count();
    assert!((99..=101).contains(&missing), "{missing}");
    assert_eq!(ingest.stats().lost, 0);
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
fn other_frame_durations() {
    // TOC with other durations: 10 ms SILK (config 8), 40, 60 ms (10, 11), 120 ms as two of 60.
    for (toc, ticks) in [
        (8u8 << 3, 480u64),
        (10 << 3, 1920),
        (11 << 3, 2880),
        (11 << 3 | 1, 5760),
    ] {
        let mut ingest = Ingest::new(RATE, IngestOptions::default()).unwrap();
        let mut out = [0; FRAME];
        let mut frames = Vec::new();
        for i in 0..40u64 {
            let now = (i * ticks) as f64 / 48_000.0;
            ingest.push(now, i, i * ticks, &[toc; 41]);
            for _ in 0..ingest.ready(now) {
                frames.push(ingest.pull(now, &mut out));
            }
        }
        assert_eq!(frames.len() as u64, 40 * ticks / 960);
        for (i, f) in frames.iter().enumerate() {
            assert_eq!((f.rtp, f.mark), (i as u64 * 960, Mark::Received));
        }
    }
}

#[test]
fn a_restarted_sender_is_followed() {
    let sent = stream(2.0);
    let mut ingest = Ingest::new(RATE, IngestOptions::default()).unwrap();
    let (mut frames, mut out) = (vec![], [0; FRAME]);
    for i in 0..100u64 {
        let now = i as f64 * 0.02;
        let shift = if i < 50 { 0 } else { 1 << 33 };
        ingest.push(now, i + shift / 7, i * 960 + shift, &sent[i as usize]);
        for _ in 0..ingest.ready(now).min(4) {
            frames.push(ingest.pull(now, &mut out));
        }
    }
    assert!(frames.iter().filter(|f| f.mark == Mark::Received).count() >= 97);
    assert!(frames.windows(2).all(|w| w[0].position < w[1].position));
}

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

#[test]
fn a_queue_that_builds_up_on_the_way_tears_no_word() {
    let sent = stream(4.0);
    // Every packet comes 4 ms later than the one before it, up to 0.8 s.
    let arrivals: Vec<Arrival> = (0..sent.len()).map(|i| (i as f64 * 0.024, i)).collect();
    let (_, frames) = run(&sent, &arrivals, sent.len() as f64 * 0.024);
    assert_eq!(frames.len(), sent.len());
    assert!(frames.iter().all(|(_, f)| f.mark == Mark::Received));
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
