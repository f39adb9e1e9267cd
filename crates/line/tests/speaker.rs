//! What is played, sample by sample.

use proptest::prelude::*;
use visavis_line::speaker::{Outcome, Progress, QueueFull, Speaker, TAIL_FRAMES};

const FRAME: usize = 480;

fn speaker() -> Speaker {
    Speaker::new(24_000, 60.0)
}

fn progress(speaker: &mut Speaker) -> Vec<Progress> {
    std::iter::from_fn(|| speaker.pop_progress()).collect()
}

fn ramp(n: usize) -> Vec<i16> {
    (0..n).map(|i| (i % 20_000) as i16 + 1).collect()
}

#[test]
fn a_short_reply_is_padded_and_followed_by_a_tail() {
    let mut s = speaker();
    let mut out = [7; FRAME];
    assert_eq!(s.next(&mut out), Outcome::Silent);
    s.play(1, &[5; 100]).unwrap();
    s.finish(1);
    assert_eq!(s.next(&mut out), Outcome::Speech);
    assert_eq!((&out[..100], &out[100..]), (&[5; 100][..], &[0; 380][..]));
    assert_eq!(
        progress(&mut s),
        [Progress {
            reply: 1,
            samples: 100,
            done: true
        }]
    );
    for n in 1..=TAIL_FRAMES {
        assert_eq!(s.next(&mut out), Outcome::Tail(n));
    }
    assert_eq!(s.next(&mut out), Outcome::Silent);
}

#[test]
fn a_reply_without_sound_is_done_at_once() {
    let mut s = speaker();
    s.finish(4);
    assert_eq!(
        progress(&mut s),
        [Progress {
            reply: 4,
            samples: 0,
            done: true
        }]
    );
    s.play(4, &[1; 10]).unwrap();
    assert!(!s.speaking());
}

#[test]
fn a_partial_frame_waits_one_tick_for_more() {
    let mut s = speaker();
    let mut out = [0; FRAME];
    s.play(1, &[1; 300]).unwrap();
    assert_ne!(s.next(&mut out), Outcome::Speech);
    s.play(1, &[2; 300]).unwrap();
    assert_eq!(s.next(&mut out), Outcome::Speech);
    assert_eq!((out[299], out[300], out[479]), (1, 2, 2));
    assert_ne!(s.next(&mut out), Outcome::Speech);
    assert_eq!(s.next(&mut out), Outcome::Speech);
    assert_eq!((out[119], out[120]), (2, 0));
}

#[test]
fn the_queue_is_bounded() {
    let mut s = Speaker::new(24_000, 0.1);
    assert_eq!(s.play(1, &[1; 3000]), Err(QueueFull { dropped: 600 }));
    assert!((s.queued_s() - 0.1).abs() < 1e-9);
}

#[test]
fn duck_is_smooth_and_comes_back() {
    let mut s = speaker();
    s.play(1, &[10_000; 24_000]).unwrap();
    let mut all = Vec::new();
    let mut out = [0; FRAME];
    for tick in 0..20 {
        match tick {
            5 => s.duck(0.1, 0.02),
            10 => s.duck(1.0, 0.05),
            _ => {}
        }
        s.next(&mut out);
        all.extend_from_slice(&out);
    }
    let steepest = all.windows(2).map(|w| (w[1] - w[0]).abs()).max().unwrap();
    assert!(steepest <= 20, "{steepest}");
    assert_eq!(
        (all[5 * FRAME - 1], all[6 * FRAME], all[13 * FRAME]),
        (10_000, 1000, 10_000)
    );
}

#[test]
fn flush_fades_then_drops_and_the_next_reply_is_loud() {
    let mut s = speaker();
    let mut out = [0; FRAME];
    s.play(1, &[10_000; 24_000]).unwrap();
    s.play(2, &[10_000; 24_000]).unwrap();
    s.next(&mut out);
    s.duck(0.5, 0.0);
    s.next(&mut out);
    s.flush(0.03);
    s.play(2, &[10_000; 480]).unwrap(); // cut: no more of it
    s.play(3, &[9_000; 480]).unwrap();
    assert_eq!(s.next(&mut out), Outcome::Speech);
    assert!(out.windows(2).all(|w| w[1] <= w[0]) && out[0] <= 5000);
    assert_eq!(s.next(&mut out), Outcome::Speech);
    assert!(out[239].abs() < 50 && out[240..].iter().all(|v| *v == 0));
    assert_eq!(s.next(&mut out), Outcome::Speech);
    assert_eq!(out, [9_000; FRAME]);
    let done: Vec<_> = progress(&mut s).into_iter().filter(|p| p.done).collect();
    let cut = |reply, samples| Progress {
        reply,
        samples,
        done: true,
    };
    assert_eq!(done, [cut(1, 1680), cut(2, 0)]);
}

#[test]
fn flush_before_the_first_sample_says_nothing() {
    let mut s = speaker();
    s.play(1, &[10_000; 24_000]).unwrap();
    s.flush(0.02);
    assert_eq!(s.next(&mut [0; FRAME]), Outcome::Silent);
    assert_eq!(
        progress(&mut s),
        [Progress {
            reply: 1,
            samples: 0,
            done: true
        }]
    );
}

#[test]
fn heard_maps_rtp_to_samples() {
    let mut s = speaker();
    s.start_rtp(u64::from(u32::MAX) - 1000); // wraps in 32 bits
    let mut out = [0; FRAME];
    let mut rtp = Vec::new();
    for tick in 0..12 {
        if tick == 3 {
            s.play(8, &ramp(1000)).unwrap();
            s.finish(8);
        }
        s.next(&mut out);
        rtp.push(s.rtp() as u32);
    }
    assert_eq!(s.heard(rtp[3]), None);
    assert_eq!(s.heard(rtp[3].wrapping_add(100)), Some((8, 50, false)));
    assert_eq!(s.heard(rtp[5]), Some((8, 960, false)));
    assert_eq!(s.heard(rtp[6]), Some((8, 1000, true)));
    assert_eq!(s.heard(rtp[11]), Some((8, 1000, true)));
    assert_eq!(s.heard(rtp[11].wrapping_add(5000)), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    /// Every queued sample of replies that are not flushed is sent once, in order; no frame
    /// holds two replies.
    #[test]
    fn every_sample_once(chunks in prop::collection::vec((0usize..3, 1usize..2000, 0usize..4), 1..40)) {
        let mut s = speaker();
        let mut out = [0; FRAME];
        let (mut reply, mut counter) = (1i64, 0i64);
        let mut queued: Vec<(i64, Vec<i16>)> = vec![(1, vec![])];
        let mut got: Vec<i16> = Vec::new();
        let mut take = |s: &mut Speaker, got: &mut Vec<i16>| {
            let outcome = s.next(&mut out);
            if outcome == Outcome::Speech {
                got.extend(out.iter().filter(|v| **v != 0));
            }
            outcome
        };
        for (step, n, ticks) in chunks {
            if step == 0 {
                s.finish(reply);
                reply += 1;
                queued.push((reply, vec![]));
            }
            let pcm: Vec<i16> = (0..n).map(|_| { counter += 1; (counter % 30_000) as i16 + 1 }).collect();
            s.play(reply, &pcm).unwrap();
            queued.last_mut().unwrap().1.extend(pcm);
            for _ in 0..ticks {
                take(&mut s, &mut got);
            }
        }
        s.finish(reply);
        while s.speaking() {
            take(&mut s, &mut got);
        }
        let all: Vec<i16> = queued.iter().flat_map(|q| q.1.clone()).collect();
        prop_assert_eq!(got, all);
        let done: Vec<_> = progress(&mut s).into_iter().filter(|p| p.done).map(|p| (p.reply, p.samples)).collect();
        let want: Vec<_> = queued.iter().map(|q| (q.0, q.1.len() as u64)).collect();
        prop_assert_eq!(done, want);
    }

    /// Any order of calls: no panic, reports grow, a reply is done once.
    #[test]
    fn any_calls(ops in prop::collection::vec((0u8..7, -2i64..6, 0usize..3000, -1.0..2.0f64), 1..100)) {
        let mut s = Speaker::new(24_000, 0.5);
        let mut out = [0; FRAME];
        let mut done = std::collections::BTreeSet::new();
        let mut sent = std::collections::BTreeMap::new();
        for (kind, reply, n, x) in ops {
            match kind {
                0 => { let _full = s.play(reply, &ramp(n)); }
                1 => s.finish(reply),
                2 => s.duck(x as f32, x),
                3 => s.flush(x),
                4 => { s.heard(n as u32 * 100); }
                _ => { s.next(&mut out); }
            }
            for p in progress(&mut s) {
                prop_assert!(!done.contains(&p.reply));
                prop_assert!(p.samples >= *sent.get(&p.reply).unwrap_or(&0));
                sent.insert(p.reply, p.samples);
                if p.done {
                    done.insert(p.reply);
                }
            }
        }
    }
}
