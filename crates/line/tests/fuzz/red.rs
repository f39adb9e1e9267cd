//! RED payloads (RFC 2198): headers whose lengths lie.

use crate::mutate::Mutator;
use crate::opus_packets;
use visavis_line::red::{parse, Block, History, MAX_BLOCKS};

pub fn run(seed: u64, packets: u64) {
    let opus = opus_packets::seeds();
    let mut history = History::default();
    let mut seeds = Vec::new();
    for (i, packet) in opus.iter().enumerate().take(60) {
        let mut payload = Vec::new();
        let rtp = i as u64 * 960;
        let primary = Block {
            pt: 111,
            offset: 0,
            payload: packet,
        };
        if history.write(rtp, primary, &[1, 4, 10], &[], 1200, &mut payload) {
            seeds.push(payload);
        }
        history.keep(rtp, packet);
    }
    let mut mutator = Mutator::new(seed);
    let (mut payload, mut read) = (Vec::with_capacity(2048), 0u64);
    for _ in 0..packets {
        mutator.mutate(&seeds, &mut payload);
        let Ok(red) = parse(&payload) else { continue };
        read += 1;
        let copies: usize = red.copies().map(|copy| copy.payload.len()).sum();
        assert!(red.copies().count() <= MAX_BLOCKS);
        assert!(!red.primary().payload.is_empty());
        assert!(red.primary().payload.len() + copies < payload.len());
    }
    assert!(read > packets / 20 && read < packets);
}
