//! What a network does to a stream of 20 ms packets: when each arrives, if at all.

use super::Dice;

/// Arrival of packet `index`, seconds after packet 0 was sent; packets are sent every 20 ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    pub at: f64,
    pub index: usize,
}

/// When packet `index` is sent.
pub fn sent_at(index: usize) -> f64 {
    index as f64 * 0.02
}

/// Each packet takes `delay(index, dice)` seconds, or is lost (`None`). May reorder.
pub fn take(
    seed: u64,
    packets: usize,
    mut delay: impl FnMut(usize, &mut Dice) -> Option<f64>,
) -> Vec<Arrival> {
    let mut dice = Dice(seed);
    let mut arrivals: Vec<Arrival> = (0..packets)
        .filter_map(|index| {
            let at = sent_at(index) + delay(index, &mut dice)?;
            Some(Arrival { at, index })
        })
        .collect();
    arrivals.sort_by(|a, b| a.at.total_cmp(&b.at));
    arrivals
}

/// Normal deviate (Box and Muller).
pub fn normal(dice: &mut Dice) -> f64 {
    let (u, v) = (dice.unit().max(1e-12), dice.unit());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// Nothing gets through in [from, to): packets of that time arrive at `to`, together.
pub fn stalled(index: usize, from: f64, to: f64) -> f64 {
    let sent = sent_at(index);
    if (from..to).contains(&sent) {
        to - sent
    } else {
        0.0
    }
}

/// Two-state loss (Gilbert): mean loss `share`, mean burst `burst` packets.
pub struct Gilbert {
    leave: f64,
    enter: f64,
    bad: bool,
}

impl Gilbert {
    pub fn new(share: f64, burst: f64) -> Self {
        let leave = 1.0 / burst;
        Self {
            leave,
            enter: leave * share / (1.0 - share),
            bad: false,
        }
    }

    pub fn lost(&mut self, dice: &mut Dice) -> bool {
        let turn = if self.bad { self.leave } else { self.enter };
        self.bad ^= dice.unit() < turn;
        self.bad
    }
}

/// The networks of the bench and their names; `packets` of each.
pub fn named(packets: usize) -> Vec<(&'static str, Vec<Arrival>)> {
    let run =
        |seed, delay: &mut dyn FnMut(usize, &mut Dice) -> Option<f64>| take(seed, packets, delay);
    let mut burst2 = Gilbert::new(0.2, 2.0);
    let mut burst15 = Gilbert::new(0.3, 15.0);
    let seconds = packets as f64 * 0.02;
    vec![
        ("clean", run(1, &mut |_, d| Some(0.002 * d.unit()))),
        (
            "loss 10 %",
            run(2, &mut |_, d| (d.unit() >= 0.1).then_some(0.0)),
        ),
        (
            "loss 20 % in bursts of 2",
            run(3, &mut |_, d| (!burst2.lost(d)).then_some(0.0)),
        ),
        (
            "loss 30 % in bursts of 300 ms",
            run(4, &mut |_, d| (!burst15.lost(d)).then_some(0.0)),
        ),
        (
            "jitter 0 to 80 ms",
            run(5, &mut |_, d| Some(0.08 * d.unit())),
        ),
        (
            "jitter 40 ± 60 ms",
            run(6, &mut |_, d| Some((0.04 + 0.06 * normal(d)).max(0.0))),
        ),
        (
            "jitter exponential 20 ms",
            run(7, &mut |_, d| Some(-0.02 * d.unit().max(1e-9).ln())),
        ),
        (
            "stall of 200 ms every 5 s",
            run(8, &mut |i, d| {
                let k = (sent_at(i) / 5.0).floor() * 5.0 + 2.0;
                Some(0.003 * d.unit() + stalled(i, k, k + 0.2))
            }),
        ),
        (
            "one stall of 1 s",
            run(9, &mut |i, d| {
                Some(0.003 * d.unit() + stalled(i, 20.0, 21.0))
            }),
        ),
        (
            "one stall of 3 s",
            run(10, &mut |i, d| {
                Some(0.003 * d.unit() + stalled(i, 20.0, 23.0))
            }),
        ),
        (
            "queue of 300 ms for 20 s",
            run(11, &mut |i, d| {
                let t = sent_at(i);
                let queue = ((t - 20.0) * 0.3).clamp(0.0, 0.3) - ((t - 40.0) * 0.6).clamp(0.0, 0.3);
                Some(0.004 * d.unit() + queue)
            }),
        ),
        (
            "jitter 80 ms for 10 s",
            run(12, &mut |i, d| {
                let bad = (10.0..20.0).contains(&sent_at(i));
                Some(if bad {
                    0.08 * d.unit()
                } else {
                    0.002 * d.unit()
                })
            }),
        ),
        (
            "stalls at random, 5 % of time",
            run(13, &mut {
                let mut until = 0.0;
                move |i, d| {
                    let t = sent_at(i);
                    if t >= until && d.unit() < 0.004 {
                        until = t + 0.1 + 0.3 * d.unit();
                    }
                    Some((until - t).max(0.0) + 0.002 * d.unit())
                }
            }),
        ),
        (
            "clock + 200 ppm",
            run(14, &mut |i, d| {
                Some(sent_at(i).min(seconds) * 2e-4 + 0.002 * d.unit())
            }),
        ),
    ]
}

/// An rtpdump file (`#!rtpplay1.0`) of 20 ms packets: arrivals, and how many were sent.
pub fn rtpdump(bytes: &[u8]) -> Option<(Vec<Arrival>, usize)> {
    let head = bytes.iter().position(|b| *b == b'\n')? + 1 + 16;
    let (mut rest, mut first, mut arrivals) = (bytes.get(head..)?, None, Vec::new());
    while rest.len() >= 8 + 4 {
        let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
        let offset = u32::from_be_bytes([rest[4], rest[5], rest[6], rest[7]]);
        let seq = u16::from_be_bytes([rest[10], rest[11]]);
        let first = *first.get_or_insert(seq);
        arrivals.push(Arrival {
            at: f64::from(offset) / 1000.0,
            index: usize::from(seq.wrapping_sub(first)),
        });
        rest = rest.get(length.max(12)..)?;
    }
    let sent = arrivals.iter().map(|a| a.index).max()? + 1;
    Some((arrivals, sent))
}
