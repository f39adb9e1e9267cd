//! Sequence numbers and timestamps begin anew at zero in mid-call, and nobody hears it.

use crate::pipe::{Pipe, SERVER};
use visavis_line::config::Config;
use visavis_line::plan::SendPlan;
use visavis_line::random::{Random, Source};

/// Where the first call of a simulation with this seed begins: RTP time and sequence number.
fn start(seed: u64) -> (u64, u64) {
    let mut source = Source::Seed(Random::seeded(seed));
    source.credentials();
    let mut random = source.draw();
    (random.next_u64() & 0xffff_ffff, random.next_u64() & 0x7fff)
}

/// (sequence number, timestamp) of speech on its way to the server.
fn numbers(pipe: &Pipe) -> impl Iterator<Item = (u16, u32)> {
    let packets = pipe.in_flight_to_server().into_iter();
    packets.filter_map(|p| {
        visavis_line::stun::media_source(&p)?;
        let seq = u16::from_be_bytes([p[2], p[3]]);
        Some((seq, u32::from_be_bytes([p[4], p[5], p[6], p[7]])))
    })
}

#[test]
fn both_numbers_roll_over_in_mid_call() {
    // One that has both roll over within the 700 s of the test.
    let late = |seed: &u64| {
        let (rtp, seq) = start(*seed);
        rtp > (1 << 32) - 600 * 48_000 && seq > 0x7d00
    };
    let seed = (0..1_000_000).find(late).unwrap();
    let mut pipe = Pipe::new(seed, Config::default());
    pipe.delay_s = 0.005;
    let (ours, theirs) = pipe.call();
    pipe.run(2.0);
    pipe.forget();
    let plan = SendPlan {
        complexity: 0,
        fec: false,
        ..SendPlan::default()
    };
    let now = pipe.now();
    pipe.client.calls.set_plan(now, ours, &plan);
    let second = crate::pipe::tone(24_000, 1.0, 440.0);
    // One second is always queued ahead.
    pipe.client.calls.play(now, ours, 1, &second).unwrap();
    let (mut last, mut rolls) = ((0u16, 0u32), (0, 0));
    let mut holes = 0;
    for _ in 0..690 {
        let now = pipe.now();
        pipe.client.calls.play(now, ours, 1, &second).unwrap();
        for _ in 0..50 {
            pipe.tick();
            for (seq, rtp) in numbers(&pipe) {
                rolls.0 += usize::from(seq < 1000 && last.0 > 60_000);
                rolls.1 += usize::from(rtp < 1 << 24 && last.1 > u32::MAX - (1 << 24));
                last = (seq, rtp);
            }
        }
        holes += marks(&pipe, theirs);
        pipe.forget();
    }
    assert_eq!(
        rolls,
        (1, 1),
        "the numbers of {SERVER}'s caller rolled over"
    );
    assert!(holes < 10, "{holes} frames were not received");
}

/// Frames of the last second that were not received.
fn marks(pipe: &Pipe, call: i64) -> usize {
    let rows = pipe
        .at_server
        .iter()
        .flat_map(|b| b.calls.iter().zip(&b.marks));
    rows.filter(|(of, mark)| **of == call && **mark != 0)
        .count()
}
