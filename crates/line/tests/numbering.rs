//! RED copies carry timestamps only: which sequence number is theirs?

use proptest::prelude::*;
use visavis_line::numbering::Numbering;

#[derive(Clone, Copy, Debug)]
struct Sent {
    seq: u64,
    rtp: u64,
    ticks: u64,
}

/// What a sender sent: packets of `ticks`, each after so many ticks of silence.
fn timeline(packets: &[(u64, u64)]) -> Vec<Sent> {
    let mut rtp = 1_000_000;
    packets
        .iter()
        .enumerate()
        .map(|(i, (silence, ticks))| {
            let sent = Sent {
                seq: 70_000 + i as u64,
                rtp: rtp + silence,
                ticks: *ticks,
            };
            rtp = sent.rtp + ticks;
            sent
        })
        .collect()
}

/// Every packet but the lost ones comes with copies of the `depth` before it, the oldest first.
/// The packets of which copies were placed, and the numbers they were given.
fn run(sent: &[Sent], lost: impl Fn(usize) -> bool, depth: usize) -> Vec<(Sent, u64)> {
    let mut numbering = Numbering::default();
    let mut placed = Vec::new();
    for (i, packet) in sent.iter().enumerate().filter(|(i, _)| !lost(*i)) {
        numbering.received(packet.seq, packet.rtp, packet.ticks);
        for copy in &sent[i.saturating_sub(depth)..i] {
            if packet.rtp - copy.rtp > 16_383 {
                continue;
            }
            if let Some(seq) = numbering.infer(copy.rtp, copy.ticks) {
                placed.push((*copy, seq));
            }
        }
    }
    placed
}

#[test]
fn contiguous_speech_is_numbered_exactly_and_once() {
    let sent = timeline(&[(0, 960); 100]);
    let placed = run(&sent, |i| i % 7 > 3, 4);
    assert_eq!(placed.len(), (0..98).filter(|i| i % 7 > 3).count());
    assert!(placed.iter().all(|(of, seq)| of.seq == *seq), "{placed:?}");
}

#[test]
fn the_first_packets_after_a_silence_are_numbered_exactly() {
    // A comfort packet, 200 ms of silence, and talk of which the first two packets are lost.
    let sent = timeline(&[(0, 960), (9600, 960), (0, 960), (0, 960)]);
    let placed = run(&sent, |i| i == 1 || i == 2, 2);
    let numbers: Vec<_> = placed.iter().map(|(_, seq)| *seq).collect();
    assert_eq!(numbers, [70_001, 70_002]);
}

#[test]
fn the_last_packets_before_a_silence_are_numbered_exactly() {
    let sent = timeline(&[(0, 960), (0, 960), (0, 960), (9600, 960)]);
    let placed = run(&sent, |i| i == 1 || i == 2, 3);
    let numbers: Vec<_> = placed.iter().map(|(_, seq)| *seq).collect();
    assert_eq!(numbers, [70_001, 70_002]);
}

#[test]
fn long_packets_are_numbered_exactly() {
    for ticks in [1920, 2880] {
        let sent = timeline(&[(0, ticks); 60]);
        let placed = run(&sent, |i| i % 5 > 1, 3);
        assert!(placed.iter().all(|(of, seq)| of.seq == *seq), "{placed:?}");
        assert!(placed.len() > 30);
    }
}

#[test]
fn a_copy_of_what_came_is_nothing_missing() {
    let mut numbering = Numbering::default();
    numbering.received(10, 960, 960);
    numbering.received(11, 1920, 960);
    assert_eq!(numbering.infer(960, 960), None);
    // Nor is anything missing between successive numbers, or across a packet.
    assert_eq!(numbering.infer(1440, 960), None);
    numbering.received(12, 9600, 960);
    assert_eq!(numbering.infer(4800, 960), None);
}

#[test]
fn an_original_that_comes_late_corrects_what_was_inferred() {
    let mut numbering = Numbering::default();
    numbering.received(10, 0, 960);
    numbering.received(13, 14_400, 960);
    // There is silence after it, which nobody can know: the number is too low.
    assert_eq!(numbering.infer(9600, 960), Some(11));
    numbering.received(11, 4800, 960);
    assert_eq!(numbering.infer(9600, 960), Some(12));
}

#[test]
fn timestamps_that_jump_begin_anew() {
    let mut numbering = Numbering::default();
    for i in 0..10 {
        numbering.received(i, (1 << 40) + i * 960, 960);
    }
    for i in [10, 11, 13] {
        numbering.received(i, i * 960, 960);
    }
    assert_eq!(numbering.infer(12 * 960, 960), Some(12));
}

proptest! {
    #[test]
    fn numbers_keep_the_order_of_time_and_lie_in_their_holes(
        packets in prop::collection::vec(
            (prop_oneof![4 => Just(0u64), 1 => 0u64..20_000], prop::sample::select(vec![960u64, 1920, 2880])),
            1..120,
        ),
        lost in prop::collection::vec(any::<bool>(), 120),
        depth in 1usize..5,
    ) {
        let sent = timeline(&packets);
        let placed = run(&sent, |i| lost[i], depth);
        for (of, seq) in &placed {
            let at = (of.seq - 70_000) as usize;
            prop_assert!(lost[at]);
            let before = (0..at).rev().find(|i| !lost[*i]);
            let after = (at..sent.len()).find(|i| !lost[*i]).unwrap();
            prop_assert!(before.is_none_or(|i| sent[i].seq < *seq));
            prop_assert!(*seq < sent[after].seq);
            if before == at.checked_sub(1) && before.is_some() && after == at + 1 {
                prop_assert_eq!(of.seq, *seq);
            }
        }
        let mut in_time = placed.clone();
        in_time.sort_by_key(|(of, _)| of.rtp);
        prop_assert!(in_time.windows(2).all(|pair| pair[0].1 < pair[1].1), "{:?}", in_time);
    }

    #[test]
    fn any_numbers_are_taken(
        told in prop::collection::vec((any::<bool>(), any::<u64>(), any::<u64>(), any::<u64>()), 0..200),
    ) {
        let mut numbering = Numbering::default();
        for (copy, seq, rtp, ticks) in told {
            if copy {
                numbering.infer(rtp, ticks);
            } else {
                numbering.received(seq, rtp, ticks);
            }
        }
    }
}
