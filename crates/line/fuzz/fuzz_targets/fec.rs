#![no_main]

use visavis_line::fec::Decoder;

// Each step: kind, how far its number is astray, what it covers, its length, and itself.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut decoder = Decoder::new(1000);
    let (mut rest, mut i) = (bytes, 1000u64);
    while let [kind, astray, covered, length, tail @ ..] = rest {
        let body = &tail[..usize::from(*length).min(tail.len())];
        rest = &tail[body.len()..];
        i += 1;
        let seq = i.wrapping_add_signed(i64::from(*astray as i8));
        match kind & 1 {
            0 => decoder.repair(seq, u64::from(*covered), body),
            _ => decoder.received(seq, seq * 960, body),
        }
        while decoder.recovered().is_some() {}
    }
});
