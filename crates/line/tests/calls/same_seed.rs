//! The same seed and the same network give the same call.

use visavis_line::config::Config;

use crate::pipe::{tone, Pipe};

/// Everything that two runs must agree on, of a call over a lossy network.
fn run(seed: u64) -> (Vec<String>, Vec<i16>) {
    let mut pipe = Pipe::new(seed, Config::default());
    pipe.loss = 0.05;
    let (ours, theirs) = pipe.call();
    pipe.run(4.0);
    let now = pipe.now();
    let speech = tone(24_000, 3.0, 440.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.server.calls.play(now, theirs, 1, &speech).unwrap();
    pipe.client.calls.send(now, ours, "hello".into());
    pipe.run(5.0);
    let mut seen = Vec::new();
    let mut pcm = Vec::new();
    for batch in pipe.at_client.iter().chain(&pipe.at_server) {
        seen.push(format!(
            "{} {:?} {:?} {:?} {:?} {:?}",
            batch.now, batch.calls, batch.positions, batch.rtp, batch.marks, batch.events
        ));
        pcm.extend(&batch.pcm);
    }
    (seen, pcm)
}

#[test]
fn twice_the_same() {
    // A seed whose handshake loses nothing: DTLS repeats its flights at times of its own chance.
    let (first, second) = (run(30), run(30));
    for (a, b) in first.0.iter().zip(&second.0) {
        // Figures of bytes differ by the length of a signature, those of round trips by a µs.
        if !a.contains("Report") {
            assert_eq!(a, b);
        }
    }
    assert!(first.1 == second.1, "the PCM differs");
}

#[test]
fn another_seed_another_call() {
    assert_ne!(run(31).0, run(32).0);
}
