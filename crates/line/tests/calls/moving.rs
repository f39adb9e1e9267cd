//! The client's address changes in mid-call, as behind a NAT that forgets: the call goes on.

use std::net::SocketAddr;

use crate::pipe::{closed, heard, rms, texts, tone, Pipe};
use visavis_line::random::Random;

fn at(port: u16) -> SocketAddr {
    SocketAddr::new([192, 0, 2, 7].into(), port)
}

/// Both ends talk for so many seconds.
fn talk(pipe: &mut Pipe, ours: i64, theirs: i64, reply: i64, seconds: f64) {
    let now = pipe.now();
    let speech = tone(24_000, seconds, 440.0);
    pipe.client.calls.play(now, ours, reply, &speech).unwrap();
    pipe.server.calls.play(now, theirs, reply, &speech).unwrap();
}

/// Seconds without sound, of what was heard since `forget`.
fn gap(pcm: &[i16]) -> f64 {
    let silent = pcm.chunks(320).filter(|frame| rms(frame) < 500.0);
    silent.count() as f64 * 0.02
}

#[test]
fn a_nat_that_forgets_costs_less_than_a_fifth_of_a_second() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    talk(&mut pipe, ours, theirs, 1, 8.0);
    pipe.run(1.0);
    for port in [7001, 7002, 7003] {
        pipe.outside = at(port);
        pipe.forget();
        pipe.run(1.0);
        let up = heard(&pipe.at_server, theirs, 320);
        let down = heard(&pipe.at_client, ours, 320);
        assert!(gap(&up) < 0.1, "uplink: {} s", gap(&up));
        assert!(gap(&down) < 0.2, "downlink: {} s", gap(&down));
    }
    // Once ICE has caught up too, everything works as before.
    pipe.run(6.0);
    pipe.forget();
    let now = pipe.now();
    pipe.client.calls.send(now, ours, "up".into());
    pipe.server.calls.send(now, theirs, "down".into());
    pipe.run(1.0);
    assert_eq!(texts(&pipe.server_told(theirs)), ["up"]);
    assert_eq!(texts(&pipe.client_told(ours)), ["down"]);
}

#[test]
fn who_comes_back_is_sent_to_at_once() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let home = pipe.outside;
    talk(&mut pipe, ours, theirs, 1, 10.0);
    pipe.run(1.0);
    pipe.outside = at(7001);
    pipe.run(5.0);
    pipe.outside = home;
    pipe.forget();
    pipe.run(1.0);
    let down = heard(&pipe.at_client, ours, 320);
    assert!(gap(&down) < 0.2, "{} s", gap(&down));
}

#[test]
fn a_move_in_silence_is_followed_too() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    pipe.run(2.0);
    pipe.outside = at(7001);
    pipe.run(1.0);
    pipe.forget();
    talk(&mut pipe, ours, theirs, 1, 1.0);
    pipe.run(1.5);
    assert!(rms(&heard(&pipe.at_server, theirs, 320)) > 2000.0);
    assert!(rms(&heard(&pipe.at_client, ours, 320)) > 2000.0);
}

#[test]
fn a_stranger_who_repeats_packets_is_not_followed() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    talk(&mut pipe, ours, theirs, 1, 4.0);
    let mut random = Random::seeded(1);
    for _ in 0..100 {
        let now = pipe.now();
        for packet in pipe.in_flight_to_server() {
            // A copy in time, and a forged one that nobody can tell from far.
            let mut forged = packet.clone();
            let at_byte = random.next_u64() as usize % forged.len();
            forged[at_byte] ^= 0x10;
            pipe.server.receive(now, at(6666), &forged);
            pipe.server.receive(now, at(6667), &packet);
        }
        pipe.tick();
    }
    pipe.forget();
    pipe.run(1.0);
    assert_eq!(closed(&pipe.server_told(theirs)), None);
    assert!(gap(&heard(&pipe.at_client, ours, 320)) < 0.1);
    assert!(gap(&heard(&pipe.at_server, theirs, 320)) < 0.1);
}
