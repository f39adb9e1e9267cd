"""A native line that only keeps books, and batches made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from visavis.line.native import LineError
from visavis.seam import Mark, UpEvent


@dataclass
class Batch:
    now: float = 1.0
    late_ms: float = 0.0
    calls: bytes = b""
    positions: bytes = b""
    rtp: bytes = b""
    captured: bytes = b""
    marks: bytes = b""
    pcm: bytes = b""
    voices: bytes = b""
    events: list[tuple[Any, ...]] = field(default_factory=list)


def batch_of(
    rows: list[tuple[int, int, int, float, Mark, np.ndarray]], *, now: float = 1.0
) -> Batch:
    """Rows of (call, position, rtp, captured, mark, pcm)."""
    return Batch(
        now=now,
        calls=np.array([r[0] for r in rows], dtype="<i8").tobytes(),
        positions=np.array([r[1] for r in rows], dtype="<i8").tobytes(),
        rtp=np.array([r[2] for r in rows], dtype="<i8").tobytes(),
        captured=np.array([r[3] for r in rows], dtype="<f8").tobytes(),
        marks=np.array([r[4] for r in rows], dtype=np.uint8).tobytes(),
        pcm=np.concatenate([r[5] for r in rows]).astype("<i2").tobytes() if rows else b"",
    )


@dataclass
class FakeNative:
    error: tuple[str, str] | None = None
    log: list[tuple[Any, ...]] = field(default_factory=list)
    number: int = 0

    def _new(self) -> int:
        if self.error is not None:
            raise LineError(*self.error)
        self.number += 1
        return self.number

    def accept(self, offer: str, *, max_call_s: float = 0.0) -> tuple[int, str]:
        return self._new(), f"answer to {offer}"

    def offer(self, *, max_call_s: float = 0.0) -> tuple[int, str]:
        return self._new(), "offer"

    def answer(self, call: int, answer: str) -> None:
        if self.error is not None:
            raise LineError(*self.error)

    def __getattr__(self, name: str) -> Any:
        def note(*args: Any, **kwargs: Any) -> None:
            self.log.append((name, *args, *kwargs.items()))

        return note


@dataclass
class Sink:
    events: list[UpEvent] = field(default_factory=list)
    fail: bool = False

    def on_event(self, event: UpEvent) -> None:
        if self.fail:
            raise RuntimeError("a broken handler")
        self.events.append(event)
