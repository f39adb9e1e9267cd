//! The exception of this module.

use pyo3::prelude::*;

use crate::seam::error::LineError;

pub mod exception {
    pyo3::create_exception!(
        visavis_line,
        LineError,
        pyo3::exceptions::PyException,
        "Base of this module's errors. args = (code, message)."
    );
}

pub fn raise(error: LineError) -> PyErr {
    exception::LineError::new_err((error.code, error.message))
}
