//! Play faster or slower by one pitch period at a time, without changing the pitch (WSOLA).

/// Longest and shortest period removed or inserted, seconds (80 … 400 Hz).
pub const MAX_LAG_S: f64 = 0.0125;
pub const MIN_LAG_S: f64 = 0.0025;

/// The lag of `min ..= max` samples at which `x` repeats itself best, and its normalised
/// correlation (-1 … 1; silence counts as 1). None if `x` is shorter than 2 × `max`, or no lag.
pub fn best_lag(x: &[i16], min: usize, max: usize) -> Option<(usize, f32)> {
    if min == 0 || min > max || x.len() < 2 * max {
        return None;
    }
    let head = &x[..max];
    let energy = |s: &[i16]| -> f32 { s.iter().map(|v| f32::from(*v) * f32::from(*v)).sum() };
    let head_energy = energy(head);
    let mut tail_energy = energy(&x[min..min + max]);
    let mut best = (max, f32::MIN);
    for lag in min..=max {
        let tail = &x[lag..lag + max];
        let dot: f32 = head
            .iter()
            .zip(tail)
            .map(|(a, b)| f32::from(*a) * f32::from(*b))
            .sum();
        let scale = (head_energy * tail_energy).sqrt();
        let score = if scale > 1.0 { dot / scale } else { 1.0 };
        // Ties (silence) go to the longest: it brings us further.
        if score >= best.1 {
            best = (lag, score);
        }
        if lag < max {
            let (out, new) = (f32::from(x[lag]), f32::from(x[lag + max]));
            tail_energy = (tail_energy - out * out + new * new).max(0.0);
        }
    }
    Some(best)
}

/// Root mean square.
pub fn rms(x: &[i16]) -> f32 {
    let sum: f32 = x.iter().map(|v| f32::from(*v) * f32::from(*v)).sum();
    (sum / x.len().max(1) as f32).sqrt()
}

/// Weights of a cross-fade at sample `i` of `n`, such that two signals of this correlation (0 … 1)
/// keep their power in the middle of it.
fn weights(i: usize, n: usize, alike: f32) -> (f32, f32) {
    let to = (i + 1) as f32 / (n + 1) as f32;
    let from = 1.0 - to;
    let r = alike.clamp(0.0, 1.0);
    let power = from * from + to * to + 2.0 * r * from * to;
    let gain = power.sqrt().recip();
    (from * gain, to * gain)
}

fn mix(from: i16, to: i16, (a, b): (f32, f32)) -> i16 {
    (f32::from(from) * a + f32::from(to) * b).round() as i16
}

/// Remove `lag` samples: the first two periods of `lag`, so much `alike`, become one.
pub fn shorten(x: &mut Vec<i16>, lag: usize, alike: f32) {
    debug_assert!(x.len() >= 2 * lag);
    for i in 0..lag {
        x[i] = mix(x[i], x[i + lag], weights(i, lag, alike));
    }
    x.drain(lag..2 * lag);
}

/// Insert `lag` samples after the first `lag`: two periods, so much `alike`, become three.
pub fn lengthen(x: &mut Vec<i16>, lag: usize, alike: f32) {
    debug_assert!(x.len() >= 2 * lag);
    let len = x.len();
    x.resize(len + lag, 0);
    x.copy_within(lag..len, 2 * lag);
    // x[2 lag ..] is what followed the first period; lead from it back into the first period.
    for i in 0..lag {
        x[lag + i] = mix(x[2 * lag + i], x[i], weights(i, lag, alike));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(n: usize, period: f64) -> Vec<i16> {
        (0..n)
            .map(|i| ((i as f64 / period * std::f64::consts::TAU).sin() * 8000.0) as i16)
            .collect()
    }

    #[test]
    fn finds_the_period() {
        let (lag, score) = best_lag(&tone(1200, 200.0), 60, 300).unwrap();
        assert!((198..=202).contains(&lag) && score > 0.99, "{lag} {score}");
        assert_eq!(best_lag(&[0; 600], 60, 300), Some((300, 1.0)));
        assert_eq!(best_lag(&[0; 599], 60, 300), None);
    }

    #[test]
    fn a_tone_goes_on_smoothly() {
        let steepest = |x: &[i16]| {
            x.windows(2)
                .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs())
                .max()
        };
        let x = tone(1200, 200.0);
        let (mut short, mut long) = (x.clone(), x.clone());
        shorten(&mut short, 200, 1.0);
        lengthen(&mut long, 200, 1.0);
        assert_eq!((short.len(), long.len()), (1000, 1400));
        for y in [&short, &long] {
            assert!(
                steepest(y) <= steepest(&x).map(|s| s + 5),
                "{:?}",
                steepest(y)
            );
            assert!((rms(y) - rms(&x)).abs() < 100.0);
        }
        assert_eq!(short.last(), x.last());
        assert_eq!(long.last(), x.last());
    }
}
