"""From a native batch to frames and events of the seam: pure functions, no state."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from visavis.seam import AudioIn, Closed, Connected, LinkReport, Mark, Pcm, Played, Text, UpEvent


class BatchLike(Protocol):
    """The part of `visavis_line.Batch` that is read here."""

    @property
    def now(self) -> float: ...
    @property
    def late_ms(self) -> float: ...
    @property
    def calls(self) -> bytes: ...
    @property
    def positions(self) -> bytes: ...
    @property
    def rtp(self) -> bytes: ...
    @property
    def captured(self) -> bytes: ...
    @property
    def marks(self) -> bytes: ...
    @property
    def pcm(self) -> bytes: ...
    @property
    def voices(self) -> bytes: ...
    @property
    def events(self) -> list[tuple[Any, ...]]: ...


@dataclass(slots=True, frozen=True)
class FrameIn:
    """One received frame at whatever rate the line was opened with, and where it came from.

    `seam.AudioIn` is this at 16 kHz without `rtp` and `captured`; a client that plays
    24 or 48 kHz takes these through `LinePort.on_frame` instead.
    """

    position: int
    """Index of the first sample since the call's first media sample, at the receive rate."""
    rtp: int
    """Extended RTP timestamp (48 kHz) of the first sample, as the far end sent it."""
    captured: float | None
    """When the far end captured it (seconds since 1970), if it said so."""
    mark: Mark
    pcm: Pcm
    """int16, shape [receive_rate / 50]."""
    at: float
    voices: tuple[float, ...] | None = None
    """As `seam.AudioIn.voices`."""


_MARKS = tuple(Mark)


class Rows:
    """The rows of a batch, unpacked once; a frame is made only in the form that is asked for.

    PCM is copied, so that a kept frame does not keep the whole batch alive.
    """

    def __init__(self, batch: BatchLike, frame: int) -> None:
        """`frame`: length of a row in samples."""
        self._batch = batch
        self._at = batch.now
        self.calls: list[int] = np.frombuffer(batch.calls, dtype="<i8").tolist()
        """Which call each row belongs to."""
        self._positions: list[int] = np.frombuffer(batch.positions, dtype="<i8").tolist()
        self._marks = [_MARKS[mark] for mark in batch.marks]
        self._pcm = np.frombuffer(batch.pcm, dtype="<i2").reshape(-1, frame)
        self._voices = voices_of(batch.voices, len(self.calls))

    def audio(self, row: int) -> AudioIn:
        """The row as the conversation takes it; only at 16 kHz."""
        return AudioIn(
            self._positions[row],
            self._pcm[row].copy(),
            self._marks[row],
            self._at,
            self._voices[row],
        )

    def frame(self, row: int) -> FrameIn:
        """All that is known of the row."""
        captured: float = np.frombuffer(self._batch.captured, dtype="<f8")[row].item()
        return FrameIn(
            position=self._positions[row],
            rtp=np.frombuffer(self._batch.rtp, dtype="<i8")[row].item(),
            captured=None if math.isnan(captured) else captured,
            mark=self._marks[row],
            pcm=self._pcm[row].copy(),
            at=self._at,
            voices=self._voices[row],
        )


def voices_of(raw: bytes, rows: int) -> list[tuple[float, ...] | None]:
    """The probabilities of each row; None for all if no detector listened."""
    if not raw:
        return [None] * rows
    table = np.frombuffer(raw, dtype="<f4").reshape(rows, -1).tolist()
    return [tuple(p for p in row if p == p) for row in table]  # NaN is not equal to itself


def event_of(raw: tuple[Any, ...], now: float) -> UpEvent:
    """The seam's event for one native event. ValueError for a kind that is not known."""
    match raw[1:]:
        case ("connected",):
            return Connected(at=now)
        case ("closed", reason):
            return Closed(reason=reason, at=now)
        case ("text", data):
            return Text(data=data, at=now)
        case ("played", reply, samples, exact, done):
            return Played(reply=reply, samples=samples, at=now, exact=exact, done=done)
        case ("report", fields):
            return LinkReport(at=now, **fields)
    raise ValueError(f"the native line sent an event of unknown kind {raw[1:2]!r}")
