//! RED between two ends: what it recovers, and far ends that do not know it.

use crate::pipe::{heard, rms, syllables, tone, without_notes, without_red, Pipe, LONG};
use visavis_line::batch::Batch;
use visavis_line::config::Config;
use visavis_line::plan::SendPlan;

/// Without FEC of another kind, so that only copies can recover anything.
fn plan(red: &[u32]) -> SendPlan {
    SendPlan {
        red: red.to_vec(),
        fec: false,
        ..SendPlan::default()
    }
}

/// Share of the frames with each mark.
fn shares(batches: &[Batch]) -> [f64; 4] {
    let marks: Vec<u8> = batches.iter().flat_map(|b| b.marks.clone()).collect();
    [0, 1, 2, 3]
        .map(|mark| marks.iter().filter(|m| **m == mark).count() as f64 / marks.len().max(1) as f64)
}

/// Twenty seconds of speech from the client, which is asked for nothing, over a network that loses
/// a fifth of its packets.
fn over_a_bad_network(red: &[u32]) -> (Pipe, [f64; 4]) {
    let mut pipe = Pipe::new(7, Config::default());
    let (ours, offer) = pipe.client.offer(LONG).unwrap();
    let (_, answer) = pipe.server.accept(&without_notes(&offer), LONG).unwrap();
    pipe.client.calls.answer(0.0, ours, &answer).unwrap();
    pipe.run(3.0);
    pipe.loss = 0.2;
    let now = pipe.now();
    pipe.client.calls.set_plan(now, ours, &plan(red));
    let speech = syllables(24_000, 20.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.run(0.5);
    pipe.forget();
    pipe.run(19.0);
    let shares = shares(&pipe.at_server);
    (pipe, shares)
}

#[test]
fn a_fifth_of_the_packets_lost_is_recovered_by_two_copies_of_each() {
    let (plain, [_, recovered, concealed, missing]) = over_a_bad_network(&[]);
    // Only the longest holes are asked for.
    assert!(
        recovered < 0.02 && concealed + missing > 0.15,
        "{recovered} {concealed} {missing}"
    );
    assert_eq!(plain.server.calls.totals().red_in, 0);

    let (pipe, [_, recovered, concealed, missing]) = over_a_bad_network(&[1, 2]);
    assert!(
        recovered > 0.14 && concealed + missing < 0.03,
        "{recovered} {concealed} {missing}"
    );
    let totals = pipe.server.calls.totals();
    assert!(totals.red_in > 700, "{}", totals.red_in);
    assert!(pipe.client.calls.totals().red_out > totals.red_in);
}

#[test]
fn what_copies_recover_is_the_speech_itself() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let now = pipe.now();
    pipe.client.calls.set_plan(now, ours, &plan(&[1, 2]));
    pipe.loss = 0.1;
    let speech = tone(24_000, 3.0, 440.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.run(0.5);
    pipe.forget();
    pipe.run(2.0);
    let pcm = heard(&pipe.at_server, theirs, 320);
    let loud = rms(&tone(16_000, 1.0, 440.0));
    for frame in pcm.chunks_exact(320) {
        assert!(
            (0.6..1.4).contains(&(rms(frame) / loud)),
            "{}",
            rms(frame) / loud
        );
    }
}

#[test]
fn packets_with_and_without_copies_take_turns() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let now = pipe.now();
    let speech = tone(24_000, 4.0, 440.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.run(0.3);
    pipe.forget();
    for red in [&[1][..], &[], &[4, 10, 16], &[], &[1, 2, 3, 17]] {
        let now = pipe.now();
        pipe.client.calls.set_plan(now, ours, &plan(red));
        pipe.run(0.5);
    }
    let [received, ..] = shares(&pipe.at_server);
    assert_eq!(received, 1.0);
    let pcm = heard(&pipe.at_server, theirs, 320);
    assert!(rms(&pcm) > 0.9 * rms(&tone(16_000, 1.0, 440.0)));
    let totals = pipe.server.calls.totals();
    assert!((60..=80).contains(&totals.red_in), "{}", totals.red_in);
}

#[test]
fn a_far_end_that_does_not_know_red_is_sent_plain_opus() {
    let mut pipe = Pipe::new(7, Config::default());
    let (ours, offer) = pipe.client.offer(LONG).unwrap();
    assert!(offer.contains("a=rtpmap:63 red/48000/2"), "{offer}");
    let (theirs, answer) = pipe.server.accept(&without_red(&offer), LONG).unwrap();
    assert!(!answer.contains("red/48000"), "{answer}");
    let now = pipe.now();
    pipe.client.calls.answer(now, ours, &answer).unwrap();
    pipe.run(2.0);
    pipe.set_plans((ours, theirs), &plan(&[1, 2]));
    pipe.both_talk((ours, theirs), 1);
    for end in [&pipe.client, &pipe.server] {
        let totals = end.calls.totals();
        assert_eq!((totals.red_in, totals.red_out), (0, 0));
    }
}
