"""Two engines on this machine's loopback, and what they told."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np


class Side:
    """One engine, with everything it has told so far."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.events: list[tuple[Any, ...]] = []
        self.batches: list[Any] = []

    def read(self) -> None:
        for batch in self.engine.poll():
            self.batches.append(batch)
            self.events.extend(batch.events)

    def told(self, call: int, kind: str) -> list[tuple[Any, ...]]:
        return [e for e in self.events if e[0] == call and e[1] == kind]

    def pcm(self, call: int) -> np.ndarray[Any, np.dtype[np.int16]]:
        """int16[n, 320]: the frames of one call."""
        frames = []
        for batch in self.batches:
            calls = np.frombuffer(batch.calls, np.int64)
            rows = np.frombuffer(batch.pcm, np.int16).reshape(-1, 320)
            frames.append(rows[calls == call])
        return np.concatenate(frames) if frames else np.zeros((0, 320), np.int16)


class Pair:
    """A client's engine and a server's."""

    def __init__(self, native: ModuleType, **server: Any) -> None:
        self.client = Side(native.Engine(playout=True))
        self.server = Side(native.Engine(**server))

    def call(self) -> tuple[int, int]:
        ours, offer = self.client.engine.offer()
        theirs, answer = self.server.engine.accept(offer)
        self.client.engine.answer(ours, answer)
        return ours, theirs

    def until(self, done: Callable[[], bool], within: float = 5.0) -> None:
        """Read both ends until `done`; fails after `within` seconds."""
        end = time.monotonic() + within
        while not done():
            left = end - time.monotonic()
            assert left > 0, f"not within {within} s: {self.client.events} {self.server.events}"
            fds = [self.client.engine.fd, self.server.engine.fd]
            select.select(fds, [], [], min(left, 0.1))
            self.client.read()
            self.server.read()

    def connected(self) -> tuple[int, int]:
        ours, theirs = self.call()
        self.until(
            lambda: bool(
                self.client.told(ours, "connected") and self.server.told(theirs, "connected")
            )
        )
        return ours, theirs

    def shutdown(self) -> None:
        self.client.engine.shutdown()
        self.server.engine.shutdown()


def tone(seconds: float, hz: float = 440.0, rate: int = 24_000) -> bytes:
    t = np.arange(int(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * hz * t)).astype(np.int16).tobytes()
