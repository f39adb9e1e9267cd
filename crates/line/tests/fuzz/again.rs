//! Notes that ask for anything, and bodies of packets sent again that are none.

use crate::mutate::Mutator;
use crate::opus_packets;
use visavis_line::again::{parse, Holes, Missing, Note, Sent};

pub fn run(seed: u64, packets: u64) {
    let opus = opus_packets::seeds();
    let mut mutator = Mutator::new(seed);
    let (mut sent, mut holes) = (Sent::default(), Holes::new(4));
    let mut bytes = Vec::with_capacity(2048);
    let (mut seq, mut rtp, mut again, mut asked) = (1u64 << 20, 1u64 << 20, 0, 0);
    for i in 0..packets {
        let now = i as f64 * 0.02;
        (seq, rtp) = (seq + 1, rtp + 960);
        if mutator.one_in(50) {
            rtp -= 960 * mutator.below(40) as u64;
            sent.cut(rtp);
        }
        sent.keep(now, seq, rtp, &opus[i as usize % opus.len()]);
        let mut missing = Missing::new(seq.saturating_sub(mutator.below(200) as u64));
        (0..mutator.below(10)).for_each(|_| missing.add(mutator.below(200) as u64));
        let mut note = [0; 16];
        let n = Note {
            ahead: mutator.below(8000) as f64 / 1000.0,
            missing: Some(missing),
        }
        .write(&mut note);
        mutator.mutate(&[note[..n].to_vec()], &mut bytes);
        if let Some(missing) = Note::parse(&bytes).and_then(|note| note.missing) {
            asked += 1;
            sent.asked(now, 0.04, missing);
        }
        while let Some(next) = sent.next(now, 1100) {
            again += 1;
            assert!(next.seq <= seq && next.body.len() <= 1100);
            mutator.mutate(&[next.body.to_vec()], &mut bytes);
            assert_eq!(parse(&bytes).is_some(), bytes.len() > 4);
        }
        match mutator.below(4) {
            0 => {}
            1 => holes.came(now, seq.saturating_sub(mutator.below(100) as u64)),
            2 => holes.came(now, seq + mutator.below(100) as u64),
            _ => holes.came(now, seq),
        }
        if let Some(missing) = holes.missing(now, seq.saturating_sub(50)) {
            assert!(missing.seqs().count() <= 97);
        }
    }
    assert!(
        asked > packets / 4 && again > packets / 20,
        "{asked} {again}"
    );
}
