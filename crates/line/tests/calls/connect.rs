//! A call comes up, and ends, over delay and loss.

use crate::pipe::{closed, Pipe, LONG};
use visavis_line::batch::Happening;
use visavis_line::config::Config;

#[test]
fn both_ends_learn_that_they_are_connected_soon() {
    let mut pipe = Pipe::new(1, Config::default());
    let (ours, theirs) = pipe.call();
    pipe.run(1.0);
    for told in [pipe.client_told(ours), pipe.server_told(theirs)] {
        assert_eq!(told.first(), Some(&Happening::Connected));
    }
}

#[test]
fn lost_handshakes_are_sent_again_soon() {
    // ICE, DTLS and their retransmissions, 40 ms of round trip, 30 % lost each way.
    let mut times: Vec<f64> = (0..60)
        .map(|seed| {
            let mut pipe = Pipe::new(100 + 2 * seed, Config::default());
            pipe.loss = 0.3;
            let (ours, theirs) = pipe.call();
            let both = |pipe: &Pipe| {
                pipe.client_told(ours).contains(&Happening::Connected)
                    && pipe.server_told(theirs).contains(&Happening::Connected)
            };
            while !both(&pipe) && pipe.now() < 15.0 {
                pipe.tick();
            }
            pipe.now()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let (p50, p95) = (times[times.len() / 2], times[times.len() * 95 / 100]);
    println!(
        "connected: p50 {p50:.2} s, p95 {p95:.2} s, max {:.2} s",
        times[times.len() - 1]
    );
    assert!(p50 < 0.6, "p50 {p50} s");
    assert!(p95 < 2.0, "p95 {p95} s");
}

#[test]
fn a_call_comes_up_through_a_third_of_loss() {
    let mut pipe = Pipe::new(2, Config::default());
    pipe.loss = 0.3;
    let (ours, theirs) = pipe.call();
    pipe.run(12.0);
    assert!(pipe.client_told(ours).contains(&Happening::Connected));
    assert!(pipe.server_told(theirs).contains(&Happening::Connected));
}

#[test]
fn hanging_up_is_local_here_and_a_hangup_there() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let now = pipe.now();
    pipe.client.calls.close(now, ours, "local");
    pipe.run(0.5);
    assert_eq!(closed(&pipe.client_told(ours)).as_deref(), Some("local"));
    assert_eq!(closed(&pipe.server_told(theirs)).as_deref(), Some("hangup"));
    assert!(pipe.client.calls.is_empty() && pipe.server.calls.is_empty());
    let after = pipe.server_told(theirs);
    assert!(matches!(after.last(), Some(Happening::Closed(_))));
}

#[test]
fn a_far_end_that_vanishes_is_a_timeout() {
    let config = Config {
        silence_timeout_s: 5.0,
        ..Config::default()
    };
    let (mut pipe, _, theirs) = Pipe::connected_with(config);
    pipe.loss = 1.0;
    pipe.run(4.5);
    assert_eq!(closed(&pipe.server_told(theirs)), None);
    pipe.run(1.0);
    assert_eq!(
        closed(&pipe.server_told(theirs)).as_deref(),
        Some("timeout")
    );
    assert!(pipe.server.calls.is_empty());
}

#[test]
fn a_handshake_that_never_ends_is_a_timeout() {
    let mut pipe = Pipe::new(3, Config::default());
    pipe.loss = 1.0;
    let (ours, theirs) = pipe.call();
    pipe.run(15.1);
    assert_eq!(closed(&pipe.client_told(ours)).as_deref(), Some("timeout"));
    assert_eq!(
        closed(&pipe.server_told(theirs)).as_deref(),
        Some("timeout")
    );
}

#[test]
fn a_call_that_is_silent_but_alive_stays() {
    let config = Config {
        silence_timeout_s: 10.0,
        ..Config::default()
    };
    let (mut pipe, ours, theirs) = Pipe::connected_with(config);
    pipe.run(60.0);
    assert_eq!(closed(&pipe.client_told(ours)), None);
    assert_eq!(closed(&pipe.server_told(theirs)), None);
}

#[test]
fn a_call_ends_at_its_longest() {
    let mut pipe = Pipe::new(4, Config::default());
    let (ours, offer) = pipe.client.offer(LONG).unwrap();
    let (theirs, answer) = pipe.server.accept(&offer, 4.0).unwrap();
    pipe.client.calls.answer(0.0, ours, &answer).unwrap();
    pipe.run(5.0);
    let reason = closed(&pipe.server_told(theirs)).unwrap();
    assert_eq!(reason, "error: call longer than 4 s");
    assert_eq!(closed(&pipe.client_told(ours)).as_deref(), Some("hangup"));
}

#[test]
fn more_calls_than_the_limit_are_refused_and_a_place_is_free_again_afterwards() {
    let config = Config {
        max_calls: 1,
        ..Config::default()
    };
    let mut pipe = Pipe::new(5, config);
    let (_, offer) = pipe.client.offer(LONG).unwrap();
    let (theirs, _) = pipe.server.accept(&offer, LONG).unwrap();
    let refusal = crate::pipe::refused(pipe.server.accept(&offer, LONG));
    assert_eq!(refusal.code, "busy");
    let now = pipe.now();
    pipe.server.calls.close(now, theirs, "local");
    pipe.server.accept(&offer, LONG).unwrap();
}

#[test]
fn an_answer_is_taken_once() {
    let mut pipe = Pipe::new(6, Config::default());
    let (ours, offer) = pipe.client.offer(LONG).unwrap();
    let (_, answer) = pipe.server.accept(&offer, LONG).unwrap();
    assert!(pipe.client.calls.answer(0.0, ours, "nonsense").is_err());
    pipe.client.calls.answer(0.0, ours, &answer).unwrap();
    let again = pipe.client.calls.answer(0.0, ours, &answer).unwrap_err();
    assert_eq!(again.code, "invalid_sdp");
    assert!(pipe.client.calls.answer(0.0, 99, &answer).is_err());
}
