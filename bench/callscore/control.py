"""What the servers under test have in common: orders on stdin, answers on stdout, one JSON a line.

`{"offer": sdp}` is answered by `{"answer": sdp}` or `{"refused": reason}`, `{"stat": true}` by
the server's own figures. Every server hears every call through the same voice activity detector
and speaks by the same timetable; what a silent agent costs is left to each stack.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import visavis_line
from numpy.typing import NDArray

from visavis.models.embedded.akiki_vad import AkikiVad

CYCLE_S = 5.0
"""The agent speaks once in so many seconds."""


@dataclass
class Options:
    talk: float
    """Share of the time that the agent speaks, 0…1."""
    complexity: int
    speech: NDArray[np.int16]
    """24 kHz mono."""


def options() -> Options:
    parser = argparse.ArgumentParser()
    parser.add_argument("--talk", type=float, required=True)
    parser.add_argument("--complexity", type=int, required=True)
    parser.add_argument("--speech", type=Path, required=True)
    given = parser.parse_args()
    return Options(given.talk, given.complexity, np.fromfile(given.speech, np.int16))


def talking(talk: float, call: int, now: float) -> bool:
    """Does the agent of this call speak now? Calls are out of step."""
    return (now / CYCLE_S + phase(call)) % 1.0 < talk


def phase(call: int) -> float:
    """Where in its cycle a call's agent is when the others begin theirs, 0…1."""
    return call * 0.381966 % 1.0


@dataclass
class Meter:
    """What was heard in all calls, and how late the agents' clock ran.

    The stacks without a detector of their own get ours, and its best use: `hear` collects what
    came, `listen` gives it to the native detector for all calls at once.
    """

    voice: Any = field(default_factory=lambda: visavis_line.Voice(AkikiVad.load().weights()))
    waiting: list[tuple[int, bytes]] = field(default_factory=list)
    frames: int = 0
    voiced: int = 0
    late_ms: list[float] = field(default_factory=list)

    def hear(self, call: int, pcm: NDArray[np.int16]) -> None:
        """Some 16 kHz samples of one call."""
        self.waiting.append((call, pcm.tobytes()))

    def listen(self) -> None:
        waiting, self.waiting = self.waiting, []
        self.count([probability for _, probability in self.voice.push(waiting)])

    def count(self, probabilities: Sequence[float]) -> None:
        """Of frames of 16 ms."""
        self.frames += len(probabilities)
        self.voiced += sum(p >= 0.5 for p in probabilities)

    def take(self) -> dict[str, Any]:
        """Figures since the last time."""
        late, self.late_ms = sorted(self.late_ms), []
        frames, voiced = self.frames, self.voiced
        self.frames = self.voiced = 0
        p99 = late[int(len(late) * 0.99)] if late else None
        return {"frames": frames, "voiced": voiced, "late_p99_ms": p99, "at": time.monotonic()}


async def every_tick(meter: Meter, act: Callable[[float], None], period: float = 0.02) -> None:
    """Call `act(now)` every `period`, and note how late that was."""
    start, tick = time.monotonic(), 0
    while True:
        tick += 1
        due = start + tick * period
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        now = time.monotonic()
        meter.late_ms.append((now - due) * 1000)
        act(now)


async def serve(
    answer: Callable[[str], Awaitable[str]], figures: Callable[[], dict[str, Any]]
) -> None:
    """Obey until stdin ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(json.dumps({"ready": True}), flush=True)
    while line := await reader.readline():
        order = json.loads(line)
        if "offer" in order:
            try:
                reply = {"answer": await answer(order["offer"])}
            except Exception as error:  # the bench tells why, whatever stack it comes from
                reply = {"refused": f"{type(error).__name__}: {error}"}
        else:
            reply = figures()
        print(json.dumps(reply), flush=True)
