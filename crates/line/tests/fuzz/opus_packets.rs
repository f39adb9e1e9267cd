//! Opus packets by strangers: the decoder, its redundancy, and both receive buffers.

use std::sync::OnceLock;

use crate::common;
use crate::guard;
use crate::mutate::Mutator;
use visavis_line::ingest::{Ingest, IngestOptions};
use visavis_line::opus::{self, Decoder};
use visavis_line::plan::SendPlan;
use visavis_line::playout::{Playout, PlayoutOptions};

/// Packets of speech: plain, with in-band FEC, with deep redundancy, of other lengths.
pub fn seeds() -> &'static [Vec<u8>] {
    static SEEDS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let plan = |bitrate, expected_loss, dred_ms| SendPlan {
            bitrate,
            expected_loss,
            dred_ms,
            ..SendPlan::default()
        };
        let mut seeds = Vec::new();
        for plan in [
            plan(24_000, 0.0, 0),
            plan(32_000, 0.2, 0),
            plan(64_000, 0.2, 500),
        ] {
            seeds.extend(common::packets(&common::speech(24_000, 1.0), 24_000, &plan));
        }
        for toc in [0u8, 8, 16, 24, 80, 88, 96, 128, 224, 248] {
            seeds.push(vec![toc; 30]);
            seeds.push(vec![toc | 3, 0x43, 40, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        }
        seeds
    })
}

pub fn decoder(seed: u64, packets: u64) {
    let seeds = seeds();
    let mut mutator = Mutator::new(seed);
    let mut decoder = Decoder::new(24_000).unwrap();
    let mut out = vec![0; decoder.max_samples()];
    let (mut packet, mut decoded) = (Vec::with_capacity(2048), 0u64);
    for i in 0..packets {
        mutator.mutate(seeds, &mut packet);
        let samples = opus::packet_samples(&packet, 24_000).unwrap_or(0);
        assert!(samples <= decoder.max_samples());
        let _ = opus::frame_samples(&packet, 48_000);
        let _ = opus::has_lbrr(&packet);
        // Most are only looked at: decoding is libopus', and slow.
        if i % 8 == 0 {
            decoded += u64::from(decoder.decode(&packet, &mut out).is_ok());
        }
        if i % 64 == 0 {
            let _ = decoder.decode_fec(&packet, &mut out[..480]);
            let back = mutator.below(30_000);
            let _ = decoder.decode_dred_at(&packet, back, &mut out[..480]);
        }
    }
    assert!(decoded > 0);
}

/// Numbers that a stranger may give a packet: mostly in step, some near, some anything.
struct Numbers {
    index: u64,
    seq: u64,
    rtp: u64,
}

impl Numbers {
    fn next(&mut self, mutator: &mut Mutator) -> (u64, u64) {
        self.index += 1;
        (self.seq, self.rtp) = (self.seq + 1, self.rtp + 960);
        match mutator.below(24) {
            0 => (mutator.random.next_u64(), mutator.random.next_u64()),
            1 => (self.seq, mutator.random.next_u64() >> 20),
            2 => (mutator.random.next_u64() >> 20, self.rtp),
            3 => (self.seq.wrapping_sub(mutator.below(600) as u64), self.rtp),
            4 => {
                let back = mutator.below(60) as u64;
                (
                    self.seq.saturating_sub(back),
                    self.rtp.saturating_sub(back * 960),
                )
            }
            5 => (self.seq, self.rtp + mutator.below(2000) as u64),
            6 if mutator.one_in(50) => {
                // Another stream altogether.
                self.seq = mutator.random.next_u64() >> 17;
                self.rtp = mutator.random.next_u64() >> 17;
                (self.seq, self.rtp)
            }
            _ => (self.seq, self.rtp),
        }
    }
}

/// Feeds a buffer and pulls from it; `push(now, seq, rtp, payload, redundant)`.
fn feed(
    seed: u64,
    packets: u64,
    mut push: impl FnMut(f64, u64, u64, &[u8], bool),
    mut pull: impl FnMut(f64),
    live: impl Fn() -> i64,
) {
    let seeds = seeds();
    let mut mutator = Mutator::new(seed);
    let mut numbers = Numbers {
        index: 0,
        seq: 1 << 15,
        rtp: 1 << 31,
    };
    let (mut packet, mut now) = (Vec::with_capacity(2048), 0.0);
    let start = live();
    for i in 0..packets {
        if mutator.one_in(3) {
            mutator.mutate(seeds, &mut packet);
        } else {
            packet.clear();
            packet.extend_from_slice(&seeds[mutator.below(seeds.len())]);
        }
        let (seq, rtp) = numbers.next(&mut mutator);
        push(now, seq, rtp, &packet, mutator.one_in(6));
        now += match mutator.below(400) {
            0 => 3.0 * mutator.below(1000) as f64 / 1000.0,
            n if n < 40 => 0.0,
            _ => 0.02,
        };
        if i % 2 == 0 {
            pull(now);
        }
        assert!(live() - start < 2 << 20, "{} bytes kept", live() - start);
    }
}

/// `feed`'s `push` for a buffer in a `RefCell`.
macro_rules! push_into {
    ($buffer:ident) => {
        |now, seq, rtp, payload: &[u8], redundant| {
            let mut buffer = $buffer.borrow_mut();
            match redundant {
                true => buffer.push_redundant(now, seq, rtp, payload),
                false => buffer.push(now, seq, rtp, payload),
            }
        }
    };
}

pub fn ingest(seed: u64, packets: u64) {
    let ingest = Ingest::new(16_000, IngestOptions::default()).unwrap();
    let buffer = std::cell::RefCell::new(ingest);
    let (mut out, mut position) = ([0; 320], i64::MIN);
    let pull = |now| {
        let mut buffer = buffer.borrow_mut();
        let ready = buffer.ready(now);
        assert!(ready <= 100);
        for _ in 0..ready.min(4) {
            let frame = buffer.pull(now, &mut out);
            assert!(frame.position > position);
            position = frame.position;
        }
    };
    feed(seed, packets, push_into!(buffer), pull, guard::live);
}

pub fn playout(seed: u64, packets: u64) {
    let playout = Playout::new(24_000, PlayoutOptions::default()).unwrap();
    let buffer = std::cell::RefCell::new(playout);
    let (mut out, mut position) = ([0; 480], 0);
    let pull = |now| {
        let mut buffer = buffer.borrow_mut();
        let frame = buffer.pull(now, &mut out);
        assert!(frame.position == position || frame.position == position + 480);
        position = frame.position;
        assert!(buffer.target() <= 1.1 && buffer.stats().depth.is_finite());
    };
    feed(seed, packets, push_into!(buffer), pull, guard::live);
}
