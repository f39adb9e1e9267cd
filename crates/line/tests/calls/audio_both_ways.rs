//! Speech crosses the network in both directions, and what was played is told.

use crate::pipe::{heard, rms, tone, Pipe};
use visavis_line::batch::Happening;

#[test]
fn a_tone_arrives_at_both_ends() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let now = pipe.now();
    let speech = tone(24_000, 2.0, 440.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.server.calls.play(now, theirs, 1, &speech).unwrap();
    pipe.run(3.0);
    for (batches, call) in [(&pipe.at_server, theirs), (&pipe.at_client, ours)] {
        let pcm = heard(batches, call, 320);
        let loud = rms(&tone(16_000, 1.0, 440.0));
        let middle = rms(&pcm[16_000..24_000]);
        assert!((middle / loud - 1.0).abs() < 0.3, "{middle} of {loud}");
    }
}

#[test]
fn positions_never_go_back_and_times_are_those_of_capture() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let began = pipe.now();
    let speech = tone(24_000, 1.0, 300.0);
    pipe.client.calls.play(began, ours, 1, &speech).unwrap();
    pipe.run(2.0);
    let mut last = None;
    let mut first_loud = None;
    for batch in &pipe.at_server {
        for row in 0..batch.calls.len() {
            assert_eq!(batch.calls[row], theirs);
            assert!(last.is_none_or(|last| batch.positions[row] > last));
            last = Some(batch.positions[row]);
            let pcm = &batch.pcm[row * 320..(row + 1) * 320];
            if rms(pcm) > 1000.0 && first_loud.is_none() {
                first_loud = Some((batch.captured[row], batch.now));
            }
        }
    }
    // The simulation's second 0 is 1970, and the client's microphone began at `began`.
    let (captured, arrived) = first_loud.expect("the tone");
    assert!(
        (captured - began).abs() < 0.045,
        "{captured} is not {began}"
    );
    assert!(arrived - captured < 0.1, "{}", arrived - captured);
}

#[test]
fn what_was_played_is_told_and_its_end() {
    let (mut pipe, _, theirs) = Pipe::connected();
    let now = pipe.now();
    let speech = tone(24_000, 1.0, 300.0);
    pipe.server.calls.play(now, theirs, 7, &speech).unwrap();
    pipe.server.calls.finish(now, theirs, 7);
    pipe.run(2.0);
    let told = pipe.server_told(theirs);
    let played: Vec<_> = told
        .iter()
        .filter(|what| matches!(what, Happening::Played { .. }))
        .collect();
    assert!(played.len() > 5, "{played:?}");
    let end = Happening::Played {
        reply: 7,
        samples: 24_000,
        exact: false,
        done: true,
    };
    assert_eq!(played.last(), Some(&&end));
}

#[test]
fn a_flush_stops_what_is_played_at_once() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let now = pipe.now();
    let speech = tone(24_000, 10.0, 300.0);
    pipe.server.calls.play(now, theirs, 1, &speech).unwrap();
    pipe.server.calls.finish(now, theirs, 1);
    pipe.run(1.0);
    let now = pipe.now();
    pipe.server.calls.flush(now, theirs, 0.02);
    pipe.run(0.2);
    let before = pipe.at_client.len();
    pipe.run(0.5);
    assert!(rms(&heard(&pipe.at_client[before..], ours, 320)) < 100.0);
    let done = pipe
        .server_told(theirs)
        .into_iter()
        .find_map(|what| match what {
            Happening::Played {
                samples,
                done: true,
                ..
            } => Some(samples),
            _ => None,
        });
    let samples = done.expect("its end");
    assert!((23_000..26_500).contains(&samples), "{samples}");
}

#[test]
fn what_the_far_end_reports_is_exact() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let now = pipe.now();
    let speech = tone(24_000, 2.0, 300.0);
    pipe.server.calls.play(now, theirs, 3, &speech).unwrap();
    pipe.run(1.0);
    let rtp = pipe
        .at_client
        .iter()
        .rev()
        .find_map(|batch| batch.rtp.last())
        .copied()
        .unwrap();
    let now = pipe.now();
    pipe.server.calls.heard(now, theirs, rtp as u32);
    pipe.run(0.1);
    let exact = pipe
        .server_told(theirs)
        .into_iter()
        .find_map(|what| match what {
            Happening::Played {
                reply: 3,
                samples,
                exact: true,
                ..
            } => Some(samples),
            _ => None,
        });
    let samples = exact.expect("an exact report");
    assert!((20_000..24_001).contains(&samples), "{samples}");
    assert!(!pipe.client_told(ours).is_empty());
}

#[test]
fn nothing_is_encoded_while_nothing_is_said() {
    let (mut pipe, _, _) = Pipe::connected();
    pipe.run(1.0);
    let before = pipe.server.calls.totals().encodes;
    pipe.run(20.0);
    assert_eq!(pipe.server.calls.totals().encodes, before);
}

#[test]
fn a_queue_has_an_end() {
    let (mut pipe, _, theirs) = Pipe::connected();
    let now = pipe.now();
    let speech = tone(24_000, 59.0, 300.0);
    pipe.server.calls.play(now, theirs, 1, &speech).unwrap();
    let error = pipe.server.calls.play(now, theirs, 1, &speech).unwrap_err();
    assert_eq!(error.code, "queue_full");
    assert_eq!(pipe.server.calls.queued(theirs), 60 * 24_000);
}

#[test]
fn speech_survives_loss_and_its_marks_say_so() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    pipe.loss = 0.1;
    let now = pipe.now();
    let speech = tone(24_000, 10.0, 300.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.run(11.0);
    let marks: Vec<u8> = pipe
        .at_server
        .iter()
        .flat_map(|b| b.marks.clone())
        .collect();
    let share = |mark| marks.iter().filter(|m| **m == mark).count() as f64 / marks.len() as f64;
    assert!(share(1) + share(2) > 0.03, "{} {}", share(1), share(2));
    assert!(share(0) > 0.7);
    let reports: u64 = pipe
        .server_told(theirs)
        .iter()
        .map(|what| match what {
            Happening::Report(report) => report.lost,
            _ => 0,
        })
        .sum();
    assert!(reports > 20, "{reports}");
}
