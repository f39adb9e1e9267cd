//! Speech-like sound, and a far end that sends it.
#![allow(dead_code)] // each test file uses its own part

pub mod listen;
pub mod network;

use visavis_line::ingest::{Ingest, IngestOptions};
use visavis_line::opus::{Encoder, MAX_PACKET};
use visavis_line::plan::SendPlan;

/// Pulses through three resonances, pitch and loudness moving, pauses between syllables.
pub fn speech(rate: u32, seconds: f64) -> Vec<i16> {
    let n = (seconds * f64::from(rate)) as usize;
    let r = f64::from(rate);
    let mut noise = 1u32;
    let mut phase = 0.0;
    let mut state = [[0.0f64; 2]; 3];
    (0..n)
        .map(|i| {
            let t = i as f64 / r;
            phase += (120.0 + 30.0 * (t * 1.7).sin()) / r;
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let breath = f64::from(noise >> 16) / 65536.0 - 0.5;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 } + 0.02 * breath;
            phase -= phase.floor();
            let mut out = 0.0;
            for (k, s) in state.iter_mut().enumerate() {
                let f = [500.0, 1500.0, 2500.0][k] * (1.0 + 0.25 * (t * (2.0 + k as f64)).sin());
                let a = 2.0 * 0.97 * (std::f64::consts::TAU * f / r).cos();
                let y = pulse + a * s[0] - 0.97 * 0.97 * s[1];
                (s[1], s[0]) = (s[0], y);
                out += y / (1.0 + k as f64);
            }
            let syllable = (t * 4.0 * std::f64::consts::PI).sin().max(0.0).sqrt();
            (out * 3000.0 * syllable).clamp(-30000.0, 30000.0) as i16
        })
        .collect()
}

/// Opus packets of 20 ms.
pub fn packets(pcm: &[i16], rate: u32, plan: &SendPlan) -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new(rate).unwrap();
    encoder.apply(plan).unwrap();
    let mut out = [0u8; MAX_PACKET];
    pcm.chunks_exact(rate as usize / 50)
        .map(|frame| {
            let n = encoder.encode(frame, &mut out).unwrap();
            out[..n].to_vec()
        })
        .collect()
}

/// A server's buffer, which waits so many seconds for a hole and for a stall.
pub fn ingest(rate: u32, patience: f64) -> Ingest {
    let options = IngestOptions {
        patience,
        stall_patience: patience,
    };
    Ingest::new(rate, options).unwrap()
}

/// Signal to noise, dB, at the best alignment within `max_lag` samples.
pub fn snr(clean: &[i16], got: &[i16], max_lag: usize) -> f64 {
    (0..=max_lag)
        .map(|lag| {
            let (mut s, mut e) = (1e-9, 1e-9);
            for (a, b) in clean.iter().zip(got.iter().skip(lag)) {
                let (a, b) = (f64::from(*a), f64::from(*b));
                s += a * a;
                e += (a - b) * (a - b);
            }
            10.0 * (s / e).log10()
        })
        .fold(f64::MIN, f64::max)
}

/// Log spectral distance in dB between two signals, over 20 ms frames and 24 bands.
pub fn spectral_distance(a: &[i16], b: &[i16], rate: u32) -> f64 {
    let n = rate as usize / 50;
    let bands: Vec<f64> = (1..=24).map(|k| 150.0 * f64::from(k)).collect();
    let level = |x: &[i16], f: f64| {
        let w = std::f64::consts::TAU * f / f64::from(rate);
        let (mut re, mut im) = (0.0, 0.0);
        for (i, v) in x.iter().enumerate() {
            let hann = 0.5 - 0.5 * (std::f64::consts::TAU * i as f64 / n as f64).cos();
            re += f64::from(*v) * hann * (w * i as f64).cos();
            im += f64::from(*v) * hann * (w * i as f64).sin();
        }
        10.0 * ((re * re + im * im) / (n * n) as f64 + 10.0).log10()
    };
    let frames: Vec<f64> = a
        .chunks_exact(n)
        .zip(b.chunks_exact(n))
        .map(|(x, y)| {
            let sum: f64 = bands
                .iter()
                .map(|f| (level(x, *f) - level(y, *f)).powi(2))
                .sum();
            (sum / bands.len() as f64).sqrt()
        })
        .collect();
    frames.iter().sum::<f64>() / frames.len().max(1) as f64
}

/// Small seeded generator for loss patterns.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// 0 … 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
