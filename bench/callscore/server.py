"""One stack under test, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def go_first() -> None:
    """In a server's process, before it starts: the first core, and before programs that are not
    part of the bench, as our media thread asks for itself."""
    os.sched_setaffinity(0, {0})
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


class Server:
    """One stack in a process of its own, on the first core."""

    def __init__(self, stack: str, talk: float, complexity: int, speech: Path) -> None:
        self.stack = stack
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / f"serve_{stack}.py"),
             "--talk", str(talk), "--complexity", str(complexity), "--speech", str(speech)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=go_first,
        )  # fmt: skip
        self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server with {self.stack} has ended")
        reply: dict[str, Any] = json.loads(line)
        return reply

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._read()

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mb(self) -> float:
        status = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
