"""A server of one's own for one call: `visavis serve` in another process, on a free port."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from visavis.errors import CallFailed

READY_S = 180.0
STOP_S = 10.0
_TAIL = 1500
"""Characters of the server's log shown if it fails."""


@dataclass(frozen=True)
class LocalServer:
    """A running `visavis serve`."""

    url: str
    pid: int


@contextlib.contextmanager
def local_server(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[LocalServer]:
    """Run `visavis serve ARGUMENTS` for as long as the block lasts; gives it once it answers.

    `environment` comes on top of this process's; `log` keeps what the server prints. CallFailed
    with what it said last if it does not start.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "visavis.cli", "serve", "--no-pull"]
    command += ["--host", "127.0.0.1", "--port", str(port), *arguments]
    with tempfile.TemporaryDirectory(prefix="visavis-call-") as folder:
        path = log or Path(folder, "server.log")
        with path.open("wb") as sink:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env={**_environment(), **(environment or {})},
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, url, path)
            yield LocalServer(url, process.pid)
        finally:
            _stop(process)


def _environment() -> dict[str, str]:
    """The user's, without what would make the server listen elsewhere than it is told."""
    hidden = ("VISAVIS_HTTP__TLS_CERT", "VISAVIS_HTTP__TLS_KEY", "VISAVIS_HTTP__API_KEY")
    return {name: value for name, value in os.environ.items() if name not in hidden}


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            health = httpx.get(f"{url}/health", timeout=5.0, trust_env=False)
            if health.status_code == 200:
                return
            body = health.json()
            if body.get("status") == "failed":
                raise CallFailed(f"the server for this call did not start: {body.get('problem')}")
        time.sleep(0.1)
    said = log.read_text(errors="replace").strip()[-_TAIL:]
    sentence = said.rsplit("visavis: ", 1)
    if len(sentence) == 2:
        raise CallFailed(f"the server for this call did not start: {sentence[1].strip()}")
    raise CallFailed(f"the server for this call did not start; it said:\n{said or '(nothing)'}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
