"""One stack's process in its namespace: commands come as JSON lines, sound as files.

    {"do": "offer"}                 -> {"call": n, "sdp": …}
    {"do": "accept", "sdp": …}      -> {"call": n, "sdp": …}
    {"do": "answer", "call": n, "sdp": …}
    {"do": "connected", "call": n}  -> when media can flow
    {"do": "run", "start": t0, "streams": [file.npy, …], "replies": [[0, …], …], "out": folder}
                                    -> when all has been spoken; recordings are in the folder

Signalling passes between the processes' pipes and never over the network that is measured.
CLOCK_MONOTONIC is one clock for all of them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

TICK_S = 0.02


async def until(done: Callable[[], bool]) -> None:
    """Wait for what a library tells only when asked."""
    while not done():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def phase(call: int) -> float:
    """Seconds after the start at which this call begins to speak: spread over a tick, so that no
    stack is lucky with where its own ticks lie."""
    return call * 0.618034 * TICK_S % TICK_S


@dataclass
class Recording:
    """What one end of one call heard: samples, and when each frame of them was heard."""

    rate: int
    pcm: NDArray[np.int16]
    """As a listener had it, gaps filled with zeros."""
    starts: NDArray[np.int64]
    """Index of each frame's first sample."""
    at: NDArray[np.float64]
    """When that sample was heard, seconds since the start: played, or handed to a recogniser."""
    guessed: NDArray[np.uint8] | None = None
    """Of each frame: 1 if it was guessed or nothing is known. None if the stack does not say."""
    concealed: float | None = None
    """Share of all samples that the stack says it concealed, where `guessed` is None."""
    spoke_at: float = 0.0
    """When this end gave the first sample of its own stream to its stack."""
    notes: dict[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {"pcm": self.pcm, "starts": self.starts, "at": self.at}
        if self.guessed is not None:
            arrays["guessed"] = self.guessed
        about = {"rate": self.rate, "concealed": self.concealed, "spoke_at": self.spoke_at,
                 "notes": self.notes}  # fmt: skip
        np.savez(path, about=json.dumps(about), **arrays)

    @classmethod
    def load(cls, path: Path) -> Recording:
        with np.load(path) as file:
            about = json.loads(str(file["about"]))
            return cls(
                pcm=file["pcm"],
                starts=file["starts"],
                at=file["at"],
                guessed=file.get("guessed"),
                **about,
            )


class End(Protocol):
    """One stack, holding any number of calls."""

    async def offer(self) -> tuple[int, str]: ...
    async def accept(self, sdp: str) -> tuple[int, str]: ...
    async def answer(self, call: int, sdp: str) -> None: ...
    async def connected(self, call: int) -> None: ...
    async def run(
        self, start: float, streams: list[NDArray[np.int16]], replies: list[list[int]]
    ) -> list[Recording]:
        """Speak stream i (16 kHz) on call i from `start` on; returns what was heard. An end whose
        sound is made, not heard by a microphone, may be given the parts of stream i that begin
        at samples `replies[i]` each when it begins."""
        ...

    async def aclose(self) -> None: ...


async def _obey(end: End, command: dict[str, Any]) -> dict[str, Any]:
    match command["do"]:
        case "offer":
            call, sdp = await end.offer()
            return {"call": call, "sdp": sdp}
        case "accept":
            call, sdp = await end.accept(command["sdp"])
            return {"call": call, "sdp": sdp}
        case "answer":
            await end.answer(command["call"], command["sdp"])
        case "connected":
            async with asyncio.timeout(20):
                await end.connected(command["call"])
        case "run":
            streams = [np.load(name) for name in command["streams"]]
            heard = await end.run(command["start"], streams, command["replies"])
            for i, recording in enumerate(heard):
                recording.save(Path(command["out"]) / f"{i}.npz")
        case other:
            raise ValueError(f"no such command: {other}")
    return {}


async def serve(end: End) -> None:
    """Obey until the commands end."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    # Some libraries write to standard output; answers must not mix with that.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    while line := await reader.readline():
        try:
            answer = await _obey(end, json.loads(line))
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    await end.aclose()
