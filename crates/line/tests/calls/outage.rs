//! The link goes away in the middle of speech and comes back: what was said then is heard late,
//! in its place, and nothing of it is lost.

use crate::pipe::{closed, texts, tone, Pipe};
use visavis_line::batch::{Batch, Happening};
use visavis_line::config::Config;
use visavis_line::opus::Mark;

/// (handed up at, position, RTP time, mark) of each row.
type Row = (f64, i64, i64, u8);

fn rows(batches: &[Batch], call: i64) -> Vec<Row> {
    let of = |b: &Batch, i: usize| (b.now, b.positions[i], b.rtp[i], b.marks[i]);
    let rows = batches.iter().flat_map(|b| {
        let mine = (0..b.calls.len()).filter(|i| b.calls[*i] == call);
        mine.map(|i| of(b, i)).collect::<Vec<_>>()
    });
    rows.collect()
}

fn is(row: &Row, mark: Mark) -> bool {
    row.3 == mark as u8
}

fn whole(row: &&Row) -> bool {
    is(row, Mark::Received) || is(row, Mark::Recovered)
}

/// A call in which the client speaks for `seconds` from now on; the server's number for it.
fn speaking(config: Config, seconds: f64) -> (Pipe, i64, i64) {
    let (mut pipe, ours, theirs) = Pipe::connected_with(config);
    let speech = tone(24_000, seconds, 440.0);
    let now = pipe.now();
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    (pipe, ours, theirs)
}

fn outage(pipe: &mut Pipe, seconds: f64) -> f64 {
    let loss = std::mem::replace(&mut pipe.loss, 1.0);
    pipe.run(seconds);
    pipe.loss = loss;
    pipe.now()
}

/// Speech without a gap, each sample once, and positions in step with it.
fn check_whole(rows: &[Row]) {
    let heard: Vec<&Row> = rows.iter().filter(whole).collect();
    for pair in heard.windows(2) {
        assert_eq!(pair[1].2 - pair[0].2, 960, "{:?} {:?}", pair[0], pair[1]);
        assert_eq!(pair[1].1 - pair[0].1, 320, "{:?} {:?}", pair[0], pair[1]);
    }
}

#[test]
fn all_that_was_said_in_an_outage_is_here_two_seconds_after_it() {
    for (seconds, delay_s) in [(1.0, 0.02), (3.0, 0.02), (3.0, 0.15), (8.0, 0.05)] {
        let (mut pipe, _, theirs) = speaking(Config::default(), 30.0);
        pipe.delay_s = delay_s;
        pipe.run(3.0);
        let back = outage(&mut pipe, seconds);
        pipe.run(2.0);
        let rows = rows(&pipe.at_server, theirs);
        check_whole(&rows);
        let last = rows.iter().rfind(whole).unwrap();
        let said_s = rows.iter().filter(whole).count() as f64 * 0.02;
        let behind = 5.0 + seconds - said_s;
        println!("outage {seconds} s, {delay_s} s away: {behind:.2} s behind 2 s later");
        assert!(
            behind < 0.1 + delay_s,
            "{seconds} s: {behind} s behind, last {last:?}"
        );
        // While there was nothing to hand up, time was kept, by nothing that looks like silence.
        let began = rows[0].0 + 1.0;
        let silent = |r: &&Row| is(r, Mark::Missing) || is(r, Mark::Concealed);
        assert_eq!(rows.iter().filter(silent).find(|r| r.0 > began), None);
        let kept: Vec<f64> = rows.iter().map(|r| r.0).collect();
        assert!(kept.windows(2).all(|w| w[1] - w[0] < 0.15));
        let caught_up = rows.iter().rfind(|r| is(r, Mark::Awaited)).unwrap().0;
        println!("… last waited for {:.2} s after it", caught_up - back);
    }
}

#[test]
fn resent_speech_does_not_flood_the_link() {
    let (mut pipe, _, theirs) = speaking(Config::default(), 30.0);
    pipe.run(2.0);
    outage(&mut pipe, 8.0);
    pipe.forget();
    pipe.run(4.0);
    let most = pipe
        .server_told(theirs)
        .iter()
        .map(|what| match what {
            Happening::Report(report) => report.bitrate_up,
            _ => 0.0,
        })
        .fold(0.0, f64::max);
    println!("at most {:.0} kb/s with headers", most / 1e3);
    assert!(most < 600e3);
}

#[test]
fn a_bad_link_after_the_outage_loses_no_more_of_what_was_said_in_it() {
    let (mut pipe, _, theirs) = speaking(Config::default(), 30.0);
    pipe.run(2.0);
    outage(&mut pipe, 3.0);
    let began = rows(&pipe.at_server, theirs).iter().rfind(whole).unwrap().2;
    pipe.loss = 0.1;
    pipe.run(6.0);
    let rows = rows(&pipe.at_server, theirs);
    let of_outage = rows
        .iter()
        .filter(|r| whole(r) && (1..=140 * 960).contains(&(r.2 - began)));
    assert!(of_outage.count() >= 138);
}

#[test]
fn one_outage_after_the_other() {
    let (mut pipe, _, theirs) = speaking(Config::default(), 40.0);
    pipe.run(2.0);
    for seconds in [2.0, 0.5, 1.0, 4.0] {
        outage(&mut pipe, seconds);
        pipe.run(0.3);
    }
    pipe.run(3.0);
    let rows = rows(&pipe.at_server, theirs);
    check_whole(&rows);
    assert!(rows.iter().filter(whole).count() > 13 * 50);
}

#[test]
fn a_far_end_that_keeps_nothing_is_as_it_was() {
    let config = Config {
        keep_sent: false,
        ..Config::default()
    };
    let (mut pipe, _, theirs) = speaking(config, 30.0);
    pipe.run(2.0);
    outage(&mut pipe, 3.0);
    pipe.run(2.0);
    let rows = rows(&pipe.at_server, theirs);
    assert!(!rows.iter().any(|r| is(r, Mark::Awaited)));
    let heard = rows.iter().filter(whole).count();
    assert!((3 * 50 + 40..4 * 50 + 10).contains(&heard), "{heard}");
    assert!(rows.iter().filter(|r| is(r, Mark::Missing)).count() > 120);
}

#[test]
fn texts_that_wait_hold_up_no_speech_and_all_arrive() {
    let (mut pipe, ours, theirs) = speaking(Config::default(), 30.0);
    pipe.run(2.0);
    pipe.loss = 1.0;
    for i in 0..40 {
        let now = pipe.now();
        pipe.server
            .calls
            .send(now, theirs, format!("{i} {}", "x".repeat(300)));
        pipe.client
            .calls
            .send(now, ours, format!("{i} {}", "x".repeat(70)));
        pipe.run(0.1);
    }
    pipe.loss = 0.0;
    pipe.run(2.0);
    let rows = rows(&pipe.at_server, theirs);
    check_whole(&rows);
    assert!(rows.iter().filter(whole).count() > 7 * 50 + 40);
    pipe.run(3.0);
    assert_eq!(texts(&pipe.client_told(ours)).len(), 40);
    assert_eq!(texts(&pipe.server_told(theirs)).len(), 40);
}

#[test]
fn silence_is_no_outage_and_an_outage_in_silence_loses_no_first_word() {
    let (mut pipe, ours, theirs) = speaking(Config::default(), 1.0);
    pipe.run(5.0);
    let quiet = rows(&pipe.at_server, theirs);
    assert!(!quiet.iter().any(|r| is(r, Mark::Awaited)));
    pipe.forget();
    pipe.loss = 1.0;
    pipe.run(1.0);
    let speech = tone(24_000, 5.0, 440.0);
    let now = pipe.now();
    pipe.client.calls.play(now, ours, 2, &speech).unwrap();
    pipe.run(2.0);
    pipe.loss = 0.0;
    pipe.run(5.0);
    let rows = rows(&pipe.at_server, theirs);
    let loud = rows.iter().filter(whole).count();
    assert!(loud >= 248, "{loud}");
    assert_eq!(closed(&pipe.server_told(theirs)), None);
}
