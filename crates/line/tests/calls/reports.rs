//! Ten times a second each end tells what the network did.

use crate::pipe::{tone, Pipe};
use visavis_line::batch::{Happening, LinkReport};

fn reports(told: Vec<Happening>) -> Vec<LinkReport> {
    let report = |what| match what {
        Happening::Report(report) => Some(report),
        _ => None,
    };
    told.into_iter().filter_map(report).collect()
}

fn talking(seconds: f64) -> (Pipe, i64, i64) {
    let (mut pipe, ours, theirs) = Pipe::connected();
    let now = pipe.now();
    let speech = tone(24_000, seconds + 4.0, 440.0);
    pipe.client.calls.play(now, ours, 1, &speech).unwrap();
    pipe.server.calls.play(now, theirs, 1, &speech).unwrap();
    pipe.run(2.0);
    pipe.forget();
    (pipe, ours, theirs)
}

#[test]
fn a_clean_line_is_reported_clean_ten_times_a_second() {
    let (mut pipe, ours, theirs) = talking(5.0);
    pipe.run(5.0);
    let up = reports(pipe.server_told(theirs));
    assert_eq!(up.len(), 50);
    assert_eq!(up.iter().map(|r| r.received).sum::<u64>(), 250);
    for report in &up {
        assert!((report.window_ms - 100.0).abs() < 1.0, "{report:?}");
        assert_eq!((report.lost, report.late, report.reordered), (0, 0, 0));
        assert!(
            report.queue_ms < 3.0 && report.jitter_ms < 3.0,
            "{report:?}"
        );
        assert!(report.gradient.unwrap().abs() < 5.0, "{report:?}");
        assert!(
            report.quiet_ms < 21.0 && report.bitrate_up > 10_000.0,
            "{report:?}"
        );
        assert!((35.0..60.0).contains(&report.rtt_ms.unwrap()), "{report:?}");
    }
    // Both directions are estimated by who sends.
    for end in [up, reports(pipe.client_told(ours))] {
        let last = end.last().unwrap();
        assert!(last.estimate_down.unwrap() > 50_000.0, "{last:?}");
        assert_eq!(end.iter().rev().find_map(|r| r.loss_down), Some(0.0));
    }
}

#[test]
fn losses_are_told_by_both_ends() {
    let (mut pipe, ours, theirs) = talking(10.0);
    pipe.loss = 0.2;
    pipe.run(10.0);
    let up = reports(pipe.server_told(theirs));
    let lost: u64 = up.iter().map(|r| r.lost).sum();
    assert!((60..150).contains(&lost), "{lost} of 500");
    let runs: u64 = up.iter().flat_map(|r| r.loss_runs).sum();
    assert!(runs * 2 > lost && runs <= lost, "{runs} runs of {lost}");
    assert!(up.iter().any(|r| r.longest_loss > 1));
    let told: Vec<f64> = reports(pipe.client_told(ours))
        .iter()
        .filter_map(|r| r.loss_down)
        .collect();
    let mean = told.iter().sum::<f64>() / told.len() as f64;
    assert!((0.05..0.3).contains(&mean), "{told:?}");
}

#[test]
fn a_growing_queue_is_told_within_a_third_of_a_second() {
    let (mut pipe, _, theirs) = talking(10.0);
    for _ in 0..50 {
        pipe.delay_s += 0.002; // 100 ms of delay in every second
        pipe.tick();
    }
    let up = reports(pipe.server_told(theirs));
    let alarm = up.iter().position(|r| r.gradient.is_some_and(|g| g > 40.0));
    assert!(alarm.is_some_and(|at| at <= 4), "{alarm:?}");
    let last = up.last().unwrap();
    assert!((60.0..120.0).contains(&last.queue_ms), "{last:?}");
}

#[test]
fn silence_of_the_link_is_told_and_silence_of_the_person_is_not() {
    let (mut pipe, ours, _) = Pipe::connected();
    pipe.run(3.0);
    let quiet = |pipe: &Pipe| reports(pipe.client_told(ours)).last().unwrap().quiet_ms;
    assert!(quiet(&pipe) < 600.0);
    pipe.loss = 1.0;
    pipe.run(3.0);
    assert!(quiet(&pipe) > 2_500.0);
}

/// A look at what the accounts cost; the figure is printed (`--nocapture`).
#[test]
fn the_accounts_are_cheap() {
    let mut stats = visavis_line::report::LinkStats::default();
    let packets = 1_000_000u64;
    let started = std::time::Instant::now();
    let mut lost = 0;
    for i in 0..packets {
        let now = i as f64 * 0.02;
        if i % 10 != 3 {
            stats.on_received(&[128; 80]);
            stats.on_speech(now, 0.0, i, i * 960);
        }
        if i % 5 == 4 {
            lost += stats.take(now, Default::default(), now).lost;
        }
    }
    let each = started.elapsed().as_nanos() as f64 / packets as f64;
    println!("{each:.0} ns a packet, a report every five packets included");
    assert!((lost as i64 - packets as i64 / 10).abs() < 10, "{lost}");
    assert!(each < 5_000.0, "{each} ns a packet");
}
