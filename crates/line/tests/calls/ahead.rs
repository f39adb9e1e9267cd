//! Made speech is sent before its time: what is lost meanwhile is asked for again, and what is
//! changed meanwhile is changed for the ear too.

use crate::pipe::{heard, rms, syllables, tone, Pipe};
use visavis_line::batch::{Batch, Happening};
use visavis_line::plan::SendPlan;

const FRAME: usize = 320;

/// A person's ear and a server, connected and idle.
fn ear_and_server() -> (Pipe, i64, i64) {
    Pipe::connected()
}

fn plan(ahead_ms: u32) -> SendPlan {
    SendPlan {
        ahead_ms,
        fec: false,
        ..SendPlan::default()
    }
}

/// The server says `pcm`; the ear hears it for so many seconds.
fn say(pipe: &mut Pipe, call: i64, plan: &SendPlan, pcm: &[i16], seconds: f64) {
    let now = pipe.now() + 0.007;
    pipe.server.calls.set_plan(now, call, plan);
    pipe.server.calls.play(now, call, 1, pcm).unwrap();
    pipe.server.calls.finish(now, call, 1);
    pipe.run(seconds);
}

/// Of five seconds of talk the server has said two, and more before its time, and cuts the rest.
fn cut_in_mid_talk() -> (Pipe, i64, i64) {
    let (mut pipe, ours, theirs) = ear_and_server();
    let talk = tone(24_000, 5.0, 300.0);
    say(&mut pipe, theirs, &plan(800), &talk, 2.0);
    let now = pipe.now();
    pipe.server.calls.flush(now, theirs, 0.02);
    (pipe, ours, theirs)
}

/// Frames with each mark.
fn marks(batches: &[Batch]) -> [usize; 4] {
    let of = |mark| {
        batches
            .iter()
            .flat_map(|b| &b.marks)
            .filter(move |m| **m == mark)
    };
    [0, 1, 2, 3].map(|mark| of(mark).count())
}

/// Tick at which it is first loud, and of the last loud frame.
fn loud(pipe: &Pipe, call: i64) -> (usize, usize) {
    let mut first = None;
    let mut last = 0;
    for (tick, batch) in pipe.at_client.iter().enumerate() {
        let pcm = heard(std::slice::from_ref(batch), call, FRAME);
        if rms(&pcm) > 1000.0 {
            first.get_or_insert(tick);
            last = tick;
        }
    }
    (first.unwrap_or(usize::MAX), last)
}

#[test]
fn bursts_of_300_ms_are_not_heard() {
    let run = |ahead_ms| {
        let (mut pipe, ours, theirs) = ear_and_server();
        pipe.both_ways_out = |now| now % 1.0 > 0.7;
        say(
            &mut pipe,
            theirs,
            &plan(ahead_ms),
            &syllables(24_000, 12.0),
            13.0,
        );
        let [_, _, concealed, _] = marks(&pipe.at_client);
        let silent =
            |batch: &&Batch| rms(&heard(std::slice::from_ref(*batch), ours, FRAME)) < 100.0;
        concealed + pipe.at_client[50..590].iter().filter(silent).count()
    };
    let guessed = [800, 0].map(run);
    assert!(guessed[0] < 5 && guessed[1] > 40, "{guessed:?}");
}

#[test]
fn the_ear_hears_it_no_sooner_and_no_later_and_whole() {
    let lengths = [0, 800].map(|ahead_ms| {
        let (mut pipe, ours, theirs) = ear_and_server();
        say(
            &mut pipe,
            theirs,
            &plan(ahead_ms),
            &tone(24_000, 3.0, 300.0),
            4.0,
        );
        let (first, last) = loud(&pipe, ours);
        assert!(first <= 4, "{first}");
        assert!((149..=153).contains(&(last - first)), "{first} {last}");
        first
    });
    assert!(lengths[1] <= lengths[0]);
}

#[test]
fn what_is_cut_is_not_heard_although_it_was_sent() {
    let (mut pipe, ours, theirs) = cut_in_mid_talk();
    let until = pipe.at_client.len();
    pipe.run(2.0);
    let (_, last) = loud(&pipe, ours);
    assert!(last <= until + 6, "{last} after {until}");
    let told = pipe.server_told(theirs);
    let samples = told.iter().filter_map(|what| match what {
        Happening::Played {
            samples,
            done: true,
            ..
        } => Some(*samples),
        _ => None,
    });
    // What was sent before its time and cut is not what was heard.
    let samples: Vec<i64> = samples.collect();
    assert!((47_000..50_500).contains(&samples[0]), "{samples:?}");
}

#[test]
fn a_cut_holds_although_all_that_says_so_is_lost_at_first() {
    let (mut pipe, ours, _) = cut_in_mid_talk();
    let until = pipe.at_client.len();
    pipe.loss = 1.0;
    pipe.run(0.3);
    pipe.loss = 0.0;
    pipe.run(2.0);
    let (_, last) = loud(&pipe, ours);
    assert!(last <= until + 27, "{last} after {until}");
}

#[test]
fn a_duck_is_heard_at_once_and_so_is_its_end() {
    let (mut pipe, ours, theirs) = ear_and_server();
    say(
        &mut pipe,
        theirs,
        &plan(800),
        &tone(24_000, 5.0, 300.0),
        1.5,
    );
    let mut gain_at = |gain: f64| {
        let now = pipe.now();
        pipe.server.calls.duck(now, theirs, gain, 0.04);
        pipe.run(0.2);
        let last = pipe.at_client.last().unwrap().clone();
        pipe.run(0.8);
        (
            rms(&heard(&[last], ours, FRAME)),
            rms(&heard(
                &pipe.at_client[pipe.at_client.len() - 5..],
                ours,
                FRAME,
            )),
        )
    };
    let full = 5600.0;
    for (gain, expected) in [(0.2, 0.2 * full), (1.0, full)] {
        let (soon, later) = gain_at(gain);
        assert!(
            (soon / expected - 1.0).abs() < 0.1,
            "{gain}: {soon} {expected}"
        );
        assert!(
            (later / expected - 1.0).abs() < 0.1,
            "{gain}: {later} {expected}"
        );
    }
}

#[test]
fn clauses_that_come_late_are_joined_without_a_gap_or_a_repeat() {
    let (mut pipe, ours, theirs) = ear_and_server();
    let now = pipe.now();
    pipe.server.calls.set_plan(now, theirs, &plan(800));
    let speech = tone(24_000, 4.0, 300.0);
    // Each clause of a second comes 0.4 s before the last one ends.
    for (i, clause) in speech.chunks(24_000).enumerate() {
        let now = pipe.now();
        pipe.server.calls.play(now, theirs, 1, clause).unwrap();
        pipe.run(if i == 0 { 0.6 } else { 1.0 });
    }
    let now = pipe.now();
    pipe.server.calls.finish(now, theirs, 1);
    pipe.run(1.5);
    let (first, last) = loud(&pipe, ours);
    assert!((199..=203).contains(&(last - first)), "{first} {last}");
    let quiet = pipe.at_client[first + 1..last]
        .iter()
        .filter(|batch| rms(&heard(std::slice::from_ref(batch), ours, FRAME)) < 3000.0);
    assert_eq!(quiet.count(), 0);
}

#[test]
fn the_end_of_a_reply_is_asked_for_too() {
    let (mut pipe, ours, theirs) = ear_and_server();
    let pcm = tone(24_000, 2.0, 300.0);
    let now = pipe.now();
    pipe.server.calls.set_plan(now, theirs, &plan(800));
    pipe.server.calls.play(now, theirs, 1, &pcm).unwrap();
    pipe.run(1.0);
    // What is sent now is the end, 0.8 s before its time.
    pipe.loss = 1.0;
    pipe.run(0.2);
    pipe.loss = 0.0;
    pipe.run(1.5);
    let (first, last) = loud(&pipe, ours);
    assert!((98..=102).contains(&(last - first)), "{first} {last}");
    assert!(marks(&pipe.at_client)[2] < 3);
}
