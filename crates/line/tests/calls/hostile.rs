//! Packets of strangers harm nobody.

use std::net::SocketAddr;

use crate::pipe::{closed, heard, rms, tone, Pipe, CLIENT};
use visavis_line::config::Config;
use visavis_line::random::Random;

fn noise(random: &mut Random) -> Vec<u8> {
    let length = random.next_u64() % 300;
    let mut bytes: Vec<u8> = (0..length).map(|_| random.next_u64() as u8).collect();
    // Half of them look like something: STUN, DTLS, RTP, RTCP.
    let first = [0u8, 22, 128, 128][(random.next_u64() % 4) as usize];
    if random.next_u64().is_multiple_of(2) && bytes.len() > 8 {
        bytes[0] = first;
        bytes[1] = [1, 254, 111, 200][(random.next_u64() % 4) as usize];
        bytes[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
    }
    bytes
}

fn still_works(pipe: &mut Pipe, ours: i64, theirs: i64) {
    let now = pipe.now();
    pipe.forget();
    let speech = tone(24_000, 1.0, 440.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.client.calls.send(now, ours, "still here".into());
    pipe.run(1.5);
    assert_eq!(closed(&pipe.server_told(theirs)), None);
    assert_eq!(
        crate::pipe::texts(&pipe.server_told(theirs)),
        ["still here"]
    );
    assert!(rms(&heard(&pipe.at_server, theirs, 320)) > 2000.0);
}

#[test]
fn random_packets_are_ignored_whoever_they_seem_to_come_from() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let mut random = Random::seeded(1);
    let sources: [SocketAddr; 2] = [CLIENT.parse().unwrap(), "9.9.9.9:99".parse().unwrap()];
    for i in 0..20_000 {
        let now = pipe.now();
        let packet = noise(&mut random);
        pipe.server.receive(now, sources[i % 2], &packet);
        if i % 1000 == 0 {
            pipe.tick();
        }
    }
    still_works(&mut pipe, ours, theirs);
}

#[test]
fn broken_copies_of_real_packets_are_ignored() {
    let mut pipe = Pipe::new(21, Config::default());
    let (ours, theirs) = pipe.call();
    let client: SocketAddr = CLIENT.parse().unwrap();
    let mut random = Random::seeded(2);
    // From the first packet on. Only DTLS waits: nothing can tell a forged handshake message
    // from a real one, so whoever sits on the path can always prevent a call.
    for round in 0..150 {
        let now = pipe.now();
        if round == 60 {
            let speech = tone(24_000, 3.0, 440.0);
            pipe.client.calls.play(now, ours, 1, &speech).unwrap();
        }
        for packet in pipe.in_flight_to_server() {
            if round < 60 && (20..64).contains(&packet[0]) {
                continue;
            }
            for _ in 0..5 {
                let mut broken = packet.clone();
                let at = random.next_u64() as usize % broken.len();
                match random.next_u64() % 3 {
                    0 => broken[at] ^= 1 << (random.next_u64() % 8),
                    1 => broken.truncate(at),
                    _ => broken.extend([random.next_u64() as u8; 7]),
                }
                pipe.server.receive(now, client, &broken);
            }
        }
        pipe.tick();
    }
    pipe.run(4.0);
    still_works(&mut pipe, ours, theirs);
}

#[test]
fn a_replayed_packet_counts_once() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let client: SocketAddr = CLIENT.parse().unwrap();
    let now = pipe.now();
    let speech = tone(24_000, 1.0, 440.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    for _ in 0..50 {
        let now = pipe.now();
        for packet in pipe.in_flight_to_server() {
            pipe.server.receive(now, client, &packet);
            pipe.server.receive(now, client, &packet);
        }
        pipe.tick();
    }
    still_works(&mut pipe, ours, theirs);
}

#[test]
fn a_stranger_with_a_call_of_his_own_cannot_take_the_path_of_another() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    // The thief has a call of his own, and sends its valid checks with the victim's address.
    let mut thief = crate::pipe::stepped(99, "10.0.0.9:9", Config::default());
    let (his, offer) = thief.offer(crate::pipe::LONG).unwrap();
    let (_, answer) = pipe.server.accept(&offer, crate::pipe::LONG).unwrap();
    thief.calls.answer(0.0, his, &answer).unwrap();
    let victim: SocketAddr = CLIENT.parse().unwrap();
    for i in 0..50 {
        let now = pipe.now();
        thief.timeout(f64::from(i) * 0.02);
        for (_, packet) in thief.packets() {
            pipe.server.receive(now, victim, &packet);
        }
        pipe.tick();
    }
    still_works(&mut pipe, ours, theirs);
}

#[test]
fn calls_of_many_clients_are_told_apart() {
    let mut server = crate::pipe::stepped(5, crate::pipe::SERVER, Config::default());
    let at: SocketAddr = crate::pipe::SERVER.parse().unwrap();
    let mut clients: Vec<_> = (1..=5u8)
        .map(|i| {
            let address: SocketAddr = format!("10.0.1.{i}:5000").parse().unwrap();
            let mut client =
                crate::pipe::stepped(u64::from(i), &address.to_string(), Config::default());
            let (call, offer) = client.offer(crate::pipe::LONG).unwrap();
            let (theirs, answer) = server.accept(&offer, crate::pipe::LONG).unwrap();
            client.calls.answer(0.0, call, &answer).unwrap();
            client.calls.send(0.0, call, format!("from {theirs}"));
            (address, client)
        })
        .collect();
    let mut batches = Vec::new();
    for tick in 1..200 {
        let now = f64::from(tick) * 0.02;
        for (address, client) in &mut clients {
            client.step(now).unwrap();
            for (_, packet) in client.packets() {
                server.receive(now, *address, &packet);
            }
        }
        batches.push(server.step(now).unwrap());
        for (to, packet) in server.packets() {
            for (address, client) in &mut clients {
                if *address == to {
                    client.receive(now, at, &packet);
                }
            }
        }
    }
    for call in 1..=5 {
        let told = crate::pipe::told(&batches, call);
        assert_eq!(crate::pipe::texts(&told), [format!("from {call}")]);
    }
}
