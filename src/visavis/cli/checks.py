"""The checks of `visavis doctor`. Each looks at one thing and never raises for what it finds."""

from __future__ import annotations

import importlib
import shutil
import socket
import sys
from dataclasses import dataclass
from enum import StrEnum

from visavis.cli.serve import needed_sets
from visavis.errors import AudioError, SettingsError, VisavisError
from visavis.models.machine import disk_free, llm_to_use, look
from visavis.models.weights import WeightsStore
from visavis.settings import Settings

GB = 1e9
_LEAST_MEMORY = 2.0 * GB
_BROWSERS = ("chromium", "google-chrome", "firefox-esr", "firefox")


class State(StrEnum):
    GOOD = "good"
    LACKS = "lacks"
    """Calls work without it, with less."""
    BROKEN = "broken"
    """No call works until it is mended."""


@dataclass(slots=True, frozen=True)
class Check:
    name: str
    state: State
    found: str
    advice: str = ""


def software() -> list[Check]:
    """Python and the packages of the embedded models."""
    python = ".".join(map(str, sys.version_info[:3]))
    found = [Check("python", State.GOOD, python)]
    for module, package, purpose in (
        ("akiki", "akiki", "voice activity"),
        ("hibari", "hibari-tts", "the voice"),
        ("xllamacpp", "xllamacpp", "the language model"),
    ):
        found.append(_importable(module, package, purpose))
    return found


def _importable(module: str, package: str, purpose: str) -> Check:
    try:
        importlib.import_module(module)
    except ImportError as error:
        return Check(
            package,
            State.LACKS,
            f"{purpose} on this machine is not available ({error})",
            "pip install 'visavis[embedded]'",
        )
    return Check(package, State.GOOD, purpose)


def native_module() -> list[Check]:
    """WebRTC."""
    try:
        line = importlib.import_module("visavis_line")
    except ImportError as error:
        return [
            Check(
                "webrtc",
                State.LACKS,
                f"the native module is missing ({error}); calls go over WebSocket",
                "pip install 'visavis[webrtc]', or build it: scripts/build_line.sh",
            )
        ]
    return [Check("webrtc", State.GOOD, f"native module with {line.opus_version()}")]


def hardware() -> list[Check]:
    """Cores, processor features, memory."""
    machine = look()
    flags = [flag for flag in ("avx2", "avx512f", "neon", "asimd") if flag in machine.flags]
    cores = Check(
        "processor",
        State.GOOD if machine.cores >= 2 else State.LACKS,
        f"{machine.model_name}, {machine.cores} cores, {' '.join(flags) or 'no vector features'}",
        "" if machine.cores >= 2 else "replies will be slow on one core; a remote model helps",
    )
    enough = machine.memory_available >= _LEAST_MEMORY
    memory = Check(
        "memory",
        State.GOOD if enough else State.LACKS,
        f"{machine.memory_available / GB:.1f} of {machine.memory_total / GB:.1f} GB free",
        "" if enough else "the smaller language model is used; a remote one needs less memory",
    )
    return [cores, memory, Check("language model", State.GOOD, llm_to_use(WeightsStore()).reason)]


def weights(settings: Settings) -> list[Check]:
    """The embedded models' files, and the disk they need."""
    from visavis.models.weights import WeightsStore

    store = WeightsStore()
    needed = needed_sets(settings)
    found = []
    for status in store.status():
        if status.state == "broken":
            found.append(
                Check(
                    "weights",
                    State.BROKEN,
                    f"{status.path} has the wrong size",
                    f"delete it and run `visavis models pull {status.file.name}`",
                )
            )
    for name in needed:
        missing = store.missing_bytes([name])
        found.append(
            Check(
                f"weights {name}",
                State.LACKS if missing else State.GOOD,
                f"{missing / 1e6:,.0f} MB missing" if missing else f"in {store.cache}",
                f"visavis models pull {name}" if missing else "",
            )
        )
    missing, free = store.missing_bytes(needed), disk_free(store.cache)
    tight = free < missing * 2
    advice = f"free some space for {store.cache}, or set VISAVIS_CACHE" if tight else ""
    state = State.LACKS if tight else State.GOOD
    return [*found, Check("disk", state, f"{free / GB:.1f} GB free", advice)]


def ports(settings: Settings) -> list[Check]:
    """Whether the server could listen."""
    from visavis.server import listen

    try:
        listen(settings.http).close()
        free = f"{settings.http.host}:{settings.http.port} is free"
        http = Check("http port", State.GOOD, free)
    except SettingsError as error:
        http = Check("http port", State.LACKS, str(error))
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
        udp = Check("udp", State.GOOD, "sockets can be opened")
    except OSError as error:
        udp = Check("udp", State.LACKS, f"no UDP socket ({error}); calls go over WebSocket")
    found = [http, udp]
    if not settings.http.is_loopback and settings.http.tls_cert is None:
        found.append(
            Check(
                "tls",
                State.LACKS,
                "no certificate: other devices' browsers give no microphone",
                "set --tls-cert and --tls-key",
            )
        )
    return found


def sound_devices() -> list[Check]:
    """For `visavis talk` only."""
    from visavis.caller.duplex import load_sounddevice

    try:
        devices = load_sounddevice().query_devices()
    except AudioError as error:
        return [Check("sound", State.LACKS, str(error))]
    inputs = sum(device["max_input_channels"] > 0 for device in devices)
    outputs = sum(device["max_output_channels"] > 0 for device in devices)
    state = State.GOOD if inputs and outputs else State.LACKS
    advice = "" if state is State.GOOD else "`visavis talk` needs both; the page and `call` do not"
    found = [Check("sound", state, f"{inputs} microphones, {outputs} loudspeakers", advice)]
    try:
        importlib.import_module("pywebrtc_audio")
    except ImportError:
        found.append(
            Check(
                "echo cancellation",
                State.LACKS,
                "pywebrtc-audio is not installed: use headphones with `visavis talk`",
                "pip install 'visavis[talk]'",
            )
        )
    return found


def browsers() -> list[Check]:
    """Any will do; it need not be on this machine."""
    here = [name for name in _BROWSERS if shutil.which(name)]
    if not here:
        return [
            Check(
                "browser",
                State.LACKS,
                "none on this machine",
                "open the page from another one (with --host 0.0.0.0 and TLS), or `visavis call`",
            )
        ]
    return [Check("browser", State.GOOD, ", ".join(here))]


def failed(name: str, error: VisavisError) -> Check:
    """A model that could not be tried."""
    return Check(name, State.LACKS, str(error))
