//! The Python module. The GIL is given up around everything that may take time.

mod batch;
mod convert;
mod engine;
mod error;
mod keywords;
mod range;
mod stepped;
mod voice;

use pyo3::prelude::*;

/// The version of the Opus library inside.
#[pyfunction]
fn opus_version() -> String {
    crate::opus::version()
}

#[pymodule]
fn visavis_line(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add(
        "LineError",
        module.py().get_type::<error::exception::LineError>(),
    )?;
    module.add_class::<batch::BatchPy>()?;
    module.add_class::<engine::EnginePy>()?;
    module.add_class::<stepped::SteppedPy>()?;
    module.add_class::<range::RangePy>()?;
    module.add("RANGE_REASONS", range::reasons())?;
    module.add_class::<voice::VoicePy>()?;
    module.add_function(wrap_pyfunction!(opus_version, module)?)?;
    Ok(())
}
