//! One step of a gated recurrent unit (Cho et al. 2014), all its cells at once.

/// Cells.
pub const HIDDEN: usize = 128;

/// What the input and the state contribute to the gates: reset, update and the new value of each
/// cell. `hidden` becomes the next state.
pub fn recur(input: &[f32], state: &[f32], hidden: &mut [f32; HIDDEN]) {
    #[cfg(target_arch = "x86_64")]
    if super::matrix::fast() {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { recur_avx2(input, state, hidden) };
    }
    recur_plain(input, state, hidden);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn recur_avx2(input: &[f32], state: &[f32], hidden: &mut [f32; HIDDEN]) {
    recur_plain(input, state, hidden);
}

#[inline(always)]
fn recur_plain(input: &[f32], state: &[f32], hidden: &mut [f32; HIDDEN]) {
    let gate = |of: &[f32], i: usize| -> [f32; HIDDEN] {
        let mut gate = [0.0; HIDDEN];
        gate.copy_from_slice(&of[i * HIDDEN..][..HIDDEN]);
        gate
    };
    let (a, b) = (gate(input, 0), gate(state, 0));
    let (c, d) = (gate(input, 1), gate(state, 1));
    let (e, f) = (gate(input, 2), gate(state, 2));
    for i in 0..HIDDEN {
        let reset = sigmoid(a[i] + b[i]);
        let update = sigmoid(c[i] + d[i]);
        let fresh = tanh(e[i] + reset * f[i]);
        hidden[i] = fresh + update * (hidden[i] - fresh);
    }
}

#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

/// Within two units of the last place, by arithmetic that a processor does on many numbers at
/// once: 2^n by its bits, times the Taylor series of what is left. Beyond ±87 it stays as there.
#[inline(always)]
fn exp(x: f32) -> f32 {
    /// Added to a number, it leaves the nearest integer in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2, as a number with few bits and the rest.
    const LN_2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
    let x = x.clamp(-87.0, 87.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = (x - n * LN_2.0) - n * LN_2.1;
    let series = [
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let mut sum = 0.0;
    for factor in series {
        sum = sum * r + factor;
    }
    let power = f32::from_bits((rounded.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
    sum * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_as_good_as_the_library() {
        for i in -86_000..86_000 {
            let x = i as f32 * 0.001;
            let want = f64::from(x).exp();
            let error = (f64::from(exp(x)) - want).abs() / want;
            assert!(error < 2.5e-7, "exp({x}) is wrong by {error}");
        }
    }

    #[test]
    fn gates_saturate_and_never_overflow() {
        for x in [-1e30, -200.0, 200.0, 1e30] {
            assert!((sigmoid(x) - f32::from(x > 0.0)).abs() < 1e-6);
            assert!((tanh(x) - x.signum()).abs() < 1e-6);
        }
        for i in -400..400 {
            let x = i as f32 * 0.02;
            assert!((tanh(x) - x.tanh()).abs() < 3e-7);
            assert!((sigmoid(x) - 1.0 / (1.0 + (-x).exp())).abs() < 3e-7);
        }
    }

    #[test]
    fn a_step_is_that_of_the_paper() {
        let number = |i: usize| ((i * 37 % 101) as f32 - 50.0) * 0.06;
        let input: Vec<f32> = (0..3 * HIDDEN).map(number).collect();
        let state: Vec<f32> = (0..3 * HIDDEN).map(|i| number(i + 7)).collect();
        let mut hidden: [f32; HIDDEN] = std::array::from_fn(|i| number(i + 3) * 0.3);
        let before = hidden;
        recur(&input, &state, &mut hidden);
        let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
        for i in 0..HIDDEN {
            let reset = sigmoid(input[i] + state[i]);
            let update = sigmoid(input[HIDDEN + i] + state[HIDDEN + i]);
            let fresh = (input[2 * HIDDEN + i] + reset * state[2 * HIDDEN + i]).tanh();
            let want = (1.0 - update) * fresh + update * before[i];
            assert!((hidden[i] - want).abs() < 1e-6);
        }
    }
}
