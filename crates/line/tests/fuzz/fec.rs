//! Repairs of sliding-window FEC that lie about what they cover, among packets of any number.

use crate::mutate::Mutator;
use crate::opus_packets;
use visavis_line::fec::{Decoder, Encoder, MAX_WINDOW};
use visavis_line::red::MAX_LENGTH;

pub fn run(seed: u64, packets: u64) {
    let opus = opus_packets::seeds();
    let mut mutator = Mutator::new(seed);
    let mut encoder = Encoder::default();
    let mut decoder = Decoder::new(1000);
    let (mut seq, mut lie) = (1000u64, Vec::with_capacity(2048));
    let mut solved = 0;
    for i in 0..packets {
        seq += 1;
        let payload = &opus[i as usize % opus.len()];
        let lost = mutator.one_in(5);
        if !lost {
            mutator.mutate(opus, &mut lie);
            let received = if mutator.one_in(50) { &lie } else { payload };
            decoder.received(seq, seq * 960, received);
        }
        let rate = (1 + mutator.below(MAX_WINDOW) as u32, 2);
        if let Some((covered, repair)) = encoder.repair(seq, payload, rate, 1200) {
            if mutator.one_in(20) {
                mutator.mutate(&[repair.to_vec()], &mut lie);
                let covered = mutator.below(100) as u64;
                let at = seq + mutator.below(80) as u64 - 40;
                decoder.repair(at, covered, &lie);
            } else if !lost {
                decoder.repair(seq, covered, repair);
            }
        }
        encoder.keep(seq * 960, payload);
        while let Some(recovered) = decoder.recovered() {
            solved += 1;
            assert!(recovered.seq <= seq + 40);
            assert!((1..=MAX_LENGTH).contains(&recovered.payload.len()));
        }
        if mutator.one_in(2000) {
            // It goes on far away.
            seq += mutator.below(1 << 30) as u64;
            encoder.clear();
        }
    }
    // Lies spoil what they cover, and not all else.
    assert!(solved > packets / 30, "{solved}");
}
