//! The client's receive buffer.

mod common;

use common::{packets, speech, Dice};
use proptest::prelude::*;
use visavis_line::opus::{Frame, Mark};
use visavis_line::plan::SendPlan;
use visavis_line::playout::{Playout, PlayoutOptions};

const RATE: u32 = 24_000;
const FRAME: usize = 480;
const BASE: u64 = 5_000_000;

struct Pulled {
    frame: Frame,
    delay: f64,
    target: f64,
}

/// Feed (arrival, index) pairs, pull every 20 ms until `until`.
fn run(
    sent: &[Vec<u8>],
    mut arrivals: Vec<(f64, usize)>,
    until: f64,
) -> (Playout, Vec<Pulled>, Vec<i16>) {
    let mut playout = Playout::new(RATE, PlayoutOptions::default()).unwrap();
    arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut pulled, mut pcm, mut next) = (vec![], vec![], 0);
    let mut out = [0; FRAME];
    for tick in 0..(until / 0.02).round() as usize {
        let now = tick as f64 * 0.02;
        while next < arrivals.len() && arrivals[next].0 <= now {
            let (at, i) = arrivals[next];
            playout.push(at, i as u64, BASE + i as u64 * 960, &sent[i % sent.len()]);
            next += 1;
        }
        let frame = playout.pull(now, &mut out);
        let (delay, target) = (playout.delay(), playout.target(now));
        pulled.push(Pulled {
            frame,
            delay,
            target,
        });
        pcm.extend_from_slice(&out);
    }
    (playout, pulled, pcm)
}

fn sent() -> &'static [Vec<u8>] {
    static SENT: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    SENT.get_or_init(|| {
        let plan = SendPlan {
            expected_loss: 0.2,
            ..Default::default()
        };
        packets(&speech(RATE, 8.0), RATE, &plan)
    })
}

/// Longest time without a break that the delay was more than 20 ms above its target.
fn longest_excess(pulled: &[Pulled]) -> f64 {
    let (mut longest, mut run) = (0, 0);
    for p in pulled {
        run = if p.delay > p.target + 0.02 {
            run + 1
        } else {
            0
        };
        longest = longest.max(run);
    }
    f64::from(longest) * 0.02
}

fn due(i: usize, phase: f64) -> f64 {
    phase + i as f64 * 0.02
}

#[test]
fn clean_link_adds_at_most_24_ms_at_any_phase() {
    for phase in [0.0005, 0.003, 0.0055, 0.01, 0.0155, 0.0195] {
        let arrivals = (0..400).map(|i| (due(i, phase), i)).collect();
        let (playout, pulled, _) = run(sent(), arrivals, 8.02);
        let worst = pulled.iter().map(|p| p.delay).fold(0.0, f64::max);
        println!(
            "clean link, phase {:.1} ms: {:.1} ms added",
            phase * 1e3,
            worst * 1e3
        );
        assert!(worst <= 0.0241);
        assert_eq!((playout.stats().lost, playout.stats().concealed), (0, 0));
        let heard = pulled
            .iter()
            .filter(|p| p.frame.mark == Mark::Received)
            .count();
        assert!(heard >= 398, "{heard}");
    }
}

#[test]
fn jitter_is_learnt_and_forgotten() {
    let mut dice = Dice(3);
    let arrivals: Vec<_> = (0..1600)
        .map(|i| {
            (
                due(i, 0.005) + if i < 400 { 0.08 * dice.unit() } else { 0.0 },
                i,
            )
        })
        .collect();
    let (playout, pulled, _) = run(sent(), arrivals, 32.0);
    let (mid, end) = (&pulled[390], &pulled[1590]);
    println!(
        "jitter 80 ms: target {:.0} ms, later {:.0} ms",
        mid.target * 1e3,
        end.target * 1e3
    );
    assert!((0.06..0.1).contains(&mid.target));
    assert!(end.target < 0.03 && end.delay < 0.04);
    let share = playout.stats().concealed as f64 / 400.0;
    println!("jitter 80 ms: {:.1} % concealed", share * 100.0);
    assert!(share < 0.08);
}

#[test]
fn delay_comes_back_within_two_seconds_of_a_burst() {
    for stall in [10, 25, 50] {
        let end = 200 + stall;
        let arrivals: Vec<_> = (0..600)
            .map(|i| {
                (
                    if (200..end).contains(&i) {
                        due(end, 0.005)
                    } else {
                        due(i, 0.005)
                    },
                    i,
                )
            })
            .collect();
        let (_, pulled, _) = run(sent(), arrivals, 12.0);
        let back = longest_excess(&pulled);
        println!("stall of {} ms: back within {back:.2} s", stall * 20);
        assert!(back < 2.0);
        // Every packet is played, none twice.
        assert!(pulled.windows(2).all(|w| w[0].frame.rtp <= w[1].frame.rtp));
    }
}

#[test]
fn loss_of_ten_percent_is_mostly_repaired() {
    let mut dice = Dice(11);
    let arrivals: Vec<_> = (0..1500)
        .filter(|_| dice.unit() >= 0.1)
        .map(|i| (due(i, 0.005), i))
        .collect();
    let (playout, _, _) = run(sent(), arrivals, 30.0);
    let s = playout.stats();
    println!(
        "10 % loss: {} of 1500 lost, {:.2} % recovered, {:.2} % concealed, {:.0} ms",
        s.lost,
        s.recovered as f64 / 15.0,
        s.concealed as f64 / 15.0,
        playout.delay() * 1e3
    );
    assert!(s.concealed < 150);
    assert!(playout.delay() < 0.07);
}

#[test]
fn a_new_spurt_starts_at_once() {
    let mut playout = Playout::new(RATE, PlayoutOptions::default()).unwrap();
    let mut out = [0; FRAME];
    let mut starts = vec![];
    let mut was = false;
    for tick in 0..400u64 {
        let now = tick as f64 * 0.02;
        // Speech in every other second; nothing is sent between.
        if (tick / 50) % 2 == 1 {
            let seq = tick / 100 * 50 + tick % 50;
            playout.push(now - 0.011, seq, tick * 960, &sent()[tick as usize % 50]);
        }
        let frame = playout.pull(now, &mut out);
        let is = frame.mark == Mark::Received;
        if is && !was {
            starts.push((now - 0.011 - frame.rtp as f64 / 48_000.0 + 0.011).abs());
        }
        was = is;
    }
    assert_eq!(starts.len(), 4, "{starts:?}");
    assert!(starts.iter().all(|d| *d <= 0.0241), "{starts:?}");
}

#[test]
fn speech_is_unharmed_on_a_clean_link() {
    let arrivals = (0..200).map(|i| (due(i, 0.01), i)).collect();
    let (_, _, pcm) = run(sent(), arrivals, 4.0);
    let mut decoder = visavis_line::opus::Decoder::new(RATE).unwrap();
    let mut out = vec![0; decoder.max_samples()];
    let mut truth = Vec::new();
    for packet in &sent()[..150] {
        let n = decoder.decode(packet, &mut out).unwrap();
        truth.extend_from_slice(&out[..n]);
    }
    assert!(common::snr(&truth, &pcm, 2 * FRAME) > 60.0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    /// Any jitter, loss, duplicates, and a stall: media time never steps back, and the delay
    /// is never far above its target for two seconds.
    #[test]
    fn any_network(seed in 1u64.., loss in 0.0..0.5f64, jitter in 0.0..0.3f64, stall in 0usize..60) {
        let mut dice = Dice(seed);
        let mut arrivals = Vec::new();
        for i in 0..350 {
            let bad = i < 200;
            for _ in 0..if bad && dice.unit() < 0.1 { 2 } else { 1 } {
                if !bad || dice.unit() >= loss {
                    let at = if (150..150 + stall).contains(&i) { 150 + stall } else { i };
                    let late = if bad { jitter * dice.unit() } else { 0.0 };
                    arrivals.push((due(at, 0.005) + late, i));
                }
            }
        }
        let (_, pulled, _) = run(sent(), arrivals, 7.0);
        for w in pulled.windows(2) {
            prop_assert!(w[0].frame.rtp <= w[1].frame.rtp);
            prop_assert!(w[0].frame.position <= w[1].frame.position);
        }
        let excess = longest_excess(&pulled);
        prop_assert!(excess < 2.0, "{excess}");
    }

    /// Whatever a stranger sends: no panic, positions in step.
    #[test]
    fn any_packets(ops in prop::collection::vec(
        (any::<u64>(), any::<u64>(), prop::collection::vec(any::<u8>(), 0..40), 0u8..8), 1..200)) {
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
                _ => playout.push(now, i, i * 960, payload),
            }
            now += 0.007;
            let frame = playout.pull(now, &mut out);
            if let Some(last) = last {
                prop_assert!(frame.position == last + FRAME as i64 || frame.position == 0);
            }
            last = Some(frame.position);
        }
    }
}
