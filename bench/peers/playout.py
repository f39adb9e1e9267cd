"""A peer's loudspeaker: speech is sent to the bench in real time, its first frame at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np

from visavis.seam import FRAME_OUT, FRAME_S, Pcm


class Playout:
    """A queue of 24 kHz speech. Nothing is buffered ahead of playing: what is queued while
    nothing plays leaves with no delay, as no network would let it."""

    def __init__(self, send: Callable[[Pcm], None]) -> None:
        self._send = send
        self._queue = np.zeros(0, np.int16)
        self._changed = asyncio.Condition()
        self._paused = False
        self.played = 0
        """Samples sent since the last `clear` or `mark`."""

    @property
    def waiting(self) -> int:
        """Samples queued."""
        return len(self._queue)

    async def push(self, pcm: Pcm) -> None:
        async with self._changed:
            self._queue = np.concatenate([self._queue, pcm])
            self._changed.notify_all()

    def mark(self) -> None:
        """What is played from here on counts from zero."""
        self.played = 0

    def clear(self) -> None:
        self._queue = self._queue[:0]

    async def pause(self, paused: bool) -> None:
        async with self._changed:
            self._paused = paused
            self._changed.notify_all()

    async def until(self, most: int) -> None:
        """Wait until no more than so many samples are queued."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._queue) <= most)

    async def run(self) -> None:
        """Play, for ever."""
        loop = asyncio.get_running_loop()
        due = 0.0
        while True:
            async with self._changed:
                await self._changed.wait_for(lambda: len(self._queue) > 0 and not self._paused)
                frame, self._queue = self._queue[:FRAME_OUT], self._queue[FRAME_OUT:]
                self.played += len(frame)
                self._changed.notify_all()
            self._send(frame)
            # After a silence a new rhythm begins; a late wake-up does not shift it.
            now = loop.time()
            due = (due if now - due < FRAME_S else now) + FRAME_S
            await asyncio.sleep(due - now)
            async with self._changed:
                self._changed.notify_all()
