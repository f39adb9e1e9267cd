//! Values that cross between Python and the line.

use std::net::{IpAddr, SocketAddr};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::voice::{Voice, WEIGHTS};

/// Bytes of a slice of plain numbers, little-endian as every machine we build for.
pub fn bytes_of<'py, T: Copy>(py: Python<'py>, numbers: &[T]) -> Bound<'py, PyBytes> {
    // SAFETY: only used with plain numbers, which have no padding.
    let bytes = unsafe {
        std::slice::from_raw_parts(
            numbers.as_ptr().cast::<u8>(),
            std::mem::size_of_val(numbers),
        )
    };
    PyBytes::new(py, bytes)
}

pub fn samples(pcm: &[u8]) -> PyResult<Vec<i16>> {
    if !pcm.len().is_multiple_of(2) {
        return Err(PyValueError::new_err(format!(
            "pcm has {} bytes; int16 samples have an even number",
            pcm.len()
        )));
    }
    let pairs = pcm.chunks_exact(2);
    Ok(pairs.map(|b| i16::from_le_bytes([b[0], b[1]])).collect())
}

/// A detector from the bytes of its numbers.
pub fn voice(weights: &[u8]) -> PyResult<Voice> {
    let numbers: Vec<f32> = weights
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    Voice::new(&numbers).ok_or_else(|| {
        PyValueError::new_err(format!(
            "the weights have {} bytes; those of the voice activity model have {}",
            weights.len(),
            4 * WEIGHTS
        ))
    })
}

pub fn ip(text: &str, what: &str) -> PyResult<IpAddr> {
    text.parse().map_err(|_| {
        PyValueError::new_err(format!(
            "{what} is `{text}`; an IP address such as 0.0.0.0 is needed"
        ))
    })
}

pub fn address(text: &str) -> PyResult<SocketAddr> {
    text.parse().map_err(|_| {
        PyValueError::new_err(format!(
            "`{text}` is no address; `10.0.0.1:5000` would be one"
        ))
    })
}
