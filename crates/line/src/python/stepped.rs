//! The same calls in a simulation.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::batch::BatchPy;
use super::convert::{self, ip, samples, voice};
use super::error::raise;
use super::keywords::{config, plan, Keywords};
use crate::drivers::stepped::Stepped;

#[pyclass(frozen, name = "Stepped", module = "visavis_line")]
pub struct SteppedPy {
    core: Mutex<Core>,
}

struct Core {
    stepped: Stepped,
    ticks: u64,
}

impl SteppedPy {
    fn lock(&self) -> MutexGuard<'_, Core> {
        // Each call's own faults are caught below; the core is whole after any other.
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T: Send>(&self, py: Python<'_>, act: impl FnOnce(&mut Core) -> T + Send) -> T {
        py.detach(|| act(&mut self.lock()))
    }
}

#[pymethods]
impl SteppedPy {
    #[new]
    #[pyo3(signature = (*, seed, address="10.0.0.1:5000", start=0.0, **config))]
    fn new(
        seed: i64,
        address: &str,
        start: f64,
        config: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let config = self::config(Keywords::of("Stepped", config))?;
        let address = convert::address(address)?;
        let stepped = Stepped::new(config, seed as u64, address, start).map_err(raise)?;
        Ok(SteppedPy {
            core: Mutex::new(Core { stepped, ticks: 0 }),
        })
    }

    fn receive(&self, py: Python<'_>, now: f64, source: &str, packet: &[u8]) -> PyResult<()> {
        let source = convert::address(source)?;
        self.with(py, |core| core.stepped.receive(now, source, packet));
        Ok(())
    }

    fn step(&self, py: Python<'_>, now: f64) -> PyResult<BatchPy> {
        let batch = self.with(py, |core| {
            core.ticks += 1;
            core.stepped.step(now)
        });
        BatchPy::new(py, &batch.map_err(raise)?)
    }

    fn timeout(&self, py: Python<'_>, now: f64) {
        self.with(py, |core| core.stepped.timeout(now));
    }

    fn packets<'py>(&self, py: Python<'py>) -> Vec<(String, Bound<'py, PyBytes>)> {
        let packets = self.with(py, |core| core.stepped.packets());
        packets
            .into_iter()
            .map(|(to, contents)| (to.to_string(), PyBytes::new(py, &contents)))
            .collect()
    }

    #[pyo3(signature = (offer, *, max_call_s=3600.0))]
    fn accept(&self, py: Python<'_>, offer: &str, max_call_s: f64) -> PyResult<(i64, String)> {
        self.with(py, |core| core.stepped.accept(offer, max_call_s))
            .map_err(raise)
    }

    #[pyo3(signature = (*, max_call_s=3600.0))]
    fn offer(&self, py: Python<'_>, max_call_s: f64) -> PyResult<(i64, String)> {
        self.with(py, |core| core.stepped.offer(max_call_s))
            .map_err(raise)
    }

    fn answer(&self, py: Python<'_>, call: i64, answer: &str) -> PyResult<()> {
        self.with(py, |core| {
            let now = core.stepped.now();
            core.stepped.calls.answer(now, call, answer)
        })
        .map_err(raise)
    }

    fn restart(&self, py: Python<'_>, call: i64, offer: &str) -> PyResult<String> {
        self.with(py, |core| core.stepped.restart(call, offer))
            .map_err(raise)
    }

    fn move_to(&self, py: Python<'_>, address: &str) -> PyResult<()> {
        let address = convert::address(address)?;
        self.with(py, |core| core.stepped.move_to(address));
        Ok(())
    }

    #[pyo3(signature = (call, *, host=None))]
    fn restart_offer(&self, py: Python<'_>, call: i64, host: Option<&str>) -> PyResult<String> {
        // A simulation moves by `move_to`; here the address is only checked.
        host.map(|text| ip(text, "host")).transpose()?;
        self.with(py, |core| core.stepped.restart_offer(call))
            .map_err(raise)
    }

    fn play(&self, py: Python<'_>, call: i64, reply: i64, pcm: &[u8]) -> PyResult<()> {
        let pcm = samples(pcm)?;
        self.with(py, |core| {
            let now = core.stepped.now();
            core.stepped.calls.play(now, call, reply, &pcm)
        })
        .map_err(raise)
    }

    fn finish(&self, py: Python<'_>, call: i64, reply: i64) {
        self.with(py, |core| {
            let now = core.stepped.now();
            core.stepped.calls.finish(now, call, reply);
        });
    }

    fn duck(&self, py: Python<'_>, call: i64, gain: f64, ramp_s: f64) {
        self.with(py, |core| {
            let now = core.stepped.now();
            core.stepped.calls.duck(now, call, gain, ramp_s);
        });
    }

    fn flush(&self, py: Python<'_>, call: i64, fade_s: f64) {
        self.with(py, |core| {
            let now = core.stepped.now();
            core.stepped.calls.flush(now, call, fade_s);
        });
    }

    fn heard(&self, py: Python<'_>, call: i64, rtp: u32) {
        self.with(py, |core| {
            let now = core.stepped.now();
            core.stepped.calls.heard(now, call, rtp);
        });
    }

    fn send(&self, py: Python<'_>, call: i64, text: String) {
        self.with(py, |core| {
            let now = core.stepped.now();
            core.stepped.calls.send(now, call, text);
        });
    }

    #[pyo3(signature = (call, **figures))]
    fn set_plan(
        &self,
        py: Python<'_>,
        call: i64,
        figures: Option<Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let plan = plan(Keywords::of("set_plan", figures))?;
        self.with(py, |core| {
            let now = core.stepped.now();
            core.stepped.calls.set_plan(now, call, &plan);
        });
        Ok(())
    }

    fn close(&self, py: Python<'_>, call: i64) {
        self.with(py, |core| {
            let now = core.stepped.now();
            core.stepped.calls.close(now, call, "local");
        });
    }

    fn listen(&self, py: Python<'_>, weights: &[u8]) -> PyResult<()> {
        let voice = voice(weights)?;
        self.with(py, |core| core.stepped.calls.listen(voice));
        Ok(())
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (calls, ticks, totals) = self.with(py, |core| {
            let calls = &core.stepped.calls;
            (calls.len(), core.ticks, calls.totals())
        });
        let dict = PyDict::new(py);
        dict.set_item("calls", calls as f64)?;
        dict.set_item("ticks", ticks as f64)?;
        for name in ["tick_late_p50_ms", "tick_late_p99_ms", "tick_late_max_ms"] {
            dict.set_item(name, 0.0)?;
        }
        dict.set_item("packets_in", totals.packets_in as f64)?;
        dict.set_item("packets_out", totals.packets_out as f64)?;
        dict.set_item("packets_dropped", totals.packets_dropped as f64)?;
        dict.set_item("encodes", totals.encodes as f64)?;
        dict.set_item("red_in", totals.red_in as f64)?;
        dict.set_item("red_out", totals.red_out as f64)?;
        dict.set_item("repairs_in", totals.repairs_in as f64)?;
        dict.set_item("repairs_out", totals.repairs_out as f64)?;
        dict.set_item("repaired", totals.repaired as f64)?;
        dict.set_item("batches_dropped", 0.0)?;
        dict.set_item("core_share", 0.0)?;
        Ok(dict)
    }
}
