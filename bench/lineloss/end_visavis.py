"""visavis' native line as an end: the near one plays to an ear, the far one feeds a recogniser.

Arguments: {"role": "near" | "far", "plan": {…} or {}}, and the path at which the far one takes
restarts.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import soxr
import visavis_line
from numpy.typing import NDArray

from lineloss.ends import Recording, phase, serve
from lineloss.native import Heard, Listener
from lineloss.relay import ADDRESSES
from lineloss.restarts import answer_restarts

RATE = 16_000
PLAY_RATE = 24_000
GOODBYE_S = 0.5
EARLY_S = 0.01
"""The next part of a stream is given so long before its time that it follows the last without a
gap, also where a sleep lasts too long."""


class Visavis:
    def __init__(self, role: str, plan: dict[str, Any]) -> None:
        near = self._near = role == "near"
        self._engine = visavis_line.Engine(
            host=ADDRESSES[0 if near else 1],
            receive_rate=RATE,
            play_rate=PLAY_RATE,
            playout=near,
            max_queue_s=600.0,
        )
        self._plan = plan
        self._calls: list[int] = []
        self._restarts: list[int] = []
        self._events: list[tuple[Any, ...]] = []
        self._listener = Listener()
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._engine.fd, self._read)

    def _read(self) -> None:
        for batch in self._engine.poll():
            self._listener.take(batch)
            self._events += [event for event in batch.events if event[1] != "report"]
            self._changed.set()

    def _add(self, call: int) -> int:
        self._calls.append(call)
        self._restarts.append(0)
        if self._plan:
            self._engine.set_plan(call, **self._plan)
        return len(self._calls) - 1

    async def offer(self) -> tuple[int, str]:
        call, sdp = self._engine.offer()
        return self._add(call), sdp

    async def accept(self, sdp: str) -> tuple[int, str]:
        call, answer = self._engine.accept(sdp)
        return self._add(call), answer

    async def answer(self, call: int, sdp: str) -> None:
        self._engine.answer(self._calls[call], sdp)

    def restart(self, call: int, offer: str) -> str:
        answer = self._engine.restart(self._calls[call], offer)
        self._restarts[call] += 1
        return answer

    async def connected(self, call: int) -> None:
        while (self._calls[call], "connected") not in self._events:
            self._changed.clear()
            await self._changed.wait()

    async def run(
        self, start: float, streams: list[NDArray[np.int16]], replies: list[list[int]]
    ) -> list[Recording]:
        if self._near:
            # As a microphone's frames, each handed over when it is due: the queue takes the whole
            # stream at once and the engine sends the frame that a microphone would have brought.
            replies = [[0] for _ in streams]
        due = [
            (start + phase(i) + first / RATE - (EARLY_S if number else 0.0), i, number)
            for i, parts in enumerate(replies)
            for number, first in enumerate(parts)
        ]
        pcm = [
            [soxr.resample(part, RATE, PLAY_RATE) for part in np.split(stream, parts[1:])]
            for stream, parts in zip(streams, replies, strict=True)
        ]
        spoke = [0.0] * len(streams)
        self._listener.start = start
        for at, i, number in sorted(due):
            await asyncio.sleep(at - time.monotonic())
            if number == 0:
                spoke[i] = time.monotonic() - start
            samples = pcm[i][number].astype("<i2").tobytes()
            self._engine.play(self._calls[i], 1 + number, samples)
            self._engine.finish(self._calls[i], 1 + number)
        seconds = max(len(stream) for stream in streams) / RATE
        await asyncio.sleep(start + seconds + GOODBYE_S - time.monotonic())
        self._listener.start = None
        heard = [self._listener.heard.get(call, Heard()) for call in self._calls]
        stats = self._engine.stats()
        return [
            h.recording(s, {"tick_late_p99_ms": stats["tick_late_p99_ms"], "restarts": r})
            for h, s, r in zip(heard, spoke, self._restarts, strict=True)
        ]

    async def aclose(self) -> None:
        for call in self._calls:
            self._engine.close(call)
        self._engine.shutdown()


async def main() -> None:
    told = json.loads(sys.argv[1])
    end = Visavis(told["role"], told["plan"])
    if told["role"] == "near":
        return await serve(end)
    async with await answer_restarts(Path(sys.argv[2]), end.restart):
        await serve(end)


if __name__ == "__main__":
    asyncio.run(main())
