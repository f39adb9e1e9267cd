//! Listening through the playout buffer over given arrivals, in virtual time, with figures.

use super::network::{sent_at, Arrival};
use visavis_line::opus::{Frame, Mark};
use visavis_line::playout::{Playout, PlayoutOptions};

pub const RATE: u32 = 24_000;
pub const FRAME: usize = 480;
/// RTP time of packet 0.
pub const BASE: u64 = 5_000_000;

/// One 20 ms frame as it was played.
#[derive(Clone, Copy, Debug)]
pub struct Pulled {
    pub at: f64,
    pub frame: Frame,
    /// What the buffer believes, seconds.
    pub delay: f64,
    pub target: f64,
}

pub struct Heard {
    pub playout: Playout,
    pub pulled: Vec<Pulled>,
    pub pcm: Vec<i16>,
}

/// Figures of one run; times in seconds.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Share of frames guessed, and of frames with nothing at all, while packets were sent.
    pub concealed: f64,
    pub missing: f64,
    pub recovered: f64,
    /// From the sending of a sample on a network at its best to its playing.
    pub mean_delay: f64,
    pub p95_delay: f64,
    pub mean_target: f64,
    /// Longest time that the delay was more than 20 ms above its target.
    pub longest_excess: f64,
    /// Longest run of guessed or missing frames.
    pub longest_freeze: f64,
    /// Frames that were shortened or lengthened.
    pub stretched: usize,
}

/// Play `sent` (round and round), with RED copies at the given distances, until 1 s after the
/// last arrival. `phase`: when the first pull is, of a tick's 20 ms.
pub fn listen(
    sent: &[Vec<u8>],
    arrivals: &[Arrival],
    copies: &[usize],
    phase: f64,
    options: PlayoutOptions,
) -> Heard {
    let mut playout = Playout::new(RATE, options).unwrap();
    let (mut pulled, mut pcm, mut next) = (Vec::new(), Vec::new(), 0);
    let mut out = [0; FRAME];
    let end = arrivals.last().map_or(0.0, |a| a.at) + 1.0;
    let rtp = |i: usize| BASE + i as u64 * 960;
    for tick in 0..(end / 0.02) as usize {
        let now = phase + tick as f64 * 0.02;
        while next < arrivals.len() && arrivals[next].at <= now {
            let Arrival { at, index } = arrivals[next];
            for copy in copies.iter().filter_map(|d| index.checked_sub(*d)) {
                let payload = &sent[copy % sent.len()];
                playout.push_redundant(at, copy as u64, rtp(copy), payload);
            }
            playout.push(at, index as u64, rtp(index), &sent[index % sent.len()]);
            next += 1;
        }
        let frame = playout.pull(now, &mut out);
        pcm.extend_from_slice(&out);
        pulled.push(Pulled {
            at: now,
            frame,
            delay: playout.delay(),
            target: playout.target(),
        });
    }
    Heard {
        playout,
        pulled,
        pcm,
    }
}

/// Was it played as it was sent?
pub fn whole(p: &Pulled) -> bool {
    matches!(p.frame.mark, Mark::Received | Mark::Recovered)
}

impl Heard {
    /// Delay of a frame against a network that takes no time at all.
    pub fn true_delay(p: &Pulled) -> f64 {
        p.at - (p.frame.rtp.saturating_sub(BASE)) as f64 / 48_000.0
    }

    pub fn figures(&self, arrivals: &[Arrival]) -> Figures {
        let best = arrivals
            .iter()
            .map(|a| a.at - sent_at(a.index))
            .fold(f64::INFINITY, f64::min);
        let last = arrivals.last().map_or(0.0, |a| a.at);
        let started = |p: &&Pulled| p.frame.rtp >= BASE && p.at <= last;
        let talk: Vec<&Pulled> = self.pulled.iter().filter(started).collect();
        let share = |mark: Mark| {
            talk.iter().filter(|p| p.frame.mark == mark).count() as f64 / talk.len().max(1) as f64
        };
        let real = |p: &&&Pulled| whole(p);
        let mut delays: Vec<f64> = talk
            .iter()
            .filter(real)
            .map(|p| Self::true_delay(p) - best)
            .collect();
        delays.sort_by(f64::total_cmp);
        let mean = |x: &mut dyn Iterator<Item = f64>, n: usize| x.sum::<f64>() / n.max(1) as f64;
        let stretched = talk.windows(2).filter(|w| {
            let step = w[1].frame.rtp.abs_diff(w[0].frame.rtp);
            w.iter().all(|p| real(&p)) && step.abs_diff(960) > 2
        });
        Figures {
            concealed: share(Mark::Concealed),
            missing: share(Mark::Missing),
            recovered: share(Mark::Recovered),
            mean_delay: mean(&mut delays.iter().copied(), delays.len()),
            p95_delay: delays.get(delays.len() * 95 / 100).copied().unwrap_or(0.0),
            mean_target: mean(&mut talk.iter().map(|p| p.target), talk.len()),
            longest_excess: self.longest_excess(),
            longest_freeze: longest(talk.iter(), |p| !whole(p)),
            stretched: stretched.count(),
        }
    }

    /// Longest time of talk for which the delay was more than 20 ms above its target.
    pub fn longest_excess(&self) -> f64 {
        longest(self.pulled.iter().filter(|p| whole(p)), |p| {
            p.delay > p.target + 0.02
        })
    }

    /// How long after `burst` (seconds) the delay was last more than 25 ms above what it was in
    /// the second before `stall`; infinite if it is so at the end.
    pub fn back_after(&self, stall: f64, burst: f64) -> f64 {
        let before: Vec<f64> = self
            .pulled
            .iter()
            .filter(|p| (stall - 1.0..stall).contains(&p.at))
            .map(Self::true_delay)
            .collect();
        let usual = before.iter().sum::<f64>() / before.len().max(1) as f64;
        let heard = || self.pulled.iter().filter(|p| whole(p) && p.at > burst);
        let high = |p: &&Pulled| Self::true_delay(p) > usual + 0.025;
        let until = heard().filter(high).map(|p| p.at).fold(burst, f64::max);
        match heard().next_back() {
            Some(last) if last.at > until => until - burst,
            _ => f64::INFINITY,
        }
    }
}

fn longest<'a, T: 'a>(items: impl Iterator<Item = &'a T>, holds: impl Fn(&'a T) -> bool) -> f64 {
    let (mut most, mut run) = (0u32, 0);
    for item in items {
        run = if holds(item) { run + 1 } else { 0 };
        most = most.max(run);
    }
    f64::from(most) * 0.02
}
