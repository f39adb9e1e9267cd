//! Text messages both ways, and what a stranger may not do with them.

use crate::pipe::{closed, texts, Pipe};
use visavis_line::config::Config;

#[test]
fn messages_cross_in_order_and_those_before_the_channel_opened_are_kept() {
    let mut pipe = Pipe::new(11, Config::default());
    let (ours, theirs) = pipe.call();
    for i in 0..20 {
        pipe.client.calls.send(0.0, ours, format!("up {i}"));
        pipe.server.calls.send(0.0, theirs, format!("down {i}"));
    }
    pipe.run(3.0);
    let up: Vec<String> = (0..20).map(|i| format!("up {i}")).collect();
    let down: Vec<String> = (0..20).map(|i| format!("down {i}")).collect();
    assert_eq!(texts(&pipe.server_told(theirs)), up);
    assert_eq!(texts(&pipe.client_told(ours)), down);
}

#[test]
fn messages_survive_loss() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    pipe.loss = 0.2;
    let now = pipe.now();
    for i in 0..50 {
        pipe.client.calls.send(now, ours, format!("é{i}"));
    }
    pipe.run(20.0);
    let sent: Vec<String> = (0..50).map(|i| format!("é{i}")).collect();
    assert_eq!(texts(&pipe.server_told(theirs)), sent);
}

#[test]
fn a_message_as_large_as_allowed_crosses() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let now = pipe.now();
    let text = "x".repeat(262_144);
    pipe.client.calls.send(now, ours, text.clone());
    pipe.run(10.0);
    assert_eq!(texts(&pipe.server_told(theirs)), [text]);
}

#[test]
fn a_message_that_the_far_end_does_not_take_ends_this_call_with_a_sentence() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let (other, _) = pipe.server.offer(crate::pipe::LONG).unwrap();
    let now = pipe.now();
    pipe.client.calls.send(now, ours, "x".repeat(300_000));
    pipe.run(1.0);
    let reason = closed(&pipe.client_told(ours)).expect("the end");
    assert!(
        reason.starts_with("error: a message of 300000 bytes"),
        "{reason}"
    );
    assert_eq!(closed(&pipe.server_told(theirs)).as_deref(), Some("hangup"));
    assert_eq!(closed(&pipe.server_told(other)), None);
}

#[test]
fn a_flood_of_messages_ends_the_call_that_sends_it() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    for _ in 0..10 {
        let now = pipe.now();
        for _ in 0..100 {
            pipe.client.calls.send(now, ours, "spam".into());
        }
        pipe.run(0.1);
    }
    pipe.run(1.0);
    let told = pipe.server_told(theirs);
    let reason = closed(&told).expect("the end");
    assert!(reason.contains("200 messages a second"), "{reason}");
    assert!(texts(&told).len() <= 700);
}

#[test]
fn two_hundred_messages_a_second_are_allowed() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    for _ in 0..250 {
        let now = pipe.now();
        for _ in 0..4 {
            pipe.client.calls.send(now, ours, "delta".into());
        }
        pipe.run(0.02);
    }
    pipe.run(1.0);
    assert_eq!(texts(&pipe.server_told(theirs)).len(), 1000);
}

#[test]
fn messages_for_a_far_end_that_takes_none_are_bounded() {
    let mut pipe = Pipe::new(12, Config::default());
    let (ours, _) = pipe.client.offer(crate::pipe::LONG).unwrap();
    for _ in 0..10 {
        pipe.client.calls.send(0.0, ours, "x".repeat(1_000_000));
    }
    pipe.run(0.1);
    let reason = closed(&pipe.client_told(ours)).expect("the end");
    assert!(reason.contains("wait for the far end"), "{reason}");
}
