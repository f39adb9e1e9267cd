//! The weak-network range (crates/range), in this wheel so that there is only one to install.

use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFloat, PyString};
use visavis_range::{Direction, Fate, Range, Reason};

use super::error::raise;
use crate::seam::error::LineError;

#[pyclass(frozen, name = "Range", module = "visavis_line")]
pub struct RangePy {
    range: Mutex<Range>,
}

impl RangePy {
    fn with<T>(&self, act: impl FnOnce(&mut Range) -> T) -> T {
        act(&mut self.range.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl RangePy {
    #[new]
    fn new(scenario: &str, seed: u64) -> PyResult<Self> {
        let range = Range::new(scenario, seed)
            .map_err(|error| raise(LineError::new("invalid_scenario", error.to_string())))?;
        Ok(RangePy {
            range: Mutex::new(range),
        })
    }

    fn decide<'py>(
        &self,
        py: Python<'py>,
        up: bool,
        index: u64,
        now: f64,
        size: u32,
    ) -> Bound<'py, PyAny> {
        match self.with(|range| range.decide(direction(up), index, now, size)) {
            Fate::Deliver(at) => PyFloat::new(py, at).into_any(),
            Fate::Lost(reason) => PyString::intern(py, reason.name()).into_any(),
        }
    }

    fn decide_many<'py>(
        &self,
        py: Python<'py>,
        up: bool,
        first: u64,
        times: &[u8],
        sizes: &[u8],
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let (times, times_rest) = times.as_chunks::<8>();
        let (sizes, sizes_rest) = sizes.as_chunks::<4>();
        if times.len() != sizes.len() || !times_rest.is_empty() || !sizes_rest.is_empty() {
            return Err(PyValueError::new_err(
                "times must be float64 and sizes uint32, as many of one as of the other",
            ));
        }
        let (arrivals, reasons) = py.detach(|| {
            self.with(|range| {
                let mut arrivals = Vec::with_capacity(8 * times.len());
                let mut reasons = Vec::with_capacity(times.len());
                for (n, (time, size)) in times.iter().zip(sizes).enumerate() {
                    let (time, size) = (f64::from_ne_bytes(*time), u32::from_ne_bytes(*size));
                    let index = first.wrapping_add(n as u64);
                    let (at, reason) = match range.decide(direction(up), index, time, size) {
                        Fate::Deliver(at) => (at, 0),
                        Fate::Lost(reason) => (f64::NAN, code(reason)),
                    };
                    arrivals.extend_from_slice(&at.to_ne_bytes());
                    reasons.push(reason);
                }
                (arrivals, reasons)
            })
        });
        Ok((PyBytes::new(py, &arrivals), PyBytes::new(py, &reasons)))
    }
}

fn direction(up: bool) -> Direction {
    if up {
        Direction::Up
    } else {
        Direction::Down
    }
}

/// 1 for the first reason, and so on.
fn code(reason: Reason) -> u8 {
    let place = Reason::ALL.iter().position(|&other| other == reason);
    place.map_or(0, |place| place as u8 + 1)
}

pub fn reasons() -> Vec<&'static str> {
    Reason::ALL.iter().map(|reason| reason.name()).collect()
}
