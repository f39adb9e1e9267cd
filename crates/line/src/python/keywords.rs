//! Keyword arguments: those of the constructors that make a `Config`, and those of `set_plan`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::error::raise;
use crate::seam::config::Config;
use crate::seam::error::LineError;
use crate::seam::plan::SendPlan;

/// What a function was given by name; each argument is taken out once.
pub struct Keywords<'py> {
    function: &'static str,
    given: Option<Bound<'py, PyDict>>,
}

impl<'py> Keywords<'py> {
    /// `given` is the function's own, as `**` makes it.
    pub fn of(function: &'static str, given: Option<Bound<'py, PyDict>>) -> Self {
        Keywords { function, given }
    }

    /// An argument that may be left out.
    fn optional<T: FromPyObjectOwned<'py>>(&self, name: &str) -> PyResult<Option<T>> {
        let Some(given) = &self.given else {
            return Ok(None);
        };
        let Some(value) = given.get_item(name)? else {
            return Ok(None);
        };
        given.del_item(name)?;
        let extracted: PyResult<T> = value.extract().map_err(Into::into);
        extracted.map(Some).map_err(|error| {
            let py = value.py();
            let message = format!("argument '{name}': {}", error.value(py));
            PyErr::from_type(error.get_type(py), message)
        })
    }

    /// An argument that has to be there; a TypeError if it is not.
    fn take<T: FromPyObjectOwned<'py>>(&self, name: &str) -> PyResult<T> {
        self.optional(name)?.ok_or_else(|| {
            PyTypeError::new_err(format!(
                "{}() missing required keyword-only argument: '{name}'",
                self.function
            ))
        })
    }

    /// A TypeError if anything was given that nobody took.
    fn finish(self) -> PyResult<()> {
        let Some(name) = self.given.and_then(|given| given.keys().iter().next()) else {
            return Ok(());
        };
        Err(PyTypeError::new_err(format!(
            "{}() got an unexpected keyword argument '{name}'",
            self.function
        )))
    }
}

/// The plan that `set_plan` is given. LineError("invalid_plan") if a figure is out of range.
pub fn plan(given: Keywords<'_>) -> PyResult<SendPlan> {
    let red: Vec<i64> = given.take("red")?;
    let red: PyResult<_> = red.into_iter().map(|d| figure("red", d)).collect();
    let plan = SendPlan {
        bitrate: figure("bitrate", given.take("bitrate")?)?,
        complexity: figure("complexity", given.take("complexity")?)?,
        fec: given.take("fec")?,
        expected_loss: given.take::<f64>("expected_loss")? as f32,
        dred_ms: figure("dred_ms", given.take("dred_ms")?)?,
        red: red?,
        repair_every: figure("repair_every", given.take("repair_every")?)?,
        repair_window: figure("repair_window", given.take("repair_window")?)?,
        frame_ms: figure("frame_ms", given.take("frame_ms")?)?,
        ahead_ms: figure("ahead_ms", given.take("ahead_ms")?)?,
        pace: given.take::<f64>("pace")? as f32,
        dtx: given.take("dtx")?,
    };
    given.finish()?;
    plan.validated().map_err(invalid)
}

fn figure<T: TryFrom<i64>>(name: &str, value: i64) -> PyResult<T> {
    T::try_from(value).map_err(|_| invalid(format!("{name} is {value}; it is out of range")))
}

fn invalid(message: String) -> PyErr {
    raise(LineError::new("invalid_plan", message))
}

/// What both constructors are given. ValueError if it makes no sense.
pub fn config(given: Keywords<'_>) -> PyResult<Config> {
    let mut config = Config::default();
    macro_rules! set {
        ($($name:ident),*) => {
            $(if let Some(value) = given.optional(stringify!($name))? {
                config.$name = value;
            })*
        };
    }
    set!(receive_rate, play_rate, playout, max_calls);
    set!(max_message_bytes, silence_timeout_s, max_queue_s);
    given.finish()?;
    checked(config)
}

fn checked(config: Config) -> PyResult<Config> {
    for (name, rate) in [
        ("receive_rate", config.receive_rate),
        ("play_rate", config.play_rate),
    ] {
        if ![8_000, 12_000, 16_000, 24_000, 48_000].contains(&rate) {
            return Err(PyValueError::new_err(format!(
                "{name} is {rate}; Opus speaks 8000, 12000, 16000, 24000 and 48000"
            )));
        }
    }
    if config.max_message_bytes == 0 || config.max_message_bytes > 64 * 1024 * 1024 {
        return Err(PyValueError::new_err(format!(
            "max_message_bytes is {}; it must be 1 to 67108864",
            config.max_message_bytes
        )));
    }
    Ok(config)
}
