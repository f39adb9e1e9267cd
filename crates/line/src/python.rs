//! The Python module. The GIL is given up around everything that may take time.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};

use crate::batch::{Batch, Event, Happening, LinkReport};
use crate::config::Config;
use crate::engine::{Engine, Place};
use crate::error::LineError;
use crate::plan::SendPlan;
use crate::stepped::Stepped;
use crate::voice::{Listener, Voice, WEIGHTS};

mod exception {
    pyo3::create_exception!(
        visavis_line,
        LineError,
        pyo3::exceptions::PyException,
        "Base of this module's errors. args = (code, message)."
    );
}

fn raise(error: LineError) -> PyErr {
    exception::LineError::new_err((error.code, error.message))
}

/// Bytes of a slice of plain numbers, little-endian as every machine we build for.
fn bytes_of<'py, T: Copy>(py: Python<'py>, numbers: &[T]) -> Bound<'py, PyBytes> {
    // SAFETY: only used with plain numbers, which have no padding.
    let bytes = unsafe {
        std::slice::from_raw_parts(
            numbers.as_ptr().cast::<u8>(),
            std::mem::size_of_val(numbers),
        )
    };
    PyBytes::new(py, bytes)
}

fn samples(pcm: &[u8]) -> PyResult<Vec<i16>> {
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
fn voice(weights: &[u8]) -> PyResult<Voice> {
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

#[pyclass(frozen, name = "Batch", module = "visavis_line")]
struct BatchPy {
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
    fn new(py: Python<'_>, batch: &Batch) -> PyResult<BatchPy> {
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

/// The figures of `set_plan`, as Python gives them.
struct Figures {
    bitrate: i32,
    complexity: i32,
    fec: bool,
    expected_loss: f64,
    dred_ms: i64,
    red: Vec<i64>,
    frame_ms: i64,
    dtx: bool,
}

fn plan(figures: Figures) -> PyResult<SendPlan> {
    let invalid = |message: String| raise(LineError::new("invalid_plan", message));
    let count = |name: &str, value: i64| {
        u32::try_from(value).map_err(|_| invalid(format!("{name} is {value}; it is out of range")))
    };
    let red: PyResult<Vec<u32>> = figures.red.iter().map(|d| count("red", *d)).collect();
    let plan = SendPlan {
        bitrate: figures.bitrate,
        complexity: figures.complexity,
        fec: figures.fec,
        expected_loss: figures.expected_loss as f32,
        dred_ms: count("dred_ms", figures.dred_ms)?,
        red: red?,
        frame_ms: count("frame_ms", figures.frame_ms)?,
        dtx: figures.dtx,
    };
    plan.validated().map_err(invalid)
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

fn ip(text: &str, what: &str) -> PyResult<IpAddr> {
    text.parse().map_err(|_| {
        PyValueError::new_err(format!(
            "{what} is `{text}`; an IP address such as 0.0.0.0 is needed"
        ))
    })
}

#[pyclass(frozen, name = "Engine", module = "visavis_line")]
struct EnginePy {
    engine: Engine,
}

#[pymethods]
impl EnginePy {
    #[new]
    #[pyo3(signature = (
        *, host="127.0.0.1", udp_ports=(0, 0), public_ips=Vec::new(), receive_rate=16_000,
        play_rate=24_000, playout=false, max_calls=1000, max_message_bytes=262_144,
        silence_timeout_s=30.0, max_queue_s=60.0
    ))]
    #[allow(clippy::too_many_arguments)] // keyword arguments of the Python constructor
    fn new(
        py: Python<'_>,
        host: &str,
        udp_ports: (u16, u16),
        public_ips: Vec<String>,
        receive_rate: u32,
        play_rate: u32,
        playout: bool,
        max_calls: usize,
        max_message_bytes: usize,
        silence_timeout_s: f64,
        max_queue_s: f64,
    ) -> PyResult<Self> {
        let config = checked(Config {
            receive_rate,
            play_rate,
            playout,
            max_calls,
            max_message_bytes,
            silence_timeout_s,
            max_queue_s,
            ..Config::default()
        })?;
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

    #[pyo3(signature = (
        call, *, bitrate, complexity, fec, expected_loss, dred_ms, red, frame_ms, dtx
    ))]
    #[allow(clippy::too_many_arguments)] // keyword arguments of the Python method
    fn set_plan(
        &self,
        py: Python<'_>,
        call: i64,
        bitrate: i32,
        complexity: i32,
        fec: bool,
        expected_loss: f64,
        dred_ms: i64,
        red: Vec<i64>,
        frame_ms: i64,
        dtx: bool,
    ) -> PyResult<()> {
        let plan = plan(Figures {
            bitrate,
            complexity,
            fec,
            expected_loss,
            dred_ms,
            red,
            frame_ms,
            dtx,
        })?;
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

#[pyclass(frozen, name = "Stepped", module = "visavis_line")]
struct SteppedPy {
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

fn address(text: &str) -> PyResult<SocketAddr> {
    text.parse().map_err(|_| {
        PyValueError::new_err(format!(
            "`{text}` is no address; `10.0.0.1:5000` would be one"
        ))
    })
}

#[pymethods]
impl SteppedPy {
    #[new]
    #[pyo3(signature = (
        *, seed, address="10.0.0.1:5000", start=0.0, receive_rate=16_000, play_rate=24_000,
        playout=false, max_calls=1000, max_message_bytes=262_144, silence_timeout_s=30.0,
        max_queue_s=60.0
    ))]
    #[allow(clippy::too_many_arguments)] // keyword arguments of the Python constructor
    fn new(
        seed: i64,
        address: &str,
        start: f64,
        receive_rate: u32,
        play_rate: u32,
        playout: bool,
        max_calls: usize,
        max_message_bytes: usize,
        silence_timeout_s: f64,
        max_queue_s: f64,
    ) -> PyResult<Self> {
        let config = checked(Config {
            receive_rate,
            play_rate,
            playout,
            max_calls,
            max_message_bytes,
            silence_timeout_s,
            max_queue_s,
            ..Config::default()
        })?;
        let address = self::address(address)?;
        let stepped = Stepped::new(config, seed as u64, address, start).map_err(raise)?;
        Ok(SteppedPy {
            core: Mutex::new(Core { stepped, ticks: 0 }),
        })
    }

    fn receive(&self, py: Python<'_>, now: f64, source: &str, packet: &[u8]) -> PyResult<()> {
        let source = address(source)?;
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
        let address = self::address(address)?;
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

    #[pyo3(signature = (
        call, *, bitrate, complexity, fec, expected_loss, dred_ms, red, frame_ms, dtx
    ))]
    #[allow(clippy::too_many_arguments)] // keyword arguments of the Python method
    fn set_plan(
        &self,
        py: Python<'_>,
        call: i64,
        bitrate: i32,
        complexity: i32,
        fec: bool,
        expected_loss: f64,
        dred_ms: i64,
        red: Vec<i64>,
        frame_ms: i64,
        dtx: bool,
    ) -> PyResult<()> {
        let plan = plan(Figures {
            bitrate,
            complexity,
            fec,
            expected_loss,
            dred_ms,
            red,
            frame_ms,
            dtx,
        })?;
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
        dict.set_item("batches_dropped", 0.0)?;
        dict.set_item("core_share", 0.0)?;
        Ok(dict)
    }
}

#[pyclass(frozen, name = "Voice", module = "visavis_line")]
struct VoicePy {
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

/// The version of the Opus library inside.
#[pyfunction]
fn opus_version() -> String {
    crate::opus::version()
}

#[pymodule]
fn visavis_line(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("LineError", module.py().get_type::<exception::LineError>())?;
    module.add_class::<BatchPy>()?;
    module.add_class::<EnginePy>()?;
    module.add_class::<SteppedPy>()?;
    module.add_class::<VoicePy>()?;
    module.add_function(wrap_pyfunction!(opus_version, module)?)?;
    Ok(())
}
