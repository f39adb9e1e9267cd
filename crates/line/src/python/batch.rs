//! What a tick brought, as Python sees it.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use super::convert::bytes_of;
use crate::seam::batch::{Batch, Event, Happening, LinkReport};

#[pyclass(frozen, name = "Batch", module = "visavis_line")]
pub struct BatchPy {
    #[pyo3(get)]
    now: f64,
    #[pyo3(get)]
    late_ms: f64,
    #[pyo3(get)]
    calls: Py<PyBytes>,
    #[pyo3(get)]
    positions: Py<PyBytes>,
    #[pyo3(get)]
    rtp: Py<PyBytes>,
    #[pyo3(get)]
    captured: Py<PyBytes>,
    #[pyo3(get)]
    marks: Py<PyBytes>,
    #[pyo3(get)]
    pcm: Py<PyBytes>,
    #[pyo3(get)]
    voices: Py<PyBytes>,
    #[pyo3(get)]
    events: Py<PyList>,
}

impl BatchPy {
    pub fn new(py: Python<'_>, batch: &Batch) -> PyResult<BatchPy> {
        let events: PyResult<Vec<_>> = batch.events.iter().map(|e| tuple(py, e)).collect();
        Ok(BatchPy {
            now: batch.now,
            late_ms: batch.late_ms,
            calls: bytes_of(py, &batch.calls).unbind(),
            positions: bytes_of(py, &batch.positions).unbind(),
            rtp: bytes_of(py, &batch.rtp).unbind(),
            captured: bytes_of(py, &batch.captured).unbind(),
            marks: bytes_of(py, &batch.marks).unbind(),
            pcm: bytes_of(py, &batch.pcm).unbind(),
            voices: bytes_of(py, &batch.voices).unbind(),
            events: PyList::new(py, events?)?.unbind(),
        })
    }
}

fn tuple<'py>(py: Python<'py>, event: &Event) -> PyResult<Bound<'py, PyTuple>> {
    let call = event.call;
    match &event.what {
        Happening::Connected => (call, "connected").into_pyobject(py),
        Happening::Closed(reason) => (call, "closed", reason).into_pyobject(py),
        Happening::Text(text) => (call, "text", text).into_pyobject(py),
        Happening::Played {
            reply,
            samples,
            exact,
            done,
        } => (call, "played", *reply, *samples, *exact, *done).into_pyobject(py),
        Happening::Report(report) => (call, "report", report_dict(py, report)?).into_pyobject(py),
    }
}

fn report_dict<'py>(py: Python<'py>, report: &LinkReport) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    // Ten a second for every call: the names are made once.
    macro_rules! set {
        ($($name:ident),*) => {
            $(dict.set_item(intern!(py, stringify!($name)), report.$name)?;)*
        };
    }
    set!(
        window_ms,
        quiet_ms,
        rtt_ms,
        jitter_ms,
        received,
        lost,
        late,
        reordered,
        longest_loss
    );
    set!(
        queue_ms,
        gradient,
        recovered,
        concealed,
        buffer_ms,
        bitrate_up,
        bitrate_down
    );
    set!(loss_down, estimate_down);
    let [one, few, several, many] = report.loss_runs;
    dict.set_item(intern!(py, "loss_runs"), (one, few, several, many))?;
    Ok(dict)
}
