//! A send plan takes effect at the next packet.

use crate::pipe::{heard, rms, syllables, tone, Pipe};
use visavis_line::batch::Happening;
use visavis_line::plan::SendPlan;

fn packets_out(pipe: &Pipe) -> u64 {
    pipe.client.calls.totals().packets_out
}

#[test]
fn longer_packets_are_fewer_and_sound_the_same() {
    let mut counts = Vec::new();
    for frame_ms in [20, 40, 60] {
        let (mut pipe, ours, theirs) = Pipe::connected();
        let now = pipe.now();
        let plan = SendPlan {
            frame_ms,
            ..SendPlan::default()
        };
        pipe.client.calls.set_plan(now, ours, &plan);
        let speech = tone(24_000, 4.0, 440.0);
        pipe.client.calls.play(now, ours, 1, &speech).unwrap();
        pipe.run(0.5);
        pipe.forget();
        let before = packets_out(&pipe);
        pipe.run(3.0);
        counts.push(packets_out(&pipe) - before);
        assert!(pipe
            .at_server
            .iter()
            .all(|b| b.marks.iter().all(|m| *m == 0)));
        let pcm = heard(&pipe.at_server, theirs, 320);
        assert!((pcm.len() as i64 - 48_000).abs() <= 960, "{}", pcm.len());
        assert!((rms(&pcm) / rms(&tone(16_000, 1.0, 440.0)) - 1.0).abs() < 0.1);
    }
    // 50, 25 and 17 media packets a second, and a few others.
    assert!((150..175).contains(&counts[0]), "{counts:?}");
    assert!((75..100).contains(&counts[1]), "{counts:?}");
    assert!((50..75).contains(&counts[2]), "{counts:?}");
}

#[test]
fn the_length_may_change_at_any_packet() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let now = pipe.now();
    let speech = tone(24_000, 6.0, 440.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.run(0.3);
    pipe.forget();
    // Changes that fall before, within and after packets.
    for (i, frame_ms) in [60, 20, 40, 60, 40, 20, 60, 20].into_iter().enumerate() {
        let now = pipe.now();
        let plan = SendPlan {
            frame_ms,
            red: vec![1, 2],
            ..SendPlan::default()
        };
        pipe.client.calls.set_plan(now, ours, &plan);
        pipe.run(0.1 + 0.02 * i as f64);
    }
    assert!(pipe
        .at_server
        .iter()
        .all(|b| b.marks.iter().all(|m| *m == 0)));
    for frame in heard(&pipe.at_server, theirs, 320).chunks_exact(320) {
        assert!(rms(frame) > 0.5 * rms(&tone(16_000, 1.0, 440.0)));
    }
}

#[test]
fn what_was_played_of_long_packets_is_told_to_the_sample() {
    for samples in [24_000 / 2, 24_000 / 2 + 480, 24_000 / 2 + 700] {
        let (mut pipe, _, theirs) = Pipe::connected();
        let now = pipe.now();
        let plan = SendPlan {
            frame_ms: 60,
            ..SendPlan::default()
        };
        pipe.server.calls.set_plan(now, theirs, &plan);
        let speech = tone(24_000, samples as f64 / 24_000.0, 300.0);
        pipe.server.calls.play(now, theirs, 7, &speech).unwrap();
        pipe.server.calls.finish(now, theirs, 7);
        pipe.run(0.36);
        // Nothing is told before it can have been heard: 60 ms in the far buffer.
        for what in pipe.server_told(theirs) {
            if let Happening::Played { samples, .. } = what {
                assert!(samples <= 7_200, "{samples}");
            }
        }
        pipe.run(1.0);
        let told = pipe.server_told(theirs);
        let end = Happening::Played {
            reply: 7,
            samples: speech.len() as i64,
            exact: false,
            done: true,
        };
        let played = |what: &&Happening| matches!(what, Happening::Played { .. });
        assert_eq!(told.iter().rfind(played), Some(&end));
        // All of it was sent, although no packet ended with it.
        let pcm = heard(&pipe.at_client, 1, 320);
        let loud = pcm.chunks_exact(320).filter(|f| rms(f) > 1000.0).count() as f64;
        assert!(
            (loud * 0.02 - speech.len() as f64 / 24_000.0).abs() < 0.045,
            "{loud}"
        );
    }
}

#[test]
fn a_microphone_that_hears_nothing_sends_next_to_nothing() {
    let mut counts = Vec::new();
    for dtx in [true, false] {
        let (mut pipe, ours, theirs) = Pipe::connected();
        let now = pipe.now();
        let plan = SendPlan {
            dtx,
            red: vec![1],
            ..SendPlan::default()
        };
        pipe.client.calls.set_plan(now, ours, &plan);
        // A second of voice, ten of a quiet room, and a second of voice.
        let mut noise = 1u32;
        let mut room = |samples: usize| -> Vec<i16> {
            let mut sample = || {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (noise >> 28) as i16 - 8
            };
            (0..samples).map(|_| sample()).collect()
        };
        let mut microphone = syllables(24_000, 1.0);
        microphone.extend(room(240_000));
        microphone.extend(syllables(24_000, 1.0));
        microphone.extend(room(24_000));
        pipe.client.calls.play(now, ours, 1, &microphone).unwrap();
        pipe.run(2.0);
        let before = packets_out(&pipe);
        pipe.run(8.0);
        counts.push(packets_out(&pipe) - before);
        pipe.forget();
        pipe.run(2.5);
        let pcm = heard(&pipe.at_server, theirs, 320);
        let voiced = pcm.chunks_exact(320).filter(|f| rms(f) > 500.0).count();
        assert!((48..=53).contains(&voiced), "{voiced}");
    }
    // Twice in 400 ms a packet says that nothing is said; the others are reports and checks.
    assert!(counts[0] < 100, "{counts:?}");
    assert!(counts[1] > 390, "{counts:?}");
}
