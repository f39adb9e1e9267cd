//! Which call hears what: the voice activity of each row of a batch.

use std::collections::HashMap;

use crate::opus::Mark;
use crate::seam::batch::Batch;
use crate::voice::{Listener, Voice};

/// Frames of 16 ms that end in one row of 20 ms at most.
pub const VOICES: usize = 2;

/// The detector and the past of every call.
pub struct Voices {
    voice: Voice,
    listeners: HashMap<i64, Listener>,
    /// Reused from tick to tick.
    found: Vec<f32>,
}

impl Voices {
    pub fn new(voice: Voice) -> Self {
        Voices {
            voice,
            listeners: HashMap::new(),
            found: Vec::new(),
        }
    }

    /// Fills the batch's voices: [`VOICES`] probabilities a row, NaN where no frame ended in it.
    /// Rows that were guessed or missing are not listened to. `frame`: samples of a row, 16 kHz.
    pub fn hear(&mut self, batch: &mut Batch, frame: usize) {
        batch.voices.clear();
        batch.voices.resize(batch.calls.len() * VOICES, f32::NAN);
        // A call that catches up has several rows, one after another: a round takes one of each.
        let mut round: Vec<usize> = Vec::with_capacity(batch.calls.len());
        for nth in 0.. {
            round.clear();
            let rows = 0..batch.calls.len();
            round.extend(rows.filter(|row| nth_row(&batch.calls, *row) == nth));
            if round.is_empty() {
                return;
            }
            for row in &round {
                if trusted(batch.marks[*row]) {
                    let listener = self.listeners.entry(batch.calls[*row]).or_default();
                    listener.push(&batch.pcm[row * frame..(row + 1) * frame]);
                }
            }
            for place in 0..VOICES {
                self.frame(&round, batch, place);
            }
        }
    }

    /// One frame of every call of the round that has a whole one.
    fn frame(&mut self, round: &[usize], batch: &mut Batch, place: usize) {
        let wanted: HashMap<i64, usize> =
            round.iter().map(|row| (batch.calls[*row], *row)).collect();
        let (rows, mut ready): (Vec<usize>, Vec<&mut Listener>) = self
            .listeners
            .iter_mut()
            .filter(|(_, listener)| listener.ready())
            .filter_map(|(call, listener)| Some((*wanted.get(call)?, listener)))
            .unzip();
        if rows.is_empty() {
            return;
        }
        self.found.clear();
        self.voice.hear(&mut ready, &mut self.found);
        for (row, probability) in rows.into_iter().zip(&self.found) {
            batch.voices[row * VOICES + place] = *probability;
        }
    }

    pub fn forget(&mut self, call: i64) {
        self.listeners.remove(&call);
    }
}

/// How many rows of the same call come right before this one.
fn nth_row(calls: &[i64], row: usize) -> usize {
    let before = calls[..row].iter().rev();
    before.take_while(|call| **call == calls[row]).count()
}

fn trusted(mark: u8) -> bool {
    mark == Mark::Received as u8 || mark == Mark::Recovered as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::WEIGHTS;

    const FRAME: usize = 320;

    fn voices() -> Voices {
        let numbers: Vec<f32> = (0..WEIGHTS)
            .map(|i| ((i * 7919) % 101) as f32 / 500.0 - 0.1)
            .collect();
        Voices::new(Voice::new(&numbers).unwrap())
    }

    fn batch(rows: &[(i64, Mark)]) -> Batch {
        let pcm = (0..rows.len() * FRAME).map(|i| ((i * 37) % 5000) as i16);
        Batch {
            calls: rows.iter().map(|(call, _)| *call).collect(),
            marks: rows.iter().map(|(_, mark)| *mark as u8).collect(),
            pcm: pcm.collect(),
            ..Batch::default()
        }
    }

    fn told(batch: &Batch) -> Vec<usize> {
        let rows = batch.voices.chunks(VOICES);
        rows.map(|row| row.iter().filter(|p| !p.is_nan()).count())
            .collect()
    }

    #[test]
    fn five_rows_hold_six_whole_frames_less_what_is_left_over() {
        let mut voices = voices();
        let mut counts = Vec::new();
        for _ in 0..8 {
            let mut batch = batch(&[(1, Mark::Received), (2, Mark::Received)]);
            voices.hear(&mut batch, FRAME);
            assert_eq!(told(&batch)[0], told(&batch)[1]);
            counts.push(told(&batch)[0]);
        }
        assert_eq!(counts, [1, 1, 1, 2, 1, 1, 1, 2]);
    }

    #[test]
    fn rows_of_a_call_that_catches_up_are_heard_in_order() {
        let (mut at_once, mut apart) = (voices(), voices());
        let mut all = batch(&[(1, Mark::Received); 4]);
        at_once.hear(&mut all, FRAME);
        let mut one_by_one = Vec::new();
        for row in 0..4 {
            let mut part = batch(&[(1, Mark::Received)]);
            part.pcm = all.pcm[row * FRAME..(row + 1) * FRAME].to_vec();
            apart.hear(&mut part, FRAME);
            one_by_one.extend(part.voices);
        }
        let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&all.voices), bits(&one_by_one));
        assert_eq!(told(&all), [1, 1, 1, 2]);
    }

    #[test]
    fn what_is_guessed_is_not_listened_to() {
        let mut voices = voices();
        for mark in [Mark::Concealed, Mark::Missing] {
            let mut batch = batch(&[(1, mark), (2, Mark::Recovered)]);
            voices.hear(&mut batch, FRAME);
            assert_eq!(told(&batch), [0, 1]);
        }
        voices.forget(2);
        let mut batch = batch(&[(2, Mark::Received); 3]);
        voices.hear(&mut batch, FRAME);
        assert_eq!(told(&batch), [1, 1, 1]);
    }
}
