//! Sliding-window FEC between two ends of our own, and far ends that do not know it.

use crate::pipe::{heard, rms, syllables, tone, without_red, Pipe, LONG};
use visavis_line::batch::Batch;
use visavis_line::config::Config;
use visavis_line::plan::SendPlan;

const ATTRIBUTE: &str = "a=x-visavis-fec:1\r\n";

/// Without redundancy of another kind.
fn plan(repair_every: u32) -> SendPlan {
    SendPlan {
        repair_every,
        fec: false,
        ..SendPlan::default()
    }
}

fn share(batches: &[Batch], mark: u8) -> f64 {
    let marks: Vec<u8> = batches.iter().flat_map(|b| b.marks.clone()).collect();
    marks.iter().filter(|m| **m == mark).count() as f64 / marks.len().max(1) as f64
}

#[test]
fn a_fifth_of_the_packets_lost_is_solved_for() {
    let (mut pipe, ours, _) = Pipe::connected();
    pipe.loss = 0.2;
    let now = pipe.now();
    pipe.client.calls.set_plan(now, ours, &plan(2));
    let speech = syllables(24_000, 20.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.run(0.5);
    pipe.forget();
    pipe.run(19.0);
    let [_, recovered, concealed, missing] = [0, 1, 2, 3].map(|m| share(&pipe.at_server, m));
    assert!(
        recovered > 0.14 && concealed + missing < 0.03,
        "{recovered} {concealed} {missing}"
    );
    let (sent, received) = (pipe.client.calls.totals(), pipe.server.calls.totals());
    assert!(
        (450..520).contains(&sent.repairs_out),
        "{}",
        sent.repairs_out
    );
    assert!(received.repairs_in > 350 && received.repairs_in < sent.repairs_out);
    assert!(received.repaired > 140, "{}", received.repaired);
}

#[test]
fn an_ear_uses_repairs_too_and_they_take_turns_with_none() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let now = pipe.now();
    let speech = tone(24_000, 6.0, 440.0);
    pipe.server.calls.play(now, theirs, 1, &speech).unwrap();
    pipe.run(0.3);
    pipe.loss = 0.1;
    for every in [2, 0, 1, 16] {
        pipe.forget();
        let now = pipe.now();
        pipe.server.calls.set_plan(now, theirs, &plan(every));
        pipe.run(1.3);
        let pcm = heard(&pipe.at_client, ours, 320);
        assert!(rms(&pcm) > 0.8 * rms(&tone(16_000, 1.0, 440.0)));
    }
    assert!(pipe.client.calls.totals().repaired > 5);
}

/// A call whose offer and answer are changed on the way, and which is told to send repairs.
fn negotiated(offered: fn(String) -> String, answered: fn(String) -> String) -> [u64; 2] {
    let mut pipe = Pipe::new(7, Config::default());
    let (ours, offer) = pipe.client.offer(LONG).unwrap();
    assert!(offer.contains(ATTRIBUTE), "{offer}");
    let (theirs, answer) = pipe.server.accept(&offered(offer), LONG).unwrap();
    let now = pipe.now();
    pipe.client
        .calls
        .answer(now, ours, &answered(answer))
        .unwrap();
    pipe.run(2.0);
    pipe.set_plans((ours, theirs), &plan(2));
    pipe.both_talk((ours, theirs), 1);
    [&pipe.client, &pipe.server].map(|end| end.calls.totals().repairs_out)
}

#[test]
fn repairs_are_sent_only_where_both_agree() {
    let without = |sdp: String| sdp.replace(ATTRIBUTE, "");
    assert!(negotiated(|offer| offer, |answer| answer).map(|n| n > 20) == [true, true]);
    // A browser, or an older version of ours, offers; and one answers.
    assert_eq!(negotiated(without, |answer| answer), [0, 0]);
    assert_eq!(negotiated(|offer| offer, without)[0], 0);
}

#[test]
fn without_red_there_are_no_repairs() {
    let no_red = |offer: String| without_red(&offer);
    assert_eq!(negotiated(no_red, |answer| answer), [0, 0]);
}

#[test]
fn repairs_go_on_when_ice_begins_anew() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let offer = pipe.client.restart_offer(ours).unwrap();
    let answer = pipe.server.restart(theirs, &offer).unwrap();
    let now = pipe.now();
    pipe.client.calls.answer(now, ours, &answer).unwrap();
    pipe.client.calls.set_plan(now, ours, &plan(2));
    let speech = tone(24_000, 2.0, 440.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.run(2.0);
    assert!(pipe.server.calls.totals().repairs_in > 30);
}
