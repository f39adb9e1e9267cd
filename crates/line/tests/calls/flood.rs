//! A far end that has a call, and sends far more than a call needs.

use std::net::SocketAddr;

use visavis_line::opus::Mark;
use visavis_line::stun;

use crate::pipe::CLIENT;
use crate::stranger::Stranger;

/// A SILK frame of 20 ms that says nothing.
const QUIET: [u8; 3] = [0x48, 0x00, 0x00];

/// Sends `each` packets of media in each of so many milliseconds; how many were dropped.
fn flood(stranger: &mut Stranger, seq: &mut u64, each: u64, milliseconds: u64) -> u64 {
    let before = stranger.server.calls.totals().packets_dropped;
    for _ in 0..milliseconds {
        for _ in 0..each {
            *seq += 1;
            let time = (stranger.now() * 48_000.0) as u32;
            stranger.rtp(*seq, time, false, QUIET.to_vec());
        }
        stranger.millisecond();
    }
    stranger.server.calls.totals().packets_dropped - before
}

#[test]
fn a_flood_of_media_is_dropped_and_the_call_goes_on() {
    let (mut stranger, mut seq) = (Stranger::new(false), 1000);
    let dropped = flood(&mut stranger, &mut seq, 5, 2000);
    // 10 000 less a burst of 1000 and 500 a second for two seconds.
    assert!((7900..=8100).contains(&dropped), "{dropped}");
    assert_eq!(stranger.server.calls.len(), 1);
    // Speech of an honest pace passes again at once.
    let mut heard = 0;
    for _ in 0..100 {
        seq += 1;
        let time = (stranger.now() * 48_000.0) as u32;
        stranger.rtp(seq, time, false, QUIET.to_vec());
        for batch in (0..20).filter_map(|_| stranger.millisecond()) {
            let received = batch.marks.iter().filter(|m| **m == Mark::Received as u8);
            heard += received.count();
        }
    }
    assert!(heard >= 95, "{heard}");
}

#[test]
fn seconds_of_held_back_media_are_taken_at_once() {
    let (mut stranger, mut seq) = (Stranger::new(false), 1000);
    assert_eq!(flood(&mut stranger, &mut seq, 900, 1), 0);
}

#[test]
fn media_that_is_forged_takes_nothing_from_the_call() {
    let (mut stranger, mut seq) = (Stranger::new(false), 1000);
    assert_eq!(flood(&mut stranger, &mut seq, 1, 20), 0);
    let mut forged = vec![0x80, 111, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9];
    forged.extend([7; 60]);
    let client: SocketAddr = CLIENT.parse().unwrap();
    let now = stranger.now();
    (0..5000).for_each(|_| stranger.server.receive(now, client, &forged));
    assert_eq!(flood(&mut stranger, &mut seq, 1, 20), 0);
}

/// Its checks, authentic as they are, come from anywhere: those beyond a bound get no answer.
#[test]
fn checks_from_ever_new_sources_are_answered_up_to_a_bound() {
    let mut stranger = Stranger::new(false);
    let mut check = None;
    while check.is_none() {
        stranger.millisecond();
        check = stranger
            .sent
            .iter()
            .find(|p| stun::request_name(p).is_some())
            .cloned();
    }
    let (check, now) = (check.unwrap(), stranger.now());
    let mut answered = 0;
    for i in 0..5000u16 {
        let source = SocketAddr::from(([10, 9, 9, 9], 1000 + i));
        stranger.server.receive(now, source, &check);
        let answers = stranger.server.packets();
        let success = |(to, p): &&(SocketAddr, Vec<u8>)| *to == source && stun::is_success(p);
        answered += answers.iter().filter(success).count();
    }
    assert!((900..=1000).contains(&answered), "{answered}");
    assert_eq!(stranger.server.calls.len(), 1);
}
