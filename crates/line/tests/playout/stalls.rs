//! A stall does not make the call slow: the delay is back within two seconds of what comes at
//! its end, speech is not played too fast to follow, and only what is very old is dropped.

use crate::common::listen::{whole, BASE};
use crate::common::network::{stalled, take};
use crate::hear;

#[test]
fn the_delay_is_back_within_two_seconds() {
    for stall in [0.2, 0.5, 1.0, 2.0, 4.0] {
        let end = 6.0 + stall;
        let heard = hear(&take(1, 700, |i, _| Some(stalled(i, 6.0, end))));
        let back = heard.back_after(6.0, end);
        let excess = heard.longest_excess();
        println!("stall of {stall} s: back to what it was after {back:.2} s");
        assert!(back < 2.0 && excess < 2.0, "{back} {excess}");
    }
}

#[test]
fn what_is_older_than_a_second_is_dropped() {
    let heard = hear(&take(1, 600, |i, _| Some(stalled(i, 6.0, 8.2))));
    let after = heard
        .pulled
        .iter()
        .find(|p| p.at > 8.2 && whole(p))
        .unwrap();
    let age = after.at - (after.frame.rtp - BASE) as f64 / 48_000.0;
    assert!((0.9..1.1).contains(&age), "{age}");
}

#[test]
fn one_stall_teaches_nothing() {
    let heard = hear(&take(1, 700, |i, _| Some(stalled(i, 6.0, 7.0))));
    let highest = heard.pulled.iter().map(|p| p.target).fold(0.0, f64::max);
    assert!(highest < 0.05, "{highest}");
}
