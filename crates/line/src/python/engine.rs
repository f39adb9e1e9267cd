//! Calls on real sockets.

use std::net::IpAddr;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::batch::BatchPy;
use super::convert::{ip, samples, voice};
use super::error::raise;
use super::keywords::{config, plan, Keywords};
use crate::drivers::engine::{Engine, Place};

#[pyclass(frozen, name = "Engine", module = "visavis_line")]
pub struct EnginePy {
    engine: Engine,
}

#[pymethods]
impl EnginePy {
    #[new]
    #[pyo3(signature = (*, host="127.0.0.1", udp_ports=(0, 0), public_ips=Vec::new(), **config))]
    fn new(
        py: Python<'_>,
        host: &str,
        udp_ports: (u16, u16),
        public_ips: Vec<String>,
        config: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let config = self::config(Keywords::of("Engine", config))?;
        let host = ip(host, "host")?;
        if host.is_ipv6() && host.is_unspecified() {
            return Err(PyValueError::new_err(
                "host is `::`; give 0.0.0.0 for all IPv4 addresses, or one IPv6 address",
            ));
        }
        let publics: PyResult<Vec<IpAddr>> = public_ips
            .iter()
            .map(|text| ip(text, "one of public_ips"))
            .collect();
        let place = Place {
            host,
            ports: udp_ports,
            publics: publics?,
        };
        let engine = py.detach(|| Engine::start(config, place))?;
        Ok(EnginePy { engine })
    }

    #[getter]
    fn fd(&self) -> i32 {
        self.engine.fd()
    }

    #[getter]
    fn addresses(&self) -> Vec<String> {
        self.engine.addresses().to_vec()
    }

    fn poll(&self, py: Python<'_>) -> PyResult<Vec<BatchPy>> {
        let batches = py.detach(|| self.engine.poll());
        batches.iter().map(|b| BatchPy::new(py, b)).collect()
    }

    fn shutdown(&self, py: Python<'_>) {
        py.detach(|| self.engine.shutdown());
    }

    #[pyo3(signature = (offer, *, max_call_s=3600.0))]
    fn accept(&self, py: Python<'_>, offer: String, max_call_s: f64) -> PyResult<(i64, String)> {
        py.detach(|| self.engine.accept(offer, max_call_s))
            .map_err(raise)
    }

    #[pyo3(signature = (*, max_call_s=3600.0))]
    fn offer(&self, py: Python<'_>, max_call_s: f64) -> PyResult<(i64, String)> {
        py.detach(|| self.engine.offer(max_call_s)).map_err(raise)
    }

    fn answer(&self, py: Python<'_>, call: i64, answer: String) -> PyResult<()> {
        py.detach(|| self.engine.answer(call, answer))
            .map_err(raise)
    }

    fn restart(&self, py: Python<'_>, call: i64, offer: String) -> PyResult<String> {
        py.detach(|| self.engine.restart(call, offer))
            .map_err(raise)
    }

    #[pyo3(signature = (call, *, host=None))]
    fn restart_offer(&self, py: Python<'_>, call: i64, host: Option<&str>) -> PyResult<String> {
        let host = host.map(|text| ip(text, "host")).transpose()?;
        py.detach(|| self.engine.restart_offer(call, host))
            .map_err(raise)
    }

    fn play(&self, py: Python<'_>, call: i64, reply: i64, pcm: &[u8]) -> PyResult<()> {
        let pcm = samples(pcm)?;
        py.detach(|| self.engine.play(call, reply, pcm))
            .map_err(raise)
    }

    fn finish(&self, py: Python<'_>, call: i64, reply: i64) {
        py.detach(|| self.engine.finish(call, reply));
    }

    fn duck(&self, py: Python<'_>, call: i64, gain: f64, ramp_s: f64) {
        py.detach(|| self.engine.duck(call, gain, ramp_s));
    }

    fn flush(&self, py: Python<'_>, call: i64, fade_s: f64) {
        py.detach(|| self.engine.flush(call, fade_s));
    }

    fn heard(&self, py: Python<'_>, call: i64, rtp: u32) {
        py.detach(|| self.engine.heard(call, rtp));
    }

    fn send(&self, py: Python<'_>, call: i64, text: String) {
        py.detach(|| self.engine.send(call, text));
    }

    #[pyo3(signature = (call, **figures))]
    fn set_plan(
        &self,
        py: Python<'_>,
        call: i64,
        figures: Option<Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        let plan = plan(Keywords::of("set_plan", figures))?;
        py.detach(|| self.engine.set_plan(call, plan));
        Ok(())
    }

    fn close(&self, py: Python<'_>, call: i64) {
        py.detach(|| self.engine.close(call));
    }

    fn listen(&self, py: Python<'_>, weights: &[u8]) -> PyResult<()> {
        let voice = voice(weights)?;
        py.detach(|| self.engine.listen(voice));
        Ok(())
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let figures = py.detach(|| self.engine.stats());
        let dict = PyDict::new(py);
        for (name, value) in figures {
            dict.set_item(name, value)?;
        }
        Ok(dict)
    }
}
