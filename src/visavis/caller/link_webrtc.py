"""A call over WebRTC, with the same native core as the server."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias
from urllib.parse import urlsplit

import structlog

from visavis.caller.link import (
    CONNECT_TIMEOUT_S,
    Listener,
    TakeMicrophone,
    Transport,
    Unreachable,
    parse_event,
)
from visavis.caller.pacing import TickSender
from visavis.caller.signalling import Signalling
from visavis.caller.steered import Steered
from visavis.errors import CallEnded, CallFailed, NativeMissingError, SignallingError
from visavis.line import FrameIn, LineEngine, LinePort, MakeSink
from visavis.seam import (
    FRAME_IN,
    FRAME_S,
    RATE_IN,
    RATE_OUT,
    UPLINK_PLAN,
    AudioIn,
    CallLimits,
    Closed,
    Connected,
    LinkReport,
    Mark,
    NetworkSettings,
    Played,
    SendPlan,
    Text,
    UpEvent,
)

log = structlog.get_logger(__name__)

LEAD_FRAMES = 12
"""Frames kept queued in the engine, so that a short stall of this process is not heard."""
_MIC = 1
"""The microphone is one endless reply of ours."""
FRAME_RTP = 960
"""20 ms in RTP units of 48 kHz."""
QUIET_MS = 2000.0
"""Nothing came for so long: the path is dead (a server is heard from at least every 400 ms)."""
RESTART_EVERY_MS = 3000.0
_REPORT_FRAMES = 5
"""While the agent is heard, what was played is reported every so many frames."""


class Line(Protocol):
    """The part of `line.LineEngine` and `line.SteppedEnd` that a caller needs. Heard at 24 kHz
    with playout, played to at 16 kHz."""

    def offer(self, make_sink: MakeSink) -> tuple[LinePort, str]: ...
    async def aclose(self) -> None: ...


MakeLine: TypeAlias = Callable[[], Line]
"""Opens the line of one call. NativeMissingError, SettingsError."""


def engine(host: str) -> Line:
    """A line on this machine's address `host`."""
    return LineEngine(
        NetworkSettings(host=host),
        CallLimits(),
        receive_rate=RATE_OUT,
        play_rate=RATE_IN,
        playout=True,
        max_calls=1,
    )


class WebRtcLink:
    """SDP by `signalling`, then media and the data channel."""

    transport: Transport = "webrtc"

    def __init__(
        self,
        signalling: Signalling,
        microphone: TakeMicrophone,
        listener: Listener,
        *,
        plan: SendPlan = UPLINK_PLAN,
        adapt: bool = True,
        tells: bool = True,
        make_line: MakeLine | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> None:
        """`tells`: the server knows our own events, by which it is told what arrived and what was
        played. Without `make_line` it opens one on the address from which the server is reached."""
        self._signalling = signalling
        self._tells = tells
        self._make_line = make_line
        self._connect_timeout_s = connect_timeout_s
        self._microphone = microphone
        self._listener = listener
        self._plan = plan
        self._line: Line | None = None
        self._port: LinePort | None = None
        self._connected: asyncio.Future[float] | None = None
        self._feeder: asyncio.Task[None] | None = None
        self._pacing = TickSender(FRAME_S, LEAD_FRAMES)
        self._heard_frames = 0
        self._played: int | None = None
        """RTP timestamp up to which the frame before this one reached; None if it was silence."""
        self._closed = False
        self._steered = Steered(adapt=adapt)
        self._restart_after_ms = QUIET_MS
        self._restarting: asyncio.Task[None] | None = None

    @property
    def call_id(self) -> str:
        return self._signalling.call_id

    async def open(self) -> float:
        server = self._signalling.server
        try:
            self._line = await self._open_line()
        except NativeMissingError as error:
            raise Unreachable(str(error)) from error
        self._connected = asyncio.get_running_loop().create_future()
        try:
            self._port, offer = self._line.offer(lambda port: self)
            self._port.on_frame = self._on_frame
            self._port.set_plan(self._plan)
            self._port.set_answer(await self._signalling.exchange(offer))
            async with asyncio.timeout(self._connect_timeout_s):
                began = await self._connected
        except TimeoutError as error:
            await self.close()
            raise Unreachable(
                f"{server} answered, but no media passed within {self._connect_timeout_s:g} s: "
                "UDP is blocked or the server announces an address that is not reachable"
            ) from error
        except BaseException:
            self._connected.cancel()  # closing settles it, and nobody would look
            await self.close()
            raise
        self._feeder = asyncio.create_task(self._feed(), name="caller-microphone")
        return began

    async def _open_line(self) -> Line:
        if self._make_line is not None:
            return self._make_line()
        return engine(await asyncio.to_thread(local_address, self._signalling.server))

    # What the line tells (a seam.CallSink).

    def on_event(self, event: UpEvent) -> None:
        match event:
            case Connected(at=at):
                if self._connected is not None and not self._connected.done():
                    self._pacing.ticked(at)
                    self._connected.set_result(at)
            case Text(data=data, at=at):
                message = parse_event(data)
                if message is not None:
                    if self._port is not None:
                        self._steered.on_message(self._port, message)
                    self._listener.on_event(message, at)
            case LinkReport():
                self._on_report(event)
            case Closed(reason=reason, at=at):
                self._closed = True
                if self._connected is not None and not self._connected.done():
                    server = self._signalling.server
                    self._connected.set_exception(
                        Unreachable(f"the call to {server} was not connected: {reason}")
                    )
                    return
                self._listener.on_closed(reason, at)
            case AudioIn() | Played():
                pass  # frames come through on_frame; what left is known from the pacing

    def _on_report(self, report: LinkReport) -> None:
        """Tell the server how its speech arrives; begin ICE anew when nothing does any more."""
        if self._port is not None and self._tells:
            self._steered.on_report(self._port, report)
        self._listener.on_report(report)
        if report.quiet_ms < QUIET_MS:
            self._restart_after_ms = QUIET_MS
        elif report.quiet_ms >= self._restart_after_ms and self._signalling.restarts:
            self._restart_after_ms = report.quiet_ms + RESTART_EVERY_MS
            if self._restarting is None or self._restarting.done():
                self._restarting = asyncio.create_task(self._restart(), name="caller-ice-restart")

    async def _restart(self) -> None:
        """The network has changed, perhaps: ICE from where this machine is now. What does not
        succeed is tried again as long as the call is quiet, and alive."""
        if self._port is None:
            return
        try:
            host = await asyncio.to_thread(local_address, self._signalling.server)
            answer = await self._signalling.restart(self._port.offer_restart(host))
            if answer is not None and self._port is not None:
                self._port.set_answer(answer)
        except (CallEnded, CallFailed, SignallingError) as error:
            log.info("caller.ice_restart_failed", call=self.call_id, error=str(error))

    def _on_frame(self, frame: FrameIn) -> None:
        self._pacing.ticked(frame.at)
        self._report(frame)
        self._listener.on_heard(frame.at, frame.pcm)

    def _report(self, frame: FrameIn) -> None:
        """Tell what was played before this frame, which only begins to play now: at once for
        the first frames of a reply and for its end, in between every so often."""
        sound = frame.mark is not Mark.MISSING
        played, self._played = self._played, (frame.rtp + FRAME_RTP) if sound else None
        self._heard_frames = self._heard_frames + 1 if played is not None else 0
        if (
            self._tells
            and played is not None
            and (
                not sound
                or self._heard_frames <= _REPORT_FRAMES
                or self._heard_frames % _REPORT_FRAMES == 0
            )
        ):
            self.send({"type": "visavis.playback", "rtp_timestamp": played & 0xFFFF_FFFF})

    async def _feed(self) -> None:
        """Keep the engine's queue filled by a few frames."""
        now = asyncio.get_running_loop().time
        while self._port is not None and not self._port.closed:
            for frames, at in self._pacing.left(now()):
                self._listener.on_sent(frames * FRAME_IN, at)
            for _ in range(self._pacing.fill(now())):
                self._port.play(_MIC, self._microphone(FRAME_IN))
            await asyncio.sleep(FRAME_S / 2)

    def send(self, event: dict[str, Any]) -> None:
        if self._port is not None:
            self._port.send(json.dumps(event))

    async def close(self) -> None:
        for task in (self._feeder, self._restarting):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._feeder = self._restarting = None
        if not self._closed:
            await self._signalling.hang_up()
        if self._line is not None:
            line, self._line = self._line, None
            await line.aclose()


def local_address(server: str) -> str:
    """The address of this machine from which the server is reached."""
    parts = urlsplit(server)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        family, _, _, _, address = socket.getaddrinfo(
            parts.hostname, port, type=socket.SOCK_DGRAM, family=socket.AF_INET
        )[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(address)  # sends nothing; only asks for the route
            return str(probe.getsockname()[0])
    except OSError as error:
        raise CallFailed(f"cannot find {parts.hostname}: {error.strerror or error}") from error
