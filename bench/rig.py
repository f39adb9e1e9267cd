"""A visavis server in a process of its own, for benches and interop tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
    ready_s: float = 180.0,
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run `visavis serve ARGUMENTS` on a free port; yields its URL and process once it is ready.
    RuntimeError with the end of its log if it does not become so."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="visavis-rig-") as folder:
        path = log or Path(folder, "server.log")
        with path.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "visavis.cli", "serve", "--port", str(port), "--no-pull",
                 *arguments],
                stdout=sink, stderr=sink, cwd=folder,
                env={**os.environ, "VISAVIS_STORE__PATH": f"{folder}/calls.db",
                     **(environment or {})},
            )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_ready(url, process, path, ready_s)
            yield url, process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_ready(url: str, process: subprocess.Popen[bytes], log: Path, ready_s: float) -> None:
    until = time.monotonic() + ready_s
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if httpx.get(f"{url}/health", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    tail = log.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"visavis serve did not become ready:\n{tail}")
