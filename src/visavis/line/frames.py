"""From a native batch to frames and events of the seam: pure functions, no state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from visavis.seam import Closed, Connected, LinkReport, Mark, Pcm, Played, Text, UpEvent


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


def frames_of(batch: BatchLike, frame: int) -> Iterator[tuple[int, FrameIn]]:
    """(call, frame) for each row of the batch; `frame` is the row's length in samples.

    PCM is copied, so that a kept frame does not keep the whole batch alive.
    """
    calls = np.frombuffer(batch.calls, dtype="<i8")
    if not len(calls):
        return
    positions = np.frombuffer(batch.positions, dtype="<i8")
    rtp = np.frombuffer(batch.rtp, dtype="<i8")
    captured = np.frombuffer(batch.captured, dtype="<f8")
    marks = np.frombuffer(batch.marks, dtype=np.uint8)
    pcm = np.frombuffer(batch.pcm, dtype="<i2").reshape(len(calls), frame)
    voices = voices_of(batch.voices, len(calls))
    for i, call in enumerate(calls.tolist()):
        when = float(captured[i])
        yield (
            call,
            FrameIn(
                position=int(positions[i]),
                rtp=int(rtp[i]),
                captured=None if np.isnan(when) else when,
                mark=Mark(int(marks[i])),
                pcm=pcm[i].copy(),
                at=batch.now,
                voices=voices[i],
            ),
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
