//! Stretching is not heard: pitch, level and smoothness stay, on a voice and on speech.

use crate::common;
use crate::common::listen::{listen, whole, Heard, RATE};
use crate::common::network::{sent_at, stalled, take};
use crate::sent;
use visavis_line::plan::SendPlan;
use visavis_line::playout::PlayoutOptions;

const PITCH_HZ: f64 = 125.0;

/// A sung vowel: harmonics of one pitch under three resonances, a slow swell.
fn vowel(seconds: f64) -> Vec<i16> {
    let n = (seconds * f64::from(RATE)) as usize;
    let level = |hz: f64| {
        let formant = |f: f64, width: f64| (-((hz - f) / width).powi(2)).exp();
        formant(600.0, 300.0) + 0.5 * formant(1200.0, 300.0) + 0.25 * formant(2500.0, 400.0)
    };
    (0..n)
        .map(|i| {
            let t = i as f64 / f64::from(RATE);
            let harmonics = (1..24).map(|k| {
                let hz = PITCH_HZ * f64::from(k);
                level(hz) * (std::f64::consts::TAU * hz * t + f64::from(k * k)).sin()
            });
            let swell = 0.8 + 0.2 * (2.0 * t).sin();
            (harmonics.sum::<f64>() * 4000.0 * swell) as i16
        })
        .collect()
}

/// Period of `x` with the best correlation between 60 and 250 Hz, as a frequency.
fn pitch(x: &[i16]) -> f64 {
    let n = x.len() / 2;
    let score = |lag: usize| {
        let sum = |a: &[i16], b: &[i16]| -> f64 {
            a.iter()
                .zip(b)
                .map(|(a, b)| f64::from(*a) * f64::from(*b))
                .sum()
        };
        let (a, b) = (&x[..n], &x[lag..lag + n]);
        sum(a, b) / (sum(a, a) * sum(b, b)).sqrt().max(1.0)
    };
    let lags = RATE as usize / 250..RATE as usize / 60;
    // The shortest of those nearly as good as the best: not twice the period.
    let best = lags.clone().map(score).fold(f64::MIN, f64::max);
    let lag = lags.clone().find(|lag| score(*lag) > 0.98 * best).unwrap();
    f64::from(RATE) / lag as f64
}

fn steepest(x: &[i16]) -> i32 {
    let steps = x
        .windows(2)
        .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs());
    steps.max().unwrap_or(0)
}

fn level(x: &[i16]) -> f64 {
    let sum: f64 = x.iter().map(|s| f64::from(*s).powi(2)).sum();
    (sum / x.len() as f64).sqrt()
}

fn sung() -> Vec<Vec<u8>> {
    let plan = SendPlan {
        bitrate: 48_000,
        ..SendPlan::default()
    };
    common::packets(&vowel(12.0), RATE, &plan)
}

fn hear(sent: &[Vec<u8>], delay: impl Fn(usize) -> f64) -> Heard {
    let arrivals = take(1, 600, |i, _| Some(delay(i)));
    listen(sent, &arrivals, &[], 0.005, PlayoutOptions::default())
}

/// What was played between two times.
fn part(heard: &Heard, from: f64, to: f64) -> &[i16] {
    let at = |t: f64| ((t - 0.005) * f64::from(RATE)) as usize;
    &heard.pcm[at(from)..at(to)]
}

/// Where libopus goes on after a guess, one window of 40 ms may hold two phases of the voice.
fn same_voice(played: &[i16], clean: &[i16], guesses: usize) {
    let windows = played.chunks_exact(RATE as usize / 25);
    let off = windows
        .filter(|w| (pitch(w) / PITCH_HZ - 1.0).abs() > 0.03)
        .count();
    assert!(off <= guesses, "{off} windows off the pitch");
    assert!(
        steepest(played) <= steepest(clean) * 5 / 4,
        "{} {}",
        steepest(played),
        steepest(clean)
    );
    let (least, most) = clean
        .chunks_exact(RATE as usize / 50)
        .map(level)
        .fold((f64::MAX, 0.0f64), |(a, b), l| (a.min(l), b.max(l)));
    for w in played.chunks_exact(RATE as usize / 50) {
        assert!(
            (least * 0.8..most * 1.2).contains(&level(w)),
            "{} of {least} to {most}",
            level(w)
        );
    }
}

#[test]
fn a_backlog_is_sung_at_its_pitch() {
    let sent = sung();
    let clean = hear(&sent, |_| 0.0);
    let hurried = hear(&sent, |i| stalled(i, 4.0, 4.8));
    let media =
        |t: f64| hurried.pulled.iter().find(|p| p.at >= t).unwrap().frame.rtp as f64 / 48_000.0;
    let speed = |from: f64| (media(from + 0.2) - media(from)) / 0.2;
    let fastest = (0..20)
        .map(|k| speed(4.85 + 0.1 * f64::from(k)))
        .fold(0.0, f64::max);
    println!("fastest 200 ms: {fastest:.2} times");
    assert!((1.4..1.75).contains(&fastest));
    // From the second frame after the stall, while the delay shrinks.
    same_voice(part(&hurried, 4.85, 6.6), part(&clean, 3.0, 9.0), 0);
}

#[test]
fn a_higher_wait_is_reached_without_a_break() {
    let sent = sung();
    let clean = hear(&sent, |_| 0.0);
    // The way grows longer by 1 ms in 50 ms: each packet a little later than the one before.
    let slower = hear(&sent, |i| ((sent_at(i) - 4.0) * 0.02).clamp(0.0, 0.08));
    let guessed = slower
        .pulled
        .iter()
        .filter(|p| p.at < 12.0 && !whole(p))
        .count();
    // At worst one guess for each frame of growth.
    assert!(guessed <= 4, "{guessed}");
    same_voice(part(&slower, 4.0, 9.0), part(&clean, 3.0, 9.0), guessed);
}

#[test]
fn speech_played_faster_is_the_same_speech() {
    let clean = hear(sent(), |_| 0.0);
    let hurried = hear(sent(), |i| stalled(i, 4.0, 4.8));
    // Frame for frame by media time: what was played, beside the same time on a clean link.
    let (mut ours, mut truth) = (Vec::new(), Vec::new());
    for (i, p) in hurried
        .pulled
        .iter()
        .enumerate()
        .filter(|(_, p)| (4.9..6.5).contains(&p.at))
    {
        let first = clean
            .pulled
            .iter()
            .position(|c| c.frame.rtp + 960 > p.frame.rtp)
            .unwrap();
        let inside = (p.frame.rtp.saturating_sub(clean.pulled[first].frame.rtp) / 2) as usize;
        let start = first * 480 + inside;
        ours.extend_from_slice(&hurried.pcm[i * 480..(i + 1) * 480]);
        truth.extend_from_slice(&clean.pcm[start..start + 480]);
    }
    let shifted = common::spectral_distance(&truth[480..], &truth[..truth.len() - 480], RATE);
    let distance = common::spectral_distance(&truth, &ours, RATE);
    println!("speech 1.5 times as fast: {distance:.1} dB from itself; a frame away it is {shifted:.1} dB");
    assert!(distance < shifted);
    assert!(steepest(&ours) <= steepest(&clean.pcm) * 3 / 2);
}
