"""A server of one's own for one call: `visavis serve` in another process, on a free port."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from visavis.errors import CallFailed

READY_S = 180.0
STOP_S = 10.0
_TAIL = 1500
"""Characters of the server's log shown if it fails."""


@contextlib.contextmanager
def local_server(*, llm: str | None, config: Path | None) -> Iterator[str]:
    """Run a server for as long as the block lasts; gives its URL once it answers. CallFailed
    with what it said last if it does not start."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "visavis.cli", "serve", "--no-pull"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    command += ["--llm", llm] if llm else []
    command += ["--config", str(config)] if config else []
    with tempfile.TemporaryDirectory(prefix="visavis-call-") as folder:
        log = Path(folder, "server.log")
        with log.open("wb") as sink:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, env=_environment()
            )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(process, url, log)
            yield url
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
