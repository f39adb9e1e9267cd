"""A call whose sound travels in the realtime protocol itself: `seam.CallPort` by WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from visavis.realtime.downlink import Downlink
from visavis.realtime.uplink import Uplink
from visavis.seam import (
    FRAME_S,
    RATE_OUT,
    CallLimits,
    CallSink,
    Closed,
    Connected,
    Pcm,
    SendPlan,
    UpEvent,
)

log = structlog.get_logger(__name__)

COMMIT_SILENCE_S = 1.0
"""Silence that stands for the client's word that it has finished speaking."""


class ReplyAudio(Protocol):
    """Who puts speech on the wire; the bridge does."""

    def reply_audio(self, reply: int, pcm: Pcm) -> None: ...
    def reply_audio_end(self, reply: int) -> None: ...
    def reply_cleared(self, reply: int | None) -> None:
        """Everything sent and not played is to be dropped by the client."""


class WebSocketPort:
    """Time is the event loop's; everything happens on its thread.

    `attach` gives it its two neighbours, then `start` begins the 20 ms tick. The far end's
    socket is somebody else's: they call `append`, `commit`, `clear`, `playback` and `lost`.
    """

    def __init__(self, call_id: str, limits: CallLimits, send: Callable[[str], None]) -> None:
        self._call_id = call_id
        self._limits = limits
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._up = Uplink()
        self._down = Downlink(limits.max_audio_ahead_s)
        self._sink: CallSink | None = None
        self._out: ReplyAudio | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._started = 0.0
        self._ticks = 0
        self._playing: int | None = None
        self.closed = False

    @property
    def call_id(self) -> str:
        return self._call_id

    def attach(self, sink: CallSink, out: ReplyAudio) -> None:
        self._sink = sink
        self._out = out

    def start(self) -> None:
        self._started = self._loop.time()
        self._emit(Connected(at=self._started))
        self._schedule()

    # What the conversation asks for.

    def play(self, reply: int, pcm: Pcm) -> None:
        if not self.closed:
            before = self._down.dropped
            self._down.play(reply, pcm)
            if self._down.dropped > before:
                log.warning("websocket.play_dropped", call=self._call_id)
            self._pump(self._loop.time())

    def finish(self, reply: int) -> None:
        if not self.closed:
            self._down.finish(reply)
            self._pump(self._loop.time())

    def duck(self, gain: float, ramp_s: float = 0.02) -> None:
        """Applies to what has not left yet; about 0.3 s is already with the client."""
        self._down.duck(gain, ramp_s)

    def flush(self, fade_s: float = 0.02) -> None:
        """What is with the client cannot be faded, so it is told to drop it at once."""
        if self.closed:
            return
        playing, self._playing = self._playing, None
        news = self._down.flush(self._loop.time())
        if self._out is not None:
            self._out.reply_cleared(playing)
        # `Played` follows and never interrupts the caller of `flush`.
        for event in news:
            self._loop.call_soon(self._emit, event)

    def send(self, text: str) -> None:
        if not self.closed:
            self._send(text)

    def set_plan(self, plan: SendPlan) -> None:
        """Nothing to plan: TCP carries uncompressed speech."""

    def close(self, reason: str = "local") -> None:
        if not self.closed:
            self.closed = True
            if self._timer is not None:
                self._timer.cancel()
            self._loop.call_soon(self._emit, Closed(reason=reason, at=self._loop.time()))

    # What the client says.

    def append(self, audio: str) -> None:
        """Speech. ClientEventError if it is not PCM or too much."""
        if self.closed:
            return
        now = self._loop.time()
        self._up.push(audio, now)
        self._hand_up(now, tick=False)

    def commit(self) -> None:
        """The client has finished speaking."""
        self._up.pad(COMMIT_SILENCE_S)

    def clear(self) -> None:
        self._up.clear()

    def playback(self, reply: int, audio_ms: float) -> None:
        """The client has played so much of a reply."""
        self._down.report(reply, round(audio_ms * RATE_OUT / 1000))

    def lost(self, reason: str) -> None:
        """The socket is gone."""
        self.close(reason)

    # Time.

    def _schedule(self) -> None:
        self._ticks += 1
        self._timer = self._loop.call_at(self._started + self._ticks * FRAME_S, self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        # After a stall of the loop the missed ticks are skipped, not made up for.
        self._ticks = max(self._ticks, int((now - self._started) / FRAME_S))
        self._hand_up(now, tick=True)
        self._pump(now)
        if now - self._started > self._limits.max_call_s:
            self.close("error: the call reached its longest duration")
        if not self.closed:
            self._schedule()

    def _hand_up(self, now: float, *, tick: bool) -> None:
        for frame in self._up.take(now, tick=tick):
            self._emit(frame)

    def _pump(self, now: float) -> None:
        if self._out is None or not self._down.busy:
            return
        for piece in self._down.take(now):
            if piece.last:
                self._out.reply_audio_end(piece.reply)
            else:
                self._playing = piece.reply
                self._out.reply_audio(piece.reply, piece.pcm)
        for event in self._down.played(now):
            # Never from inside `play`: the conversation is not re-entered.
            self._loop.call_soon(self._emit, event)

    def _emit(self, event: UpEvent) -> None:
        if self._sink is None or (self.closed and not isinstance(event, Closed)):
            return
        try:
            self._sink.on_event(event)
        except Exception:
            log.exception("websocket.sink_failed", call=self._call_id)
            self.close("error: the call's handler failed")
