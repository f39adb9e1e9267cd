"""The table of running WebRTC calls: native batches in, seam events to each call's sink."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import structlog

from visavis.errors import BusyError, SignallingError, VisavisError
from visavis.line.frames import BatchLike, Rows, event_of
from visavis.line.native import LineError
from visavis.line.port import LinePort, sentence
from visavis.seam import FRAME_S, RATE_IN, CallLimits, CallSink, Closed, UpEvent

log = structlog.get_logger(__name__)

MakeSink = Callable[[LinePort], CallSink]


class NativeCalls(Protocol):
    """What `visavis_line.Engine` and `Stepped` have in common; see visavis_line.pyi."""

    def accept(self, offer: str, *, max_call_s: float = ...) -> tuple[int, str]: ...
    def offer(self, *, max_call_s: float = ...) -> tuple[int, str]: ...
    def answer(self, call: int, answer: str) -> None: ...
    def restart(self, call: int, offer: str) -> str: ...
    def restart_offer(self, call: int, *, host: str | None = ...) -> str: ...
    def play(self, call: int, reply: int, pcm: bytes) -> None: ...
    def finish(self, call: int, reply: int) -> None: ...
    def duck(self, call: int, gain: float, ramp_s: float) -> None: ...
    def flush(self, call: int, fade_s: float) -> None: ...
    def heard(self, call: int, rtp: int) -> None: ...
    def send(self, call: int, text: str) -> None: ...
    def set_plan(
        self,
        call: int,
        *,
        bitrate: int,
        complexity: int,
        fec: bool,
        expected_loss: float,
        dred_ms: int,
        red: Sequence[int],
        repair_every: int,
        repair_window: int,
        ahead_ms: int,
        pace: float,
        frame_ms: int,
        dtx: bool,
    ) -> None: ...
    def close(self, call: int) -> None: ...
    def listen(self, weights: bytes) -> None: ...
    def stats(self) -> dict[str, float]: ...


class LineCalls:
    """Calls of one native line. Not a driver: something else feeds it batches."""

    def __init__(self, native: NativeCalls, limits: CallLimits, receive_rate: int) -> None:
        self._native = native
        self._limits = limits
        self._receive_rate = receive_rate
        self._frame = round(receive_rate * FRAME_S)
        self._ports: dict[int, LinePort] = {}

    def __len__(self) -> int:
        return len(self._ports)

    def accept(self, offer_sdp: str, make_sink: MakeSink) -> tuple[LinePort, str]:
        """Answer an offer. `make_sink` gets the new port and returns who listens to it; no
        event comes before it returned. SignallingError, BusyError; what `make_sink` raises
        ends the call and is raised again."""
        try:
            number, answer = self._native.accept(offer_sdp, max_call_s=self._limits.max_call_s)
        except LineError as error:
            raise as_visavis(error) from error
        return self._admit(number, make_sink), answer

    def offer(self, make_sink: MakeSink) -> tuple[LinePort, str]:
        """Start a call of our own; its port's `set_answer` completes it. BusyError."""
        try:
            number, offer = self._native.offer(max_call_s=self._limits.max_call_s)
        except LineError as error:
            raise as_visavis(error) from error
        return self._admit(number, make_sink), offer

    def _admit(self, number: int, make_sink: MakeSink) -> LinePort:
        port = LinePort(self._native, number, f"call_{secrets.token_hex(8)}")
        try:
            port.sink = make_sink(port)
        except BaseException:
            self._native.close(number)
            raise
        self._ports[number] = port
        return port

    def dispatch(self, batch: BatchLike) -> None:
        """Hand a tick's frames and events to their calls. A sink that raises loses its own
        call and no other."""
        rows = Rows(batch, self._frame)
        for row, number in enumerate(rows.calls):
            port = self._ports.get(number)
            if port is not None:
                self._frame_to(port, rows, row)
        for raw in batch.events:
            port = self._ports.get(raw[0])
            if port is not None:
                self._event_to(port, event_of(raw, batch.now))

    def listen(self, weights: bytes) -> None:
        """Let the native voice activity detector listen to every call from now on, all of them
        at once: frames then carry `voices`. `weights`: `AkikiVad.weights()`. ValueError if they
        are not those of its model; without effect unless speech is received at 16 kHz."""
        self._native.listen(weights)

    def close_all(self, now: float, reason: str = "local") -> None:
        """Tell every remaining sink that its call is over; the driver has stopped."""
        for port in list(self._ports.values()):
            self._event_to(port, Closed(reason=reason, at=now))

    def stats(self) -> dict[str, float]:
        """The native line's counters; see `visavis_line._Calls.stats`."""
        return self._native.stats()

    def _frame_to(self, port: LinePort, rows: Rows, row: int) -> None:
        try:
            if port.on_frame is not None:
                port.on_frame(rows.frame(row))
            elif self._receive_rate == RATE_IN and port.sink is not None:
                port.sink.on_event(rows.audio(row))
        except Exception:
            self._lose(port)

    def _event_to(self, port: LinePort, event: UpEvent) -> None:
        if isinstance(event, Closed):
            port.closed = True
            self._ports.pop(port.number, None)
            if event.reason == "local" and port.close_reason is not None:
                event = Closed(reason=port.close_reason, at=event.at)
        try:
            if port.sink is not None:
                port.sink.on_event(event)
        except Exception:
            self._lose(port)

    def _lose(self, port: LinePort) -> None:
        log.exception("line.sink_failed", call=port.call_id)
        port.close("error: the call's handler failed")


def as_visavis(error: Exception) -> VisavisError:
    """The project's error for a LineError of `accept` or `offer`."""
    code: Any = error.args[0] if error.args else ""
    kind = BusyError if code == "busy" else SignallingError
    return kind(sentence(error))
