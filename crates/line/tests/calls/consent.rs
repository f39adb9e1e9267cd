//! Who does not answer checks is sent no media (RFC 7675), though he may still be heard.

use crate::pipe::{closed, tone, Pipe};
use visavis_line::stun;

fn talk(pipe: &mut Pipe, ours: i64, theirs: i64, seconds: f64) {
    let now = pipe.now();
    let speech = tone(24_000, seconds, 440.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.server.calls.play(now, theirs, 1, &speech).unwrap();
}

fn sent_in(pipe: &mut Pipe, seconds: f64) -> u64 {
    pipe.media_to_client = 0;
    pipe.run(seconds);
    pipe.media_to_client
}

#[test]
fn without_answers_to_checks_media_stops_within_half_a_minute() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    talk(&mut pipe, ours, theirs, 59.0);
    pipe.blocked = |to_server, packet| to_server && stun::is_success(packet);
    assert!(sent_in(&mut pipe, 1.0) > 1000);
    pipe.run(30.0);
    assert_eq!(sent_in(&mut pipe, 2.0), 0);
    assert_eq!(closed(&pipe.server_told(theirs)), None);
    // Answers again: consent again.
    pipe.blocked = |_, _| false;
    pipe.run(4.0);
    assert!(sent_in(&mut pipe, 1.0) > 1000);
}

#[test]
fn consent_is_kept_fresh_in_a_call_that_works() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    pipe.run(60.0);
    talk(&mut pipe, ours, theirs, 2.0);
    assert!(sent_in(&mut pipe, 2.0) > 1000);
}
