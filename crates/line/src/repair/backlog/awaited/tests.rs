//! What is asked for, how long it is waited for, and what a stranger may answer.

use super::hole::GAPS;
use super::*;
use crate::repair::backlog::Writer;
use proptest::prelude::*;

const OPUS: [u8; 3] = [9 << 3, 1, 2];

fn answer(request: u16, total: u16, times: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes, request, total);
    for rtp in times {
        assert!(writer.add(10_000, *rtp as u32, &OPUS));
    }
    bytes
}

fn receive(awaited: &mut Awaited, bytes: &[u8]) {
    awaited.receive(&Resent::parse(bytes).unwrap());
}

#[test]
fn a_hole_is_answered_when_all_of_it_has_come_in_any_order() {
    let mut awaited = Awaited::default();
    let from = (1 << 32) - 960; // timestamps wrap inside
    awaited.ask(from, from + 4 * 960);
    let asked = awaited.next_missing().unwrap();
    assert_eq!((asked.from, asked.to), (u32::MAX - 959, 3 * 960));
    receive(&mut awaited, &answer(0, 3, &[from + 1920, from + 2880]));
    assert_eq!(awaited.standing(from), Some(Standing::Waited));
    receive(&mut awaited, &answer(0, 3, &[from + 1920]));
    assert_eq!(awaited.standing(from), Some(Standing::Waited));
    receive(&mut awaited, &answer(0, 3, &[from]));
    assert_eq!(awaited.standing(from + 3839), Some(Standing::Answered));
    let times: Vec<u64> = std::iter::from_fn(|| awaited.pop())
        .map(|f| f.rtp)
        .collect();
    assert_eq!(times, [from, from + 1920, from + 2880]);
    awaited.done(from + 4 * 960);
    assert_eq!(awaited.standing(from), None);
}

#[test]
fn what_was_not_asked_for_is_left_out() {
    let mut awaited = Awaited::default();
    receive(&mut awaited, &answer(0, 1, &[960]));
    awaited.ask(48_000, 96_000);
    receive(&mut awaited, &answer(9, 1, &[48_000]));
    receive(&mut awaited, &answer(0, 9, &[0, 47_999, 96_000, 1 << 40]));
    assert!(awaited.pop().is_none());
    assert_eq!(awaited.standing(47_999), None);
}

#[test]
fn it_is_waited_for_as_long_as_it_lasted_and_longer_while_it_comes() {
    let mut awaited = Awaited::default();
    awaited.pass(0.0, true, 0.1);
    awaited.ask(0, 24_000);
    awaited.pass(0.65, true, 0.1);
    assert_eq!(awaited.standing(0), Some(Standing::Waited));
    awaited.pass(0.8, true, 0.1);
    assert_eq!(awaited.standing(0), Some(Standing::GivenUp));
    receive(&mut awaited, &answer(0, 20, &[0]));
    awaited.pass(1.2, true, 0.1);
    assert_eq!(awaited.standing(0), Some(Standing::Waited));
    // One packet now and then holds nobody up for ever.
    for i in 0..60 {
        receive(&mut awaited, &answer(0, 200, &[960 + i]));
        awaited.pass(1.2 + i as f64 * 0.1, true, 0.1);
    }
    assert_eq!(awaited.standing(0), Some(Standing::GivenUp));
}

#[test]
fn while_the_link_is_out_no_time_passes() {
    let mut awaited = Awaited::default();
    awaited.pass(0.0, true, 0.0);
    awaited.ask(0, 24_000);
    awaited.next_missing();
    awaited.pass(0.1, true, 0.0);
    awaited.pass(20.0, false, 0.0);
    assert_eq!(awaited.standing(0), Some(Standing::Waited));
    assert_eq!(awaited.next_missing(), None);
    awaited.pass(20.2, true, 0.0);
    assert_eq!(awaited.next_missing().map(|m| m.request), Some(1));
    awaited.pass(21.0, true, 0.0);
    assert_eq!(awaited.standing(0), Some(Standing::GivenUp));
}

#[test]
fn what_got_lost_again_is_asked_for_again_gap_by_gap() {
    let mut awaited = Awaited::default();
    awaited.pass(0.0, true, 0.0);
    awaited.ask(0, 960 * 20);
    awaited.next_missing();
    receive(&mut awaited, &answer(0, 20, &[0, 960, 4800, 9600]));
    awaited.pass(0.21, true, 0.0);
    let next = |a: &mut Awaited| a.next_missing().map(|m| (m.request, m.from, m.to));
    // The packets came just now, so what follows them may still come.
    receive(&mut awaited, &answer(0, 20, &[960 * 11]));
    assert_eq!(next(&mut awaited), Some((1, 1920, 4800)));
    assert_eq!(next(&mut awaited), Some((2, 5760, 9600)));
    let rest = next(&mut awaited);
    assert!(
        rest.is_none_or(|r| r == (3, 960 * 11, 960 * 20)),
        "{rest:?}"
    );
    let missing: Vec<u64> = (0..20).map(|i| i * 960).collect();
    receive(&mut awaited, &answer(2, 4, &missing));
    assert_eq!(awaited.standing(0), Some(Standing::Answered));
}

#[test]
fn a_far_end_that_kept_nothing_is_not_waited_for() {
    let mut awaited = Awaited::default();
    awaited.ask(0, 24_000);
    receive(&mut awaited, &answer(0, 0, &[]));
    assert_eq!(awaited.standing(0), Some(Standing::Answered));
}

proptest! {
    /// Whatever a stranger answers: bounded, in order, inside what was asked for.
    #[test]
    fn any_answers(ops in prop::collection::vec(
        (0u8..6, any::<u16>(), any::<u16>(), prop::collection::vec(any::<u64>(), 0..50)), 1..300)) {
        let mut awaited = Awaited::default();
        let (mut now, mut to) = (0.0, 0u64);
        for (kind, a, b, times) in ops {
            match kind {
                0 => {
                    awaited.ask(to + u64::from(a % 9), to + u64::from(b) * 50);
                    to = to.max(to + u64::from(b) * 50);
                }
                1 => { now += f64::from(a) / 20_000.0; awaited.pass(now, b % 3 > 0, f64::from(a) / 10_000.0); }
                2 => awaited.done(to.saturating_sub(u64::from(a) * 100)),
                _ => {
                    let times: Vec<u64> = times.iter().map(|t| t % (to + 1000)).collect();
                    receive(&mut awaited, &answer(a % 40, b, &times));
                }
            }
            prop_assert!(awaited.holes.len() <= MAX_HOLES && awaited.frames.len() <= MAX_FRAMES);
            prop_assert!(awaited.unsent.len() <= MAX_HOLES * GAPS + 1);
            prop_assert!(awaited.frames.iter().zip(awaited.frames.iter().skip(1)).all(|(x, y)| x.rtp <= y.rtp));
            while awaited.next_missing().is_some() {}
        }
    }
}
