//! What both receive buffers are fed.

/// A target for the buffer that `$buffer` makes. Of the bytes, each packet is: its kind, two
/// bytes that lead its numbers astray, its length, and itself.
macro_rules! feed {
    ($buffer:expr) => {
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
            let mut buffer = $buffer.unwrap();
            let (mut rest, mut out, mut i) = (bytes, [0; 320], 1000u64);
            while let [kind, a, b, length, tail @ ..] = rest {
                let payload = &tail[..usize::from(*length).min(tail.len())];
                rest = &tail[payload.len()..];
                i += 1;
                let now = i as f64 * 0.02 + f64::from(*kind >> 4) * 0.1;
                let seq = i.wrapping_add_signed(i64::from(*a as i8));
                let rtp = (i * 960).wrapping_add_signed(i64::from(*b as i8) * 240);
                match kind & 3 {
                    0 => buffer.push_redundant(now, seq, rtp, payload),
                    _ => buffer.push(now, seq, rtp, payload),
                }
                buffer.pull(now, &mut out);
            }
        });
    };
}
