"""One stack's calls through the relay: two processes in their namespaces, and the relay's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lineloss.ends import Recording
from lineloss.material import Stream, replies
from lineloss.networks import Network
from lineloss.relay import RelayUnavailable

BENCH = Path(__file__).parents[1]
_BEGIN_S = 2.0
"""From the last call's connection to the start: what reads streams and resamples needs."""


@dataclass(frozen=True)
class Stack:
    name: str
    module: str
    near: tuple[str, ...] = ()
    """Arguments of the near end's process, before the path for restarts."""
    far: tuple[str, ...] = ()
    far_module: str = ""
    """If it is not the near end's."""


@dataclass
class Heard:
    """What one trial brought: per call, both directions."""

    up: list[Recording]
    down: list[Recording]
    up_kbps: float
    down_kbps: float
    dropped: float
    """Share of packets the network lost."""
    error_p99_ms: float
    """How late the relay delivered."""


def _first() -> None:
    """Real time goes before whatever else runs here: this process, and its session if the kernel
    shares time between sessions."""
    os.setpriority(os.PRIO_PROCESS, 0, -10)
    group = Path("/proc/self/autogroup")
    if group.exists():
        group.write_text("-10")


class Process:
    """A child that answers JSON lines."""

    def __init__(self, *command: str, log: Path | None = None) -> None:
        environment = {**os.environ, "PYTHONPATH": f"{BENCH}:{os.environ.get('PYTHONPATH', '')}"}
        self._log = (log or Path(os.devnull)).open("w")
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
            env=environment, cwd=BENCH, start_new_session=True, preexec_fn=_first,
        )  # fmt: skip
        self._name = " ".join(command[-2:])
        self._where = log

    def tell(self, command: dict[str, Any]) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(command) + "\n")
        self._child.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended with {self._child.wait()}; see {self._where}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self._name}: {answer['error']}; see {self._where}")
        return answer

    def ask(self, command: dict[str, Any]) -> dict[str, Any]:
        self.tell(command)
        return self.answer()

    def end(self) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        for harder in (self._child.terminate, self._child.kill):
            try:
                self._child.wait(5)
            except subprocess.TimeoutExpired:
                harder()
        self._child.wait()
        self._log.close()


class Rig:
    """The relay with its namespaces, for any number of trials."""

    def __init__(
        self, relay: Process, names: tuple[str, str], folder: Path, restarts: Path
    ) -> None:
        self._relay = relay
        self._names = names
        self._folder = folder
        self._restarts = restarts

    def trial(
        self, stack: Stack, network: Network, streams: list[Stream], seed: int, traces: str | None
    ) -> Heard:
        """Call by call, set up in a clean network; then all speak at once in the given one."""
        self._relay.tell({"reset": True})
        files = []
        parts = [replies(stream) for stream in streams]
        for i, stream in enumerate(streams):
            files.append(str(self._folder / f"stream{i}.npy"))
            np.save(files[-1], stream.pcm)
        sides = ("near", "far")
        ends = [
            Process(
                *("ip", "netns", "exec", name, sys.executable),
                *("-m", module, *arguments, str(self._restarts)),
                log=self._folder / f"{stack.name}.{side}.log",
            )
            for side, name, module, arguments in (
                ("near", self._names[0], stack.module, stack.near),
                ("far", self._names[1], stack.far_module or stack.module, stack.far),
            )
        ]  # fmt: skip
        near, far = ends
        try:
            for _ in streams:
                offer = near.ask({"do": "offer"})
                answer = far.ask({"do": "accept", "sdp": offer["sdp"]})
                near.ask({"do": "answer", "call": offer["call"], "sdp": answer["sdp"]})
                for end, made in ((near, offer), (far, answer)):
                    end.ask({"do": "connected", "call": made["call"]})
            start = time.monotonic() + _BEGIN_S
            self._relay.tell(
                {"start": start, "network": network.name, "seed": seed, "traces": traces}
            )
            for end, side in zip(ends, sides, strict=True):
                out = self._folder / side
                out.mkdir(exist_ok=True)
                end.tell({"do": "run", "start": start, "streams": files, "replies": parts,
                          "out": str(out)})  # fmt: skip
            for end in ends:
                end.answer()
            account = self._relay.ask({"stop": True})
        finally:
            for end in ends:
                end.end()
        down, up = (
            [Recording.load(self._folder / side / f"{i}.npz") for i in range(len(streams))]
            for side in sides
        )
        if lost := sum(r.notes.get("lost", False) for r in down):
            print(f"{stack.name} on {network.name}: {lost} calls were given up", file=sys.stderr)
        calls, seconds = len(streams), max(stream.seconds for stream in streams)
        total = [sum(w["bytes"] for w in account["ways"] if w["side"] == s) for s in (0, 1)]
        packets = sum(w["packets"] for w in account["ways"])
        return Heard(
            up,
            down,
            *(8e-3 * n / seconds / calls for n in total),
            sum(w["dropped"] for w in account["ways"]) / max(1, packets),
            account["error_p99_ms"],
        )


@contextmanager
def rig(logs: Path | None = None) -> Iterator[Rig]:
    """Raises RelayUnavailable where TUN devices or namespaces cannot be made."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="visavis-loss-"))
        if logs is not None:
            logs.mkdir(parents=True, exist_ok=True)
        relay = Process(sys.executable, "-m", "lineloss.relay", log=Path(folder) / "relay.log")
        stack.callback(relay.end)
        ready = relay.answer()
        if "unavailable" in ready:
            raise RelayUnavailable(ready["unavailable"])
        # The kernel takes no long name for a socket: never in the folder that was asked for.
        yield Rig(relay, tuple(ready["names"]), logs or Path(folder), Path(folder) / "restarts")
