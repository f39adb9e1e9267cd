//! Voice activity of all calls at once: akiki's network (a spectrum, four convolutions, a GRU)
//! over `[calls, samples]`.
//!
//! One call alone would wait for the memory: the weights, 1.1 MB, are read for every 16 ms frame.
//! Here they are read once a tick for sixteen calls. The figures are those of the model run by
//! onnxruntime, within rounding.

mod matrix;
pub mod voices;

use matrix::{Matrix, Panels, LANES};

/// Samples of one frame, at 16 kHz, and of what lies before it.
pub const HOP: usize = 256;
const CONTEXT: usize = 320;
const WINDOW: usize = CONTEXT + HOP;
/// Samples reflected at the end, for the last spectrum.
const REFLECTED: usize = 64;
const PADDED: usize = WINDOW + REFLECTED;
/// Samples of a spectrum, from one to the next, how many a frame, and bins of one.
const SPECTRUM: usize = 256;
const STRIDE: usize = 128;
const SPECTRA: usize = 4;
const BINS: usize = 129;
const HIDDEN: usize = 128;
/// Inputs and outputs of the convolutions (three taps each), and from how many positions to how
/// many they lead.
const LAYERS: [(usize, usize, usize, usize); 4] = [
    (BINS, 128, SPECTRA, 4),
    (128, 64, 4, 2),
    (64, 64, 2, 1),
    (64, 128, 1, 1),
];
const TAPS: usize = 3;

/// One call's past.
pub struct Listener {
    /// The context and what fills no frame yet.
    audio: Vec<f32>,
    hidden: [f32; HIDDEN],
}

impl Default for Listener {
    fn default() -> Self {
        let mut audio = Vec::with_capacity(4 * WINDOW);
        audio.resize(CONTEXT, 0.0);
        Listener {
            audio,
            hidden: [0.0; HIDDEN],
        }
    }
}

impl Listener {
    /// Takes 16 kHz samples.
    pub fn push(&mut self, pcm: &[i16]) {
        let samples = pcm.iter().map(|s| f32::from(*s) / 32768.0);
        self.audio.extend(samples);
    }

    /// Is there a whole frame?
    pub fn ready(&self) -> bool {
        self.audio.len() >= WINDOW
    }
}

/// The network and room to work in.
pub struct Voice {
    basis: Matrix,
    layers: Vec<Matrix>,
    input: Matrix,
    state: Matrix,
    head: Vec<f32>,
    head_bias: f32,
    from: Panels,
    to: Panels,
    gates: Panels,
}

/// Numbers of a model, in the order in which [`Voice::new`] takes them: the spectrum's basis;
/// weights and biases of the four convolutions; of the GRU's input and of its state; of the head.
pub const WEIGHTS: usize = {
    let (mut sum, mut i) = (2 * BINS * SPECTRUM, 0);
    while i < LAYERS.len() {
        sum += LAYERS[i].0 * LAYERS[i].1 * TAPS + LAYERS[i].1;
        i += 1;
    }
    sum + 2 * (3 * HIDDEN * HIDDEN + 3 * HIDDEN) + HIDDEN + 1
};

impl Voice {
    /// The model with these numbers; `None` unless there are exactly [`WEIGHTS`].
    pub fn new(numbers: &[f32]) -> Option<Voice> {
        if numbers.len() != WEIGHTS {
            return None;
        }
        let mut rest = numbers;
        let mut take = |n: usize| {
            let (taken, left) = rest.split_at(n);
            rest = left;
            taken.to_vec()
        };
        let basis = Matrix {
            weights: take(2 * BINS * SPECTRUM),
            width: SPECTRUM,
            bias: vec![0.0; 2 * BINS],
        };
        let mut matrix = |rows: usize, width: usize| Matrix {
            weights: take(rows * width),
            width,
            bias: take(rows),
        };
        let layers = LAYERS.map(|(inputs, outputs, _, _)| matrix(outputs, inputs * TAPS));
        let (input, state) = (matrix(3 * HIDDEN, HIDDEN), matrix(3 * HIDDEN, HIDDEN));
        let head = matrix(1, HIDDEN);
        Some(Voice {
            basis,
            layers: layers.into(),
            input,
            state,
            head: head.weights,
            head_bias: head.bias[0],
            from: Panels::default(),
            to: Panels::default(),
            gates: Panels::default(),
        })
    }

    /// How probably the next frame of each listener is voice, 0 … 1. All must be ready.
    pub fn hear(&mut self, listeners: &mut [&mut Listener], found: &mut Vec<f32>) {
        let n = listeners.len();
        self.spectra(listeners);
        for (layer, (inputs, _, before, after)) in self.layers.iter().zip(LAYERS) {
            std::mem::swap(&mut self.from, &mut self.to);
            unfold(&self.from, &mut self.gates, n, inputs, before, after);
            layer.multiply(&self.gates, n * after, &mut self.to);
            for value in self.to.lanes.as_flattened_mut() {
                *value = value.max(0.0);
            }
        }
        std::mem::swap(&mut self.from, &mut self.to);
        self.input.multiply(&self.from, n, &mut self.gates);
        self.from.shape(HIDDEN, n);
        for (i, listener) in listeners.iter().enumerate() {
            for (row, value) in listener.hidden.iter().enumerate() {
                self.from.set(row, i, *value);
            }
        }
        self.state.multiply(&self.from, n, &mut self.to);
        for (i, listener) in listeners.iter_mut().enumerate() {
            found.push(self.recur(i, listener));
            listener.audio.drain(..HOP);
        }
    }

    /// Magnitudes of the spectra of each listener's window, into `to`: a row a bin.
    fn spectra(&mut self, listeners: &[&mut Listener]) {
        let columns = listeners.len() * SPECTRA;
        self.from.shape(SPECTRUM, columns);
        let mut padded = [0.0; PADDED];
        for (i, listener) in listeners.iter().enumerate() {
            let window = &listener.audio[..WINDOW];
            padded[..WINDOW].copy_from_slice(window);
            for (to, from) in padded[WINDOW..].iter_mut().zip(window.iter().rev().skip(1)) {
                *to = *from;
            }
            for spectrum in 0..SPECTRA {
                let samples = &padded[spectrum * STRIDE..][..SPECTRUM];
                for (row, sample) in samples.iter().enumerate() {
                    self.from.set(row, i * SPECTRA + spectrum, *sample);
                }
            }
        }
        self.basis.multiply(&self.from, columns, &mut self.gates);
        self.to.shape(BINS, columns);
        let panels = self.gates.lanes.chunks_exact(2 * BINS);
        for (parts, bins) in panels.zip(self.to.lanes.chunks_exact_mut(BINS)) {
            let (real, imaginary) = parts.split_at(BINS);
            for ((bin, re), im) in bins.iter_mut().zip(real).zip(imaginary) {
                for lane in 0..LANES {
                    bin[lane] = (re[lane] * re[lane] + im[lane] * im[lane]).sqrt();
                }
            }
        }
    }

    /// One step of the GRU for the listener in column `i`; the probability.
    fn recur(&self, i: usize, listener: &mut Listener) -> f32 {
        let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
        let mut voice = self.head_bias;
        for (row, hidden) in listener.hidden.iter_mut().enumerate() {
            let of = |gate: usize| {
                let row = gate * HIDDEN + row;
                (self.gates.get(row, i), self.to.get(row, i))
            };
            let ((a, b), (c, d), (e, f)) = (of(0), of(1), of(2));
            let (reset, update) = (sigmoid(a + b), sigmoid(c + d));
            let fresh = (e + reset * f).tanh();
            *hidden = fresh + update * (*hidden - fresh);
            voice += self.head[row] * hidden.max(0.0);
        }
        sigmoid(voice)
    }
}

/// The windows of three taps that a convolution sees: `after` of them a listener, zeros outside.
fn unfold(
    from: &Panels,
    to: &mut Panels,
    listeners: usize,
    inputs: usize,
    before: usize,
    after: usize,
) {
    let stride = before.div_ceil(after);
    to.shape(inputs * TAPS, listeners * after);
    for column in 0..listeners * after {
        let (listener, position) = (column / after, column % after);
        for tap in 0..TAPS {
            let Some(at) = (position * stride + tap).checked_sub(1) else {
                continue;
            };
            if at >= before {
                continue;
            }
            for row in 0..inputs {
                let value = from.get(row, listener * before + at);
                to.set(row * TAPS + tap, column, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some model: what it says means nothing, but it says it of everything the network does.
    fn some_model() -> Voice {
        let mut seed = 1u32;
        let mut random = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        let numbers: Vec<f32> = (0..WEIGHTS).map(|_| 0.2 * random()).collect();
        Voice::new(&numbers).unwrap()
    }

    fn sound(of: usize) -> Vec<i16> {
        let step = 0.02 + 0.01 * of as f64;
        (0..5000)
            .map(|i| (9000.0 * (f64::from(i) * step).sin()) as i16)
            .collect()
    }

    fn alone(voice: &mut Voice, pcm: &[i16]) -> Vec<f32> {
        let (mut listener, mut found) = (Listener::default(), Vec::new());
        listener.push(pcm);
        while listener.ready() {
            voice.hear(&mut [&mut listener], &mut found);
        }
        found
    }

    #[test]
    fn each_call_of_many_is_heard_as_if_alone() {
        let mut voice = some_model();
        let mut listeners: Vec<Listener> = (0..21).map(|_| Listener::default()).collect();
        let mut found = vec![Vec::new(); listeners.len()];
        for (i, listener) in listeners.iter_mut().enumerate() {
            listener.push(&sound(i)[i * 100..]);
        }
        while listeners.iter().any(Listener::ready) {
            let ready = |(_, l): &(usize, &mut Listener)| l.ready();
            let (of, mut heard): (Vec<usize>, Vec<_>) =
                listeners.iter_mut().enumerate().filter(ready).unzip();
            let mut round = Vec::new();
            voice.hear(&mut heard, &mut round);
            for (i, probability) in of.into_iter().zip(round) {
                found[i].push(probability);
            }
        }
        for (i, found) in found.iter().enumerate() {
            let want = alone(&mut voice, &sound(i)[i * 100..]);
            assert_eq!(found.len(), (5000 - i * 100) / HOP);
            for (got, want) in found.iter().zip(want) {
                assert!((got - want).abs() < 1e-6, "call {i}: {got} for {want}");
            }
        }
    }

    #[test]
    fn a_model_of_another_size_is_none() {
        assert!(Voice::new(&[0.0; 7]).is_none());
        assert!(Voice::new(&vec![0.0; WEIGHTS + 1]).is_none());
    }
}
