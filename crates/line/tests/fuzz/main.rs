//! What a stranger on the network can send, mutated at random from a seed, through every parser:
//! nothing panics, nothing grows.
//!
//! A normal test run sends some 10⁵ packets. The long run sends 10⁷:
//! `cargo test --release -p visavis-line --test fuzz -- --ignored --nocapture`.

mod again;
#[path = "../common/mod.rs"]
mod common;
mod fec;
mod guard;
mod inside;
mod mutate;
mod opus_packets;
#[path = "../calls/pipe.rs"]
#[allow(dead_code)] // another test's network; this one uses a part of it
mod pipe;
mod red;
mod sdp;
#[path = "../calls/stranger.rs"]
#[allow(dead_code)] // as above
mod stranger;
mod stun;
mod wire;

/// A parser's name, packets of the long run, and what sends so many from a seed.
type Target = (&'static str, u64, fn(u64, u64));

const TARGETS: [Target; 10] = [
    ("STUN demultiplexing", 1_000_000, stun::run),
    ("RED", 1_000_000, red::run),
    ("SDP", 200_000, sdp::run),
    ("Opus packets", 2_000_000, opus_packets::decoder),
    ("server's buffer", 1_500_000, opus_packets::ingest),
    ("client's buffer", 1_500_000, opus_packets::playout),
    ("datagrams of a call", 1_500_000, wire::run),
    ("RTP and texts inside a call", 300_000, inside::run),
    ("sliding-window FEC", 500_000, fec::run),
    ("packets asked for again", 500_000, again::run),
];

fn run(target: usize) {
    let (_, packets, run) = TARGETS[target];
    guard::watch(|| run(1, packets / 100));
}

#[test]
fn stun_demultiplexing() {
    run(0);
}

#[test]
fn redundant_audio() {
    run(1);
}

#[test]
fn session_descriptions() {
    run(2);
}

#[test]
fn opus_decoding() {
    run(3);
}

#[test]
fn the_servers_buffer() {
    run(4);
}

#[test]
fn the_clients_buffer() {
    run(5);
}

#[test]
fn datagrams_of_a_call() {
    run(6);
}

#[test]
fn rtp_and_texts_inside_a_call() {
    run(7);
}

#[test]
fn sliding_window_fec() {
    run(8);
}

#[test]
fn packets_asked_for_again() {
    run(9);
}

#[test]
#[ignore = "ten million packets, minutes"]
fn ten_million_packets() {
    let total: u64 = TARGETS.iter().map(|t| t.1).sum();
    assert_eq!(total, 10_000_000);
    for (name, packets, run) in TARGETS {
        let start = std::time::Instant::now();
        // The first tenth warms up; what comes after it must not grow.
        guard::watch(|| run(2, packets / 10));
        let before = guard::resident_kib();
        guard::watch(|| run(3, packets - packets / 10));
        let grown = guard::resident_kib() as i64 - before as i64;
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}: {packets} packets in {seconds:.0} s, {grown} KiB more resident");
        assert!(grown < 8 * 1024, "{name}: {grown} KiB more resident");
    }
}
