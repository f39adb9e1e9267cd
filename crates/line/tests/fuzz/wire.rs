//! Datagrams that seem to come from the far end of a running call: STUN, DTLS, SRTP and SRTCP,
//! mutated. None of them is believed.

use std::net::SocketAddr;

use crate::guard;
use crate::mutate::Mutator;
use crate::pipe::{tone, Pipe, CLIENT};

/// A running call and copies of real datagrams to its server.
fn call() -> (Pipe, Vec<Vec<u8>>) {
    let (mut pipe, ours, _) = Pipe::connected();
    let now = pipe.now();
    let speech = tone(24_000, 1.0, 440.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    let mut seeds = Vec::new();
    for i in 0..100 {
        let now = pipe.now();
        if i % 10 == 0 {
            pipe.client.calls.send(now, ours, format!("text {i}"));
        }
        pipe.tick();
        seeds.extend(pipe.in_flight_to_server());
        pipe.forget();
    }
    assert!(seeds.len() > 100);
    (pipe, seeds)
}

/// First flights of handshakes: what comes before there is a key.
fn handshake() -> Vec<Vec<u8>> {
    let mut pipe = Pipe::new(5, visavis_line::config::Config::default());
    pipe.call();
    let mut seeds = Vec::new();
    for _ in 0..40 {
        pipe.tick();
        seeds.extend(pipe.in_flight_to_server());
    }
    seeds
}

pub fn run(seed: u64, packets: u64) {
    let mut mutator = Mutator::new(seed);
    let sources: [SocketAddr; 2] = [CLIENT.parse().unwrap(), "9.9.9.9:9".parse().unwrap()];
    let (mut pipe, mut seeds) = call();
    seeds.extend(handshake());
    let mut packet = Vec::with_capacity(2048);
    let mut settled = None;
    for i in 0..packets {
        mutator.mutate(&seeds, &mut packet);
        let source = sources[usize::from(mutator.one_in(16))];
        let now = pipe.now();
        pipe.server.receive(now, source, &packet);
        if i % 200 == 0 {
            pipe.tick();
            pipe.forget();
            assert_eq!(
                pipe.server.calls.len(),
                1,
                "the call is over after {i} packets"
            );
            let settled = *settled.get_or_insert(guard::live());
            let kept = guard::live() - settled;
            assert!(kept < 4 << 20, "{kept} bytes kept after {i} packets");
        }
    }
}
