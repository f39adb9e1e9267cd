//! A far end that has a call, and sends far more than a call needs.

use std::net::SocketAddr;

use visavis_line::opus::Mark;
use visavis_line::stun;

use crate::pipe::{tone, Pipe, CLIENT};
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

/// A check of a far end that the server answers.
fn check(stranger: &mut Stranger) -> Vec<u8> {
    loop {
        stranger.millisecond();
        let check = |p: &&Vec<u8>| stun::is_request(p);
        if let Some(check) = stranger.sent.iter().find(check) {
            return check.clone();
        }
    }
}

/// How many of so many packets are answered with success.
fn answered(stranger: &mut Stranger, source: SocketAddr, packet: &[u8], times: usize) -> usize {
    let now = stranger.now();
    let mut answered = 0;
    for _ in 0..times {
        stranger.server.receive(now, source, packet);
        let answers = stranger.server.packets();
        let success = |(to, p): &&(SocketAddr, Vec<u8>)| *to == source && stun::is_success(p);
        answered += answers.iter().filter(success).count();
    }
    answered
}

#[test]
fn a_flood_of_checks_is_answered_up_to_a_bound_and_the_call_goes_on() {
    let mut stranger = Stranger::new(false);
    let (check, client) = (check(&mut stranger), CLIENT.parse().unwrap());
    let answers = answered(&mut stranger, client, &check, 10_000);
    assert!((1900..=2000).contains(&answers), "{answers}");
    (0..100).for_each(|_| drop(stranger.millisecond()));
    let answers = answered(&mut stranger, client, &check, 1000);
    assert!((45..=51).contains(&answers), "{answers}");
    // Nor does it lose the far end's consent, or the call.
    (0..40_000).for_each(|_| drop(stranger.millisecond()));
    assert_eq!(stranger.ended, None);
    assert_eq!(answered(&mut stranger, client, &check, 10), 10);
}

#[test]
fn forged_checks_take_nothing_from_the_call() {
    let mut stranger = Stranger::new(false);
    let (check, client) = (check(&mut stranger), CLIENT.parse().unwrap());
    let mut forged = check.clone();
    forged[12] ^= 1; // its transaction, so that its integrity is wrong
    assert_eq!(answered(&mut stranger, client, &forged, 10_000), 0);
    assert_eq!(answered(&mut stranger, client, &check, 100), 100);
}

/// How many of so many reports in the name of `source` are dropped unread.
fn dropped(stranger: &mut Stranger, source: [u8; 4], reports: usize) -> u64 {
    let mut report = vec![0x80, 201, 0, 1];
    report.extend(source);
    report.extend([7; 20]);
    let (now, client) = (stranger.now(), CLIENT.parse().unwrap());
    let before = stranger.server.calls.totals().packets_dropped;
    (0..reports).for_each(|_| stranger.server.receive(now, client, &report));
    stranger.server.calls.totals().packets_dropped - before
}

#[test]
fn reports_are_taken_up_to_a_bound_and_those_of_no_known_source_harm_no_other() {
    let (mut stranger, mut seq) = (Stranger::new(false), 1000);
    flood(&mut stranger, &mut seq, 1, 20);
    let media = stranger
        .sent
        .iter()
        .find(|p| stun::media_source(p).is_some());
    let source: [u8; 4] = media.unwrap()[8..12].try_into().unwrap();
    assert_eq!(dropped(&mut stranger, [9; 4], 5000), 4000);
    assert_eq!(dropped(&mut stranger, source, 900), 0);
    assert!((3800..=3900).contains(&dropped(&mut stranger, source, 4000)));
    (0..1000).for_each(|_| drop(stranger.millisecond()));
    assert_eq!(dropped(&mut stranger, source, 200), 0);
    assert_eq!(stranger.ended, None);
}

/// Its checks, authentic as they are, come from anywhere: those beyond a bound get no answer.
#[test]
fn checks_from_ever_new_sources_are_answered_up_to_a_bound() {
    let mut stranger = Stranger::new(false);
    let check = check(&mut stranger);
    let mut answers = 0;
    for i in 0..5000u16 {
        let source = SocketAddr::from(([10, 9, 9, 9], 1000 + i));
        answers += answered(&mut stranger, source, &check, 1);
    }
    assert!((900..=1000).contains(&answers), "{answers}");
    assert_eq!(stranger.server.calls.len(), 1);
}

#[test]
fn an_honest_call_over_a_bad_network_meets_no_limit() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    pipe.loss = 0.3;
    let before = pipe.server.calls.totals().packets_dropped;
    for round in 0..3 {
        let offer = pipe.client.restart_offer(ours).unwrap();
        let answer = pipe.server.restart(theirs, &offer).unwrap();
        let now = pipe.now();
        pipe.client.calls.answer(now, ours, &answer).unwrap();
        let speech = tone(24_000, 6.0, 440.0);
        pipe.client.calls.play(now, ours, round, &speech).unwrap();
        pipe.server.calls.play(now, theirs, round, &speech).unwrap();
        for _ in 0..300 {
            let now = pipe.now();
            pipe.client.calls.send(now, ours, "word ".repeat(400));
            pipe.tick();
        }
    }
    let dropped = pipe.server.calls.totals().packets_dropped - before;
    assert_eq!(dropped, 0);
}
