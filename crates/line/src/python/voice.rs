//! The voice activity detector by itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;

use super::convert::{samples, voice};
use crate::voice::{Listener, Voice};

#[pyclass(frozen, name = "Voice", module = "visavis_line")]
pub struct VoicePy {
    room: Mutex<(Voice, HashMap<i64, Listener>)>,
}

#[pymethods]
impl VoicePy {
    #[new]
    fn new(weights: &[u8]) -> PyResult<Self> {
        let room = Mutex::new((voice(weights)?, HashMap::new()));
        Ok(VoicePy { room })
    }

    fn push(&self, py: Python<'_>, heard: Vec<(i64, Vec<u8>)>) -> PyResult<Vec<(i64, f32)>> {
        let heard: PyResult<Vec<_>> = heard
            .into_iter()
            .map(|(stream, pcm)| Ok((stream, samples(&pcm)?)))
            .collect();
        let heard = heard?;
        Ok(py.detach(|| {
            let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
            let (voice, listeners) = &mut *room;
            for (stream, pcm) in heard {
                listeners.entry(stream).or_default().push(&pcm);
            }
            let (mut all, mut found) = (Vec::new(), Vec::new());
            loop {
                let ready = listeners.iter_mut().filter(|(_, l)| l.ready());
                let (streams, mut ready): (Vec<i64>, Vec<&mut Listener>) = ready.unzip();
                if streams.is_empty() {
                    return all;
                }
                found.clear();
                voice.hear(&mut ready, &mut found);
                all.extend(streams.into_iter().zip(found.iter().copied()));
            }
        }))
    }

    fn forget(&self, stream: i64) {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        room.1.remove(&stream);
    }
}
