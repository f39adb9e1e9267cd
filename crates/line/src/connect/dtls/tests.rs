//! How much of DTLS a far end may send.

use str0m::crypto::dtls::DtlsOutput;

use super::session::{APPLICATION_DATA, TELL_TIME};
use super::*;
use crate::seam::config::{HANDSHAKE_BURST, RECORDS_PER_S, RECORD_BURST};

const SIMULATED: Hasty = Hasty { simulated: true };

fn session(now: Instant, active: bool) -> Box<dyn DtlsInstance> {
    let certificate = SIMULATED.generate_certificate().unwrap();
    let made = SIMULATED.new_dtls(&certificate, now, DtlsVersion::Dtls12, None);
    let mut session = made.unwrap();
    session.set_active(active);
    session.handle_timeout(now).unwrap();
    session
}

/// What a session wants sent, how many records it handed up, and when it wants to be woken.
fn drain(session: &mut dyn DtlsInstance) -> (Vec<Vec<u8>>, usize, Instant) {
    let (mut sent, mut records, mut buffer) = (Vec::new(), 0, vec![0; 2048]);
    loop {
        match session.poll_output(&mut buffer) {
            DtlsOutput::Packet(datagram) => sent.push(datagram.to_vec()),
            DtlsOutput::ApplicationData(_) => records += 1,
            DtlsOutput::Timeout(at) => return (sent, records, at),
            _ => {}
        }
    }
}

/// A client's session and a server's, connected.
fn pair(now: Instant) -> (Box<dyn DtlsInstance>, Box<dyn DtlsInstance>) {
    let (mut client, mut server) = (session(now, true), session(now, false));
    for _ in 0..10 {
        for datagram in drain(&mut *client).0 {
            server.handle_packet(&datagram).unwrap();
        }
        for datagram in drain(&mut *server).0 {
            client.handle_packet(&datagram).unwrap();
        }
    }
    (client, server)
}

/// Sends so many records; how many are handed up, and when the receiver wants to be woken.
fn heard(
    client: &mut dyn DtlsInstance,
    server: &mut dyn DtlsInstance,
    records: usize,
) -> (usize, Instant) {
    let (mut heard, mut wake) = (0, None);
    for _ in 0..records {
        client.send_application_data(b"text").unwrap();
        for datagram in drain(client).0 {
            let _ = server.handle_packet(&datagram);
            let (_, records, at) = drain(server);
            heard += records;
            wake = Some(at);
        }
    }
    (heard, wake.unwrap())
}

#[test]
fn records_beyond_a_burst_are_dropped_until_time_has_passed() {
    let start = Instant::now();
    let (mut client, mut server) = pair(start);
    let burst = RECORD_BURST as usize;
    let (records, wake) = heard(&mut *client, &mut *server, burst + 500);
    assert_eq!((records, wake), (burst, start + TELL_TIME));
    server.handle_timeout(wake).unwrap();
    let more = (RECORDS_PER_S * TELL_TIME.as_secs_f64()) as usize;
    assert_eq!(heard(&mut *client, &mut *server, 500).0, more);
}

#[test]
fn a_few_records_wake_nobody() {
    let start = Instant::now();
    let (mut client, mut server) = pair(start);
    let (records, wake) = heard(&mut *client, &mut *server, 1000);
    assert_eq!(records, 1000);
    assert!(wake > start + TELL_TIME);
}

#[test]
fn forged_records_use_nothing_up() {
    let start = Instant::now();
    let (mut client, mut server) = pair(start);
    let mut forged = vec![APPLICATION_DATA, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 40];
    forged.extend([7; 40]);
    for _ in 0..3 * RECORD_BURST as usize {
        let _ = server.handle_packet(&forged);
        drain(&mut *server);
    }
    assert_eq!(heard(&mut *client, &mut *server, 100).0, 100);
}

#[test]
fn a_flood_of_handshakes_is_answered_up_to_a_burst() {
    let start = Instant::now();
    let (mut client, mut server) = (session(start, true), session(start, false));
    let hello = drain(&mut *client).0.remove(0);
    let taken = (0..10 * HANDSHAKE_BURST as usize)
        .filter(|_| {
            let taken = server.handle_packet(&hello).is_ok();
            drain(&mut *server);
            taken
        })
        .count();
    assert_eq!(taken, HANDSHAKE_BURST as usize);
}
