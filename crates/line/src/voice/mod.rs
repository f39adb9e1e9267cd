//! Voice activity of all calls at once: akiki's network (a spectrum, four convolutions, a GRU)
//! over `[calls, samples]`.
//!
//! One call alone would wait for the memory: the weights, 1.1 MB, are read for every 16 ms frame.
//! Here they are read once a tick for all of them. The figures are those of the model run by
//! onnxruntime, within rounding.

mod matrix;
mod recur;
pub mod voices;

use matrix::Matrix;
use recur::{recur, sigmoid, HIDDEN};

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
    /// The third spectrum of the frame before is the first of the next.
    spectrum: [f32; BINS],
    hidden: [f32; HIDDEN],
}

impl Default for Listener {
    fn default() -> Self {
        let mut audio = Vec::with_capacity(4 * WINDOW);
        audio.resize(CONTEXT, 0.0);
        Listener {
            audio,
            spectrum: [0.0; BINS],
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
    from: Vec<f32>,
    to: Vec<f32>,
    gates: Vec<f32>,
    /// Where columns begin, and where what comes of them does.
    columns: Vec<usize>,
    places: Vec<usize>,
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
            taken
        };
        let basis = Matrix::new(take(2 * BINS * SPECTRUM), SPECTRUM, &[0.0; 2 * BINS]);
        let layers = LAYERS.map(|(inputs, outputs, _, _)| {
            let weights = take(inputs * TAPS * outputs);
            Matrix::new(&tap_by_tap(weights, inputs), inputs * TAPS, take(outputs))
        });
        let mut gates = || Matrix::new(take(3 * HIDDEN * HIDDEN), HIDDEN, take(3 * HIDDEN));
        let (input, state) = (gates(), gates());
        Some(Voice {
            basis,
            layers: layers.into(),
            input,
            state,
            head: take(HIDDEN).to_vec(),
            head_bias: take(1)[0],
            from: Vec::new(),
            to: Vec::new(),
            gates: Vec::new(),
            columns: Vec::new(),
            places: Vec::new(),
        })
    }

    /// How probably the next frame of each listener is voice, 0 … 1. All must be ready.
    pub fn hear(&mut self, listeners: &mut [&mut Listener], found: &mut Vec<f32>) {
        let n = listeners.len();
        self.spectra(listeners);
        for (layer, (inputs, outputs, before, after)) in self.layers.iter().zip(LAYERS) {
            std::mem::swap(&mut self.from, &mut self.to);
            // A position more at each end holds zeros, which the outer taps see.
            let (long, room) = ((before + 2) * inputs, (after + 2) * outputs);
            let stride = before.div_ceil(after) * inputs;
            self.columns.clear();
            self.places.clear();
            for i in 0..n {
                let positions = 0..after;
                self.columns
                    .extend(positions.clone().map(|p| i * long + p * stride));
                self.places
                    .extend(positions.map(|p| i * room + (p + 1) * outputs));
            }
            clear(&mut self.to, n * room);
            let to = (&mut self.to[..], &self.places[..]);
            layer.multiply((&self.from, &self.columns), 0.0, to);
        }
        self.columns.clear();
        self.columns.extend((0..n).map(|i| (3 * i + 1) * HIDDEN));
        self.places.clear();
        self.places.extend((0..n).map(|i| i * 3 * HIDDEN));
        clear(&mut self.gates, 2 * n * 3 * HIDDEN);
        let (inputs, states) = self.gates.split_at_mut(n * 3 * HIDDEN);
        let any = f32::NEG_INFINITY;
        (self.input).multiply((&self.to, &self.columns), any, (inputs, &self.places));
        self.from.clear();
        for listener in listeners.iter() {
            self.from.extend(listener.hidden);
        }
        self.columns.clear();
        self.columns.extend((0..n).map(|i| i * HIDDEN));
        (self.state).multiply((&self.from, &self.columns), any, (states, &self.places));
        let gates = inputs
            .chunks_exact(3 * HIDDEN)
            .zip(states.chunks_exact(3 * HIDDEN));
        for (listener, (input, state)) in listeners.iter_mut().zip(gates) {
            recur(input, state, &mut listener.hidden);
            let parts = listener.hidden.iter().zip(&self.head);
            let voice: f32 = parts.map(|(hidden, head)| hidden.max(0.0) * head).sum();
            found.push(sigmoid(self.head_bias + voice));
            listener.audio.drain(..HOP);
        }
    }

    /// Magnitudes of the spectra of each listener's window, into `to`: spectrum after spectrum,
    /// zeros before and after them.
    fn spectra(&mut self, listeners: &mut [&mut Listener]) {
        let n = listeners.len();
        let room = self.basis.rows();
        self.from.clear();
        self.columns.clear();
        for (i, listener) in listeners.iter().enumerate() {
            let window = &listener.audio[..WINDOW];
            self.from.extend(window);
            let reflected = window.iter().rev().skip(1).take(REFLECTED);
            self.from.extend(reflected);
            self.columns
                .extend((1..SPECTRA).map(|s| i * PADDED + s * STRIDE));
        }
        self.places.clear();
        self.places
            .extend((0..n * (SPECTRA - 1)).map(|column| column * room));
        clear(&mut self.gates, self.places.len() * room);
        let to = (&mut self.gates[..], &self.places[..]);
        (self.basis).multiply((&self.from, &self.columns), f32::NEG_INFINITY, to);
        clear(&mut self.to, n * (SPECTRA + 2) * BINS);
        let of_each = self.to.chunks_exact_mut((SPECTRA + 2) * BINS);
        let parts = self.gates.chunks_exact((SPECTRA - 1) * room);
        for ((listener, to), parts) in listeners.iter_mut().zip(of_each).zip(parts) {
            to[BINS..2 * BINS].copy_from_slice(&listener.spectrum);
            let fresh = to[2 * BINS..].chunks_exact_mut(BINS);
            for (bins, parts) in fresh.zip(parts.chunks_exact(room)) {
                let (real, imaginary) = parts.split_at(BINS);
                for ((bin, re), im) in bins.iter_mut().zip(real).zip(imaginary) {
                    *bin = (re * re + im * im).sqrt();
                }
            }
            listener.spectrum.copy_from_slice(&to[3 * BINS..4 * BINS]);
        }
    }
}

/// Weights whose rows hold three taps of each input, as rows that hold all inputs of each tap: a
/// window of three positions then is a column as it lies.
fn tap_by_tap(weights: &[f32], inputs: usize) -> Vec<f32> {
    let rows = weights.chunks_exact(inputs * TAPS);
    let by_tap = |row: &[f32]| -> Vec<f32> {
        let places = (0..TAPS).flat_map(|tap| (0..inputs).map(move |input| input * TAPS + tap));
        places.map(|at| row[at]).collect()
    };
    rows.flat_map(by_tap).collect()
}

/// So many zeros.
fn clear(values: &mut Vec<f32>, len: usize) {
    values.clear();
    values.resize(len, 0.0);
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
