//! A server's reply does not wait for a tick to begin; media time keeps step all the same.

use crate::pipe::{heard, rms, tone, Pipe};
use visavis_line::config::Config;
use visavis_line::stun::is_stun;

/// Packets of speech that the server has for the network now.
fn media(pipe: &mut Pipe) -> usize {
    let packets = pipe.server.packets();
    let rtcp = |packet: &[u8]| (192..224).contains(&packet[1]); // RFC 5761, 4
    let speech = packets.iter().filter(|(_, p)| !is_stun(p) && !rtcp(p));
    speech.count()
}

/// How many packets leave at once when so much is played 7 ms after a tick.
fn at_once(config: Config, seconds: f64) -> usize {
    let (mut pipe, _, theirs) = Pipe::connected_with(config);
    pipe.run(1.0);
    let now = pipe.now() + 0.007;
    let speech = tone(24_000, seconds, 300.0);
    pipe.server.calls.play(now, theirs, 1, &speech).unwrap();
    media(&mut pipe)
}

#[test]
fn the_first_packet_of_a_reply_leaves_between_ticks() {
    assert_eq!(at_once(Config::default(), 0.5), 1);
}

#[test]
fn what_a_microphone_brings_waits_for_the_tick() {
    // Too little of it for the next tick; and a client, whose speech is never there in advance.
    assert_eq!(at_once(Config::default(), 0.04), 0);
    let client = Config {
        playout: true,
        ..Config::default()
    };
    assert_eq!(at_once(client, 0.5), 0);
}

#[test]
fn every_talk_is_whole_and_as_far_from_the_last_as_it_was_said() {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let speech = tone(24_000, 0.5, 300.0);
    for reply in 1..=8 {
        let now = pipe.now() + 0.002 * reply as f64;
        pipe.server.calls.play(now, theirs, reply, &speech).unwrap();
        pipe.server.calls.finish(now, theirs, reply);
        pipe.run(1.0);
    }
    let pcm = heard(&pipe.at_client, ours, 320);
    let loud: Vec<bool> = pcm.chunks(320).map(|frame| rms(frame) > 2000.0).collect();
    let starts: Vec<usize> = (1..loud.len())
        .filter(|&i| loud[i] && !loud[i - 1])
        .collect();
    assert_eq!(starts.len(), 8, "{starts:?}");
    // The ear may be a frame or two off; what a talk gained it must not keep.
    for (talk, start) in starts.iter().enumerate() {
        let late = (start - starts[0]) as i64 - 50 * talk as i64;
        assert!(late.abs() <= 4, "{starts:?}");
    }
    let frames = loud.iter().filter(|loud| **loud).count();
    assert!((8 * 24..=8 * 27).contains(&frames), "{frames}");
}
