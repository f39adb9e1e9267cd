//! ICE begins anew in mid-call: new credentials, another network, and the call goes on.

use crate::pipe::{closed, heard, rms, texts, tone, Pipe, SERVER};

const ELSEWHERE: &str = "172.16.0.9:4000";

fn both_talk(pipe: &mut Pipe, ours: i64, theirs: i64, reply: i64) {
    let now = pipe.now();
    pipe.client.calls.send(now, ours, format!("up {reply}"));
    pipe.server.calls.send(now, theirs, format!("down {reply}"));
    pipe.both_talk((ours, theirs), reply);
    assert_eq!(texts(&pipe.server_told(theirs)), [format!("up {reply}")]);
    assert_eq!(texts(&pipe.client_told(ours)), [format!("down {reply}")]);
}

fn credentials(sdp: &str) -> Vec<&str> {
    let names = ["a=ice-ufrag:", "a=ice-pwd:"];
    let said = names.map(|name| sdp.lines().find(|line| line.starts_with(name)).unwrap());
    said.to_vec()
}

#[test]
fn the_client_goes_to_another_network_and_the_call_with_it() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    both_talk(&mut pipe, ours, theirs, 1);
    for (reply, address) in [(2, ELSEWHERE), (3, "172.16.0.10:4001"), (4, ELSEWHERE)] {
        // The old address is gone; nothing passes until ICE has begun anew.
        pipe.client.move_to(address.parse().unwrap());
        pipe.outside = address.parse().unwrap();
        pipe.run(2.0);
        let offer = pipe.client.restart_offer(ours).unwrap();
        let answer = pipe.server.restart(theirs, &offer).unwrap();
        assert_ne!(credentials(&offer), credentials(&answer));
        let now = pipe.now();
        pipe.client.calls.answer(now, ours, &answer).unwrap();
        pipe.run(0.6);
        both_talk(&mut pipe, ours, theirs, reply);
    }
    pipe.run(40.0);
    both_talk(&mut pipe, ours, theirs, 5);
}

#[test]
fn speech_does_not_stop_while_ice_begins_anew() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let now = pipe.now();
    let speech = tone(24_000, 4.0, 440.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.server.calls.play(now, theirs, 1, &speech).unwrap();
    pipe.run(1.0);
    pipe.forget();
    let offer = pipe.client.restart_offer(ours).unwrap();
    pipe.run(0.2);
    let answer = pipe.server.restart(theirs, &offer).unwrap();
    pipe.run(0.2);
    let now = pipe.now();
    pipe.client.calls.answer(now, ours, &answer).unwrap();
    pipe.run(1.6);
    for pcm in [
        heard(&pipe.at_server, theirs, 320),
        heard(&pipe.at_client, ours, 320),
    ] {
        let silent = pcm.chunks(320).filter(|frame| rms(frame) < 500.0).count();
        assert!(silent <= 2, "{silent} silent frames");
    }
}

#[test]
fn a_fragment_is_answered_with_a_fragment() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let offer = pipe.client.restart_offer(ours).unwrap();
    let kept = ["a=ice-", "a=candidate:", "a=mid:"];
    let lines = offer
        .lines()
        .filter(|l| kept.iter().any(|k| l.starts_with(k)));
    let fragment: String = lines.flat_map(|line| [line, "\r\n"]).collect();
    let answer = pipe.server.restart(theirs, &fragment).unwrap();
    assert!(!answer.contains("v=0") && answer.ends_with("a=end-of-candidates\r\n"));
    assert!(answer.contains(&SERVER.replace(':', " ")), "{answer}");
    assert_eq!(credentials(&answer).len(), 2);
    assert_eq!(closed(&pipe.server_told(theirs)), None);
}

#[test]
fn more_candidates_leave_everything_as_it_is() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let now = pipe.now();
    let (call, offer) = pipe.client.offer(crate::pipe::LONG).unwrap();
    pipe.client.calls.close(now, call, "local");
    let (other, answer) = pipe.server.accept(&offer, crate::pipe::LONG).unwrap();
    let found = "a=candidate:9 1 udp 9 10.9.9.9 9999 typ host\r\n";
    let fragment = format!("{}\r\n{found}", credentials(&offer).join("\r\n"));
    let again = pipe.server.restart(other, &fragment).unwrap();
    assert_eq!(credentials(&again), credentials(&answer));
    both_talk(&mut pipe, ours, theirs, 1);
}

#[test]
fn what_is_no_restart_is_refused_and_harms_nothing() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let offer = pipe.client.restart_offer(ours).unwrap();
    let broken = [
        String::new(),
        "nonsense".into(),
        offer.replace("a=ice-pwd:", "a=ice-pwd:!"),
        offer.replace("m=application", "m=video"),
        "a=ice-ufrag:abcd\r\na=ice-pwd:short".into(),
    ];
    for text in broken {
        let error = pipe.server.restart(theirs, &text).unwrap_err();
        assert_eq!(error.code, "invalid_sdp", "{text}");
    }
    assert_eq!(
        pipe.server.restart(99, &offer).unwrap_err().code,
        "call_ended"
    );
    assert!(pipe.server.restart_offer(theirs).is_err());
    assert!(pipe.client.restart(ours, &offer).is_err());
    both_talk(&mut pipe, ours, theirs, 1);
}
