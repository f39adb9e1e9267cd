//! When speech is handed up, and where on the time line.

use crate::{due, run, stream, Arrival, BASE, FRAME, RATE};
use visavis_line::ingest::{Ingest, IngestOptions};
use visavis_line::opus::Mark;

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
fn a_queue_that_builds_up_on_the_way_tears_no_word() {
    let sent = stream(4.0);
    // Every packet comes 4 ms later than the one before it, up to 0.8 s.
    let arrivals: Vec<Arrival> = (0..sent.len()).map(|i| (i as f64 * 0.024, i)).collect();
    let (_, frames) = run(&sent, &arrivals, sent.len() as f64 * 0.024);
    assert_eq!(frames.len(), sent.len());
    assert!(frames.iter().all(|(_, f)| f.mark == Mark::Received));
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
