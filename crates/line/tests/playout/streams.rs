//! Numbers: roll-over, duplicates, strangers' numbers, and streams that begin anew.

use crate::common::listen::{FRAME, RATE};
use crate::sent;
use visavis_line::opus::Mark;
use visavis_line::playout::{Playout, PlayoutOptions};

/// 200 packets with these numbers; how many frames were heard, and the buffer.
fn numbered(numbers: impl Fn(u64) -> (u64, u64)) -> (usize, Playout) {
    let mut playout = Playout::new(RATE, PlayoutOptions::default()).unwrap();
    let (mut heard, mut out) = (0, [0; FRAME]);
    for i in 0..200u64 {
        let now = i as f64 * 0.02;
        let (seq, rtp) = numbers(i);
        playout.push(now, seq, rtp, &sent()[i as usize]);
        heard += usize::from(playout.pull(now + 0.01, &mut out).mark == Mark::Received);
    }
    (heard, playout)
}

#[test]
fn roll_over_is_nothing_special() {
    let start = (65_535 - 100, (1u64 << 32) - 100 * 960);
    let (heard, playout) = numbered(|i| (start.0 + i, start.1 + i * 960));
    assert_eq!(heard, 200);
    assert_eq!((playout.stats().lost, playout.stats().rejected), (0, 0));
}

#[test]
fn a_restarted_sender_is_followed_within_three_packets() {
    let anew = |i: u64| {
        if i < 100 {
            (i, i * 960)
        } else {
            (9_000 + i, (1 << 40) + i * 960)
        }
    };
    let (heard, playout) = numbered(anew);
    assert!(heard >= 197, "{heard}");
    assert_eq!(playout.stats().rejected, 2);
}

#[test]
fn another_ssrc_is_followed_at_once_even_with_numbers_near_the_old_ones() {
    for (seq, rtp) in [(50u64, 50 * 960u64), (100, 150 * 960), (130, 40 * 960)] {
        let mut playout = Playout::new(RATE, PlayoutOptions::default()).unwrap();
        let (mut heard, mut out, mut last) = (0, [0; FRAME], -480);
        for i in 0..200u64 {
            let now = i as f64 * 0.02;
            if i == 100 {
                playout.expect_another();
            }
            let (seq, rtp) = if i < 100 {
                (i, i * 960)
            } else {
                (seq + i - 100, rtp + (i - 100) * 960)
            };
            playout.push(now, seq, rtp, &sent()[i as usize]);
            let frame = playout.pull(now + 0.01, &mut out);
            heard += usize::from(frame.mark == Mark::Received);
            assert_eq!(frame.position, last + 480);
            last = frame.position;
        }
        assert!(heard >= 198, "{heard}");
    }
}

#[test]
fn duplicates_are_played_once() {
    let hear = |again: &[u64]| {
        let mut playout = Playout::new(RATE, PlayoutOptions::default()).unwrap();
        let (mut heard, mut out) = (Vec::new(), [0; FRAME]);
        for i in 0..200u64 {
            let now = i as f64 * 0.02;
            playout.push(now, i, i * 960, &sent()[i as usize]);
            for j in again.iter().map(|back| i.saturating_sub(*back)) {
                playout.push(now, j, j * 960, &sent()[j as usize]);
                playout.push_redundant(now, j, j * 960, &sent()[j as usize]);
            }
            let frame = playout.pull(now + 0.01, &mut out);
            heard.push((frame, out));
        }
        assert_eq!(playout.stats().received, 200);
        assert_eq!(playout.stats().reordered, 0);
        heard
    };
    assert!(hear(&[]) == hear(&[0, 0, 1, 3, 500]));
}
