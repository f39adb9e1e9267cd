//! RED payloads (RFC 2198): written and read, and what strangers send.

mod common;

use common::{packets, speech};
use proptest::prelude::*;
use visavis_line::plan::SendPlan;
use visavis_line::red::{parse, Block, History, RedError, MAX_BLOCKS, MAX_LENGTH, MAX_OFFSET};

const ROOM: usize = 1120;

/// The copies and the primary of a payload, as (age, bytes).
fn blocks(payload: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let red = parse(payload).unwrap();
    red.copies()
        .chain([red.primary()])
        .map(|block| {
            assert_eq!(block.pt, 111);
            (block.offset, block.payload.to_vec())
        })
        .collect()
}

fn opus(payload: &[u8]) -> Block<'_> {
    Block {
        pt: 111,
        offset: 0,
        payload,
    }
}

/// A history of packets of 20 ms: the i-th has `lengths[i]` bytes of the value i.
fn history(lengths: &[usize]) -> History {
    let mut history = History::default();
    for (i, length) in lengths.iter().enumerate() {
        // The first byte is no table of contents with padding.
        let mut packet = vec![i as u8; *length];
        packet.first_mut().map(|first| *first = 0x48).unwrap_or(());
        history.keep(i as u64 * 960, &packet);
    }
    history
}

#[test]
fn a_payload_is_laid_out_as_the_rfc_draws_it() {
    let mut out = Vec::new();
    assert!(history(&[3, 300]).write(1920, opus(b"new"), &[1, 2], &[], ROOM, &mut out));
    // Offset 1920 = 0b11110_000000, length 3; offset 960 = 0b1111_000000, length 300 = 0b1_00101100.
    assert_eq!(out[..4], [0xef, 30, 0, 3]);
    assert_eq!(out[4..8], [0xef, 15, 1, 44]);
    assert_eq!(out[8..12], [111, 0x48, 0, 0]);
    assert_eq!(out.len(), 9 + 3 + 300 + 3);
    assert_eq!(&out[out.len() - 3..], b"new");
}

#[test]
fn a_repair_stands_between_the_copies_and_the_primary() {
    let repair = Block {
        pt: 126,
        offset: 16,
        payload: &[7; 5],
    };
    let mut out = Vec::new();
    let mut write = |distances: &[u32], room| {
        history(&[3, 300]).write(1920, opus(b"new"), distances, &[repair], room, &mut out);
        let red = parse(&out).unwrap();
        red.copies().map(|b| (b.pt, b.offset)).collect::<Vec<_>>()
    };
    assert_eq!(write(&[1, 2], ROOM), [(111, 1920), (111, 960), (126, 16)]);
    assert_eq!(write(&[2], 20), [(111, 1920), (126, 16)]);
    assert_eq!(write(&[2], 19), [(126, 16)]);
    assert_eq!(write(&[], ROOM), [(126, 16)]);
    assert_eq!(out[..5], [0x80 | 126, 0, 64, 5, 111]);
    assert_eq!(out[5..], *b"\x07\x07\x07\x07\x07new");
}

#[test]
fn nothing_older_than_341_ms_is_copied() {
    let mut history = History::default();
    history.keep(0, &[0x48; 50]);
    let mut out = Vec::new();
    assert!(history.write(MAX_OFFSET, opus(b"new"), &[1], &[], ROOM, &mut out));
    assert!(!history.write(MAX_OFFSET + 1, opus(b"new"), &[1], &[], ROOM, &mut out));
    assert!(out.is_empty());
}

#[test]
fn a_packet_too_long_or_empty_of_sound_is_not_copied() {
    let mut out = Vec::new();
    for (length, copied) in [(MAX_LENGTH, true), (MAX_LENGTH + 1, false), (2, false)] {
        assert_eq!(
            history(&[length]).write(960, opus(b"new"), &[1], &[], 2000, &mut out),
            copied
        );
    }
}

#[test]
fn the_farthest_copies_give_way_when_there_is_no_room() {
    let history = history(&[200; 17]);
    let mut out = Vec::new();
    let mut ages = |room| -> Vec<u64> {
        let wrote = history.write(
            17 * 960,
            opus(&[1; 100]),
            &[1, 4, 10, 16],
            &[],
            room,
            &mut out,
        );
        if !wrote {
            return vec![];
        }
        assert!(out.len() <= room);
        blocks(&out).iter().map(|(age, _)| age / 960).collect()
    };
    assert_eq!(ages(1000), [16, 10, 4, 1, 0]);
    assert_eq!(ages(101 + 3 * 204), [10, 4, 1, 0]);
    assert_eq!(ages(101 + 3 * 204 - 1), [4, 1, 0]);
    assert_eq!(ages(304), [] as [u64; 0]);
}

#[test]
fn a_copy_leaves_deep_redundancy_out() {
    let plan = SendPlan {
        dred_ms: 500,
        expected_loss: 0.2,
        ..SendPlan::default()
    };
    let sent = packets(&speech(24_000, 2.0), 24_000, &plan);
    let has_dred = |packet: &&Vec<u8>| packet[0] & 3 == 3 && packet[1] & 0x40 != 0;
    let padded = sent
        .iter()
        .rfind(has_dred)
        .expect("deep redundancy")
        .clone();
    let mut history = History::default();
    history.keep(0, &padded);
    let mut out = Vec::new();
    assert!(history.write(960, opus(b"new"), &[1], &[], ROOM, &mut out));
    let copy = &blocks(&out)[0].1;
    assert!(
        copy.len() < padded.len() - 20,
        "{} {}",
        copy.len(),
        padded.len()
    );
    let samples = visavis_line::opus::packet_samples(copy, 48_000);
    assert_eq!(samples, Ok(960));
}

#[test]
fn what_is_no_red_is_refused_for_its_reason() {
    assert_eq!(parse(&[]).unwrap_err(), RedError::Truncated);
    assert_eq!(parse(&[0x80 | 111, 0, 0]).unwrap_err(), RedError::Truncated);
    assert_eq!(
        parse(&[0x80 | 111, 0, 0, 9, 111, 1, 2]).unwrap_err(),
        RedError::Truncated
    );
    assert_eq!(parse(&[111]).unwrap_err(), RedError::NoPrimary);
    assert_eq!(
        parse(&[0x80 | 111, 0, 0, 1, 111, 1]).unwrap_err(),
        RedError::NoPrimary
    );
    let headers = |n: usize| [&[0x80 | 111, 1, 0, 0].repeat(n)[..], &[111, 1]].concat();
    assert_eq!(
        parse(&headers(MAX_BLOCKS)).unwrap().copies().count(),
        MAX_BLOCKS
    );
    assert_eq!(
        parse(&headers(MAX_BLOCKS + 1)).unwrap_err(),
        RedError::TooManyBlocks
    );
}

proptest! {
    #[test]
    fn what_was_written_is_read(
        lengths in prop::collection::vec(3usize..400, 1..40),
        distances in prop::collection::btree_set(1u32..=17, 1..=4),
        primary in prop::collection::vec(any::<u8>(), 1..400),
        room in 1usize..1500,
    ) {
        let history = history(&lengths);
        let now = lengths.len() as u64 * 960;
        let distances: Vec<u32> = distances.into_iter().collect();
        let mut out = Vec::new();
        if history.write(now, opus(&primary), &distances, &[], room, &mut out) {
            prop_assert!(out.len() <= room);
            let mut read = blocks(&out);
            prop_assert_eq!(read.pop(), Some((0, primary.clone())));
            prop_assert!(!read.is_empty());
            // The copies are the nearest that were asked for and sent, the oldest first.
            let wanted = distances.iter().filter(|d| **d as usize <= lengths.len());
            for (distance, (age, copy)) in wanted.zip(read.iter().rev()) {
                let of = lengths.len() - *distance as usize;
                prop_assert_eq!(*age, u64::from(*distance) * 960);
                prop_assert_eq!(copy.len(), lengths[of]);
                prop_assert_eq!(copy[1], of as u8);
            }
        } else {
            prop_assert!(out.is_empty());
        }
    }

    #[test]
    fn hostile_bytes_are_read_within_bounds(
        bytes in prop::collection::vec(any::<u8>(), 0..1500),
        headers in 0usize..40,
    ) {
        let mut bytes = bytes;
        // Random bytes are rarely more than a header deep; these are.
        for i in 0..headers.min(bytes.len() / 4) {
            bytes[4 * i] |= 0x80;
            bytes[4 * i + 2] &= 0xfc;
        }
        if let Ok(red) = parse(&bytes) {
            let copied: usize = red.copies().map(|block| block.payload.len()).sum();
            prop_assert!(red.copies().count() <= MAX_BLOCKS);
            prop_assert!(red.copies().all(|b| b.offset <= MAX_OFFSET && b.pt < 128));
            let all = copied + 4 * red.copies().count() + 1 + red.primary().payload.len();
            prop_assert_eq!(all, bytes.len());
        }
    }
}
