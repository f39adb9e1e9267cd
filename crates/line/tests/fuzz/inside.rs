//! RTP and texts of a stranger that has a call of its own, mutated.

use crate::guard;
use crate::mutate::Mutator;
use crate::opus_packets::seeds;
use crate::stranger::Stranger;

pub fn run(seed: u64, packets: u64) {
    one(seed, packets / 2, false);
    one(seed + 1, packets - packets / 2, true);
}

fn one(seed: u64, packets: u64, playout: bool) {
    let seeds = seeds();
    let mut mutator = Mutator::new(seed);
    let mut stranger = Stranger::new(playout);
    let (mut seq, mut time) = (1000u64, 0u32);
    let mut payload = Vec::with_capacity(2048);
    let mut settled = None;
    for i in 0..packets {
        mutator.mutate(seeds, &mut payload);
        if mutator.one_in(2) {
            payload.clear();
            payload.extend_from_slice(&seeds[mutator.below(seeds.len())]);
        }
        payload.truncate(1100);
        (seq, time) = (seq + 1, time.wrapping_add(960));
        match mutator.below(40) {
            0 => seq += mutator.below(70_000) as u64,
            1 => time = mutator.random.next_u64() as u32,
            2 => time = time.wrapping_add(mutator.below(10_000) as u32),
            _ => {}
        }
        let marker = mutator.one_in(9);
        stranger.rtp(seq, time, marker, payload.clone());
        if i % 16 == 0 {
            // Not what a call is ended for: too many, too long, no UTF-8. Nor an empty one: str0m
            // sends it without the byte of RFC 8831, 6.6, and nothing after it can be read.
            mutator.noise(&mut payload, 200);
            payload.push(b'.');
            let text = String::from_utf8_lossy(&payload).into_owned();
            let binary = mutator.one_in(4);
            stranger.text(binary, if binary { &payload } else { text.as_bytes() });
        }
        stranger.millisecond();
        if i % 8 == 0 {
            for _ in 0..10 {
                stranger.millisecond();
            }
        }
        if i % 500 == 499 {
            assert_eq!(stranger.ended, None, "after {i} packets");
            let settled = *settled.get_or_insert(guard::live());
            let kept = guard::live() - settled;
            assert!(kept < 8 << 20, "{kept} bytes kept after {i} packets");
        }
    }
}
