//! Sliding-window FEC: what was lost is solved for, exactly, whatever was lost and in which order
//! the rest came.

use proptest::prelude::*;
use visavis_line::fec::{Decoder, Encoder, MAX_WINDOW};
use visavis_line::red::MAX_LENGTH;

const FIRST: u64 = 5000;
const ROOM: usize = 1120;

/// What travelled: number, time, payload, and perhaps a repair.
#[derive(Clone, Debug)]
struct Sent {
    seq: u64,
    rtp: u64,
    payload: Vec<u8>,
    repair: Option<(u64, Vec<u8>)>,
}

/// Packets of these lengths, as a talk.
fn talk(lengths: &[usize], window: u32, every: u32) -> Vec<Sent> {
    let mut encoder = Encoder::default();
    let mut sent = Vec::new();
    for (i, length) in lengths.iter().enumerate() {
        let (seq, rtp) = (FIRST + i as u64, (1 << 33) + i as u64 * 960);
        // The first byte is no table of contents with padding.
        let payload: Vec<u8> = (0..*length).map(|at| 0x48 ^ (4 * i * at) as u8).collect();
        let repair = encoder.repair(seq, &payload, (window, every), ROOM);
        let repair = repair.map(|(covered, body)| (covered, body.to_vec()));
        encoder.keep(rtp, &payload);
        sent.push(Sent {
            seq,
            rtp,
            payload,
            repair,
        });
    }
    sent
}

/// Gives the decoder these packets; the numbers of what it solved for, which must be right.
fn receive<'a>(all: &[Sent], come: impl Iterator<Item = &'a Sent>) -> Vec<u64> {
    let mut decoder = Decoder::new(FIRST);
    let mut solved = Vec::new();
    for packet in come {
        decoder.received(packet.seq, packet.rtp, &packet.payload);
        if let Some((covered, body)) = &packet.repair {
            decoder.repair(packet.seq, *covered, body);
        }
        while let Some(recovered) = decoder.recovered() {
            let original = &all[(recovered.seq - FIRST) as usize];
            assert_eq!(recovered.rtp, original.rtp);
            assert_eq!(recovered.payload, original.payload);
            solved.push(recovered.seq);
        }
    }
    solved
}

#[test]
fn one_repair_makes_any_one_packet_whole_and_no_two() {
    let sent = talk(&[60, 90, 3, 120, 70, 80, 10, 99, 5], 8, 8);
    assert_eq!(sent[8].repair.as_ref().unwrap().0, 8);
    assert!(sent[..8].iter().all(|packet| packet.repair.is_none()));
    for lost in FIRST..FIRST + 8 {
        let come = sent.iter().filter(|packet| packet.seq != lost);
        assert_eq!(receive(&sent, come), [lost]);
    }
    let come = sent.iter().filter(|packet| packet.seq > FIRST + 1);
    assert!(receive(&sent, come).is_empty());
}

#[test]
fn a_burst_is_solved_for_once_as_many_repairs_have_come() {
    let sent = talk(&[80; 40], 16, 2);
    // Four lost: the four repairs after them, two packets apart.
    let burst = FIRST + 10..FIRST + 14;
    let come = |last: u64| {
        let here = |seq: &u64| !burst.contains(seq) && *seq <= last;
        receive(&sent, sent.iter().filter(|packet| here(&packet.seq)))
    };
    assert!(come(FIRST + 19).is_empty());
    let mut solved = come(FIRST + 20);
    solved.sort_unstable();
    assert_eq!(solved, burst.clone().collect::<Vec<_>>());
}

#[test]
fn what_comes_after_its_repair_helps_to_solve_for_the_rest() {
    let sent = talk(&[80; 9], 8, 8);
    let mut come: Vec<&Sent> = sent
        .iter()
        .filter(|packet| packet.seq != FIRST + 2)
        .collect();
    let late = come.remove(4);
    come.push(late);
    assert_eq!(receive(&sent, come.into_iter()), [FIRST + 2]);
}

#[test]
fn a_talk_ends_with_a_repair_and_the_next_begins_anew() {
    let sent = talk(&[80, 80, 80, 1, 1, 80, 80, 80, 80], 16, 4);
    let covered: Vec<u64> = sent
        .iter()
        .map(|packet| packet.repair.as_ref().map_or(0, |repair| repair.0))
        .collect();
    assert_eq!(covered, [0, 0, 0, 3, 0, 0, 0, 0, 0]);
}

#[test]
fn what_does_not_fit_is_left_out_and_made_up_for() {
    let mut encoder = Encoder::default();
    encoder.keep(0, &[0x48; 400]);
    assert!(encoder.repair(1, &[0x48; 400], (8, 1), 808).is_none());
    assert!(encoder.repair(1, &[0x48; 400], (8, 1), 809).is_some());
    assert!(encoder.repair(2, &[0x48; 400], (8, 1), 809).is_none());
    encoder.keep(960, &[0x48; MAX_LENGTH]);
    encoder.keep(1920, &[0x48; 50]);
    // A packet too long to be covered parts those before it from those after it.
    assert_eq!(encoder.repair(3, &[0x48; 50], (8, 1), ROOM).unwrap().0, 1);
}

proptest! {
    #[test]
    fn what_is_solved_for_is_right_and_as_much_as_can_be(
        lengths in prop::collection::vec(3usize..300, 20..60),
        window in 4u32..=MAX_WINDOW as u32,
        every in 1u32..=4,
        losses in prop::collection::vec(prop::bool::weighted(0.25), 90),
        shifts in prop::collection::vec(0usize..4, 90),
        twice in prop::collection::vec(any::<bool>(), 90),
    ) {
        let sent = talk(&lengths, window, every);
        let mut come: Vec<(usize, &Sent)> = sent
            .iter()
            .enumerate()
            .filter(|(i, _)| !losses[*i])
            .flat_map(|(i, packet)| vec![(i + shifts[i], packet); 1 + usize::from(twice[i])])
            .collect();
        let in_order = receive(&sent, come.iter().map(|(_, packet)| *packet));
        // Out of order, the same are solved for, or come themselves before they are.
        come.sort_by_key(|(at, _)| *at);
        let shuffled = receive(&sent, come.iter().map(|(_, packet)| *packet));
        let lost = |seq: &u64| losses[(*seq - FIRST) as usize];
        let mut a = in_order.clone();
        let mut b: Vec<u64> = shuffled.into_iter().filter(|seq| lost(seq)).collect();
        a.sort_unstable();
        b.sort_unstable();
        prop_assert!(a.iter().all(lost));
        prop_assert_eq!(&a, &b);
        a.dedup();
        prop_assert_eq!(a.len(), in_order.len(), "nothing is solved for twice");
    }

    #[test]
    fn no_more_losses_than_repairs_are_all_solved_for(
        lengths in prop::collection::vec(3usize..300, 33),
        lost in prop::collection::btree_set(0usize..16, 1..=8),
    ) {
        // The last packets cover all before them, one repair each: as many of those come as
        // packets were lost, and two to spare for equations that are not independent.
        let sent = talk(&lengths, MAX_WINDOW as u32, 1);
        let repairs = 16..=17 + lost.len();
        let come = sent.iter().enumerate().filter(|(i, _)| !lost.contains(i));
        let come: Vec<Sent> = come
            .map(|(i, packet)| Sent {
                repair: packet.repair.clone().filter(|_| repairs.contains(&i)),
                ..packet.clone()
            })
            .collect();
        let mut solved = receive(&sent, come.iter());
        solved.sort_unstable();
        let lost: Vec<u64> = lost.iter().map(|i| FIRST + *i as u64).collect();
        prop_assert_eq!(solved, lost);
    }

    #[test]
    fn hostile_bytes_are_read_within_bounds(
        steps in prop::collection::vec(
            (any::<bool>(), 0u64..200, any::<u64>(), prop::collection::vec(any::<u8>(), 0..1500)),
            0..80,
        ),
    ) {
        let mut decoder = Decoder::new(100);
        for (repair, seq, number, bytes) in steps {
            match repair {
                true => decoder.repair(seq, number % 40, &bytes),
                false => decoder.received(seq, number >> 20, &bytes),
            }
            while let Some(recovered) = decoder.recovered() {
                prop_assert!((100..200).contains(&recovered.seq));
                prop_assert!((1..=MAX_LENGTH).contains(&recovered.payload.len()));
            }
        }
    }
}
