"""A call over WebRTC, with the same native core as the server."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import structlog

from visavis.caller.link import (
    CONNECT_TIMEOUT_S,
    Listener,
    TakeMicrophone,
    Transport,
    Unreachable,
    parse_event,
    refusal,
)
from visavis.caller.pacing import TickSender
from visavis.errors import CallEnded, CallFailed, NativeMissingError, SettingsError, SignallingError
from visavis.line import FrameIn, LineEngine, LinePort
from visavis.link_window import Teller, of_line
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
from visavis.settings import plan_from_event

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
RESTART_TIMEOUT_S = 2.5
_REPORT_FRAMES = 5
"""While the agent is heard, what was played is reported every so many frames."""


class WebRtcLink:
    """POST of the offer to /v1/realtime/calls, then media and the data channel."""

    transport: Transport = "webrtc"

    def __init__(
        self,
        server: str,
        microphone: TakeMicrophone,
        listener: Listener,
        *,
        headers: dict[str, str],
        verify: bool = True,
        plan: SendPlan = UPLINK_PLAN,
        adapt: bool = True,
    ) -> None:
        self._server = server
        self._microphone = microphone
        self._listener = listener
        self._headers = headers
        self._verify = verify
        self._plan = plan
        self._adapt = adapt
        self._engine: LineEngine | None = None
        self._port: LinePort | None = None
        self._location: str | None = None
        self._connected: asyncio.Future[float] | None = None
        self._feeder: asyncio.Task[None] | None = None
        self._pacing = TickSender(FRAME_S, LEAD_FRAMES)
        self._heard_frames = 0
        self._played: int | None = None
        """RTP timestamp up to which the frame before this one reached; None if it was silence."""
        self._closed = False
        self._teller = Teller()
        self._restart_after_ms = QUIET_MS
        self._restarting: asyncio.Task[None] | None = None
        self._can_restart = True
        self.call_id = ""

    async def open(self) -> float:
        loop = asyncio.get_running_loop()
        host = await asyncio.to_thread(_local_address, self._server)
        try:
            self._engine = LineEngine(
                NetworkSettings(host=host),
                CallLimits(),
                receive_rate=RATE_OUT,
                play_rate=RATE_IN,
                playout=True,
                max_calls=1,
            )
        except NativeMissingError as error:
            raise Unreachable(str(error)) from error
        self._connected = loop.create_future()
        try:
            self._port, offer = self._engine.offer(lambda port: self)
            self._port.on_frame = self._on_frame
            self._port.set_plan(self._plan)
            self._port.set_answer(await self._signal(offer))
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                began = await self._connected
        except TimeoutError as error:
            await self.close()
            raise Unreachable(
                f"{self._server} answered, but no media passed within {CONNECT_TIMEOUT_S:g} s: "
                "UDP is blocked or the server announces an address that is not reachable"
            ) from error
        except BaseException:
            self._connected.cancel()  # closing settles it, and nobody would look
            await self.close()
            raise
        self._feeder = asyncio.create_task(self._feed(), name="caller-microphone")
        return began

    async def _signal(self, offer: str) -> str:
        """Exchange the offer for the answer."""
        url = f"{self._server}/v1/realtime/calls"
        headers = {"Content-Type": "application/sdp", **self._headers}
        try:
            async with httpx.AsyncClient(verify=self._verify, timeout=CONNECT_TIMEOUT_S) as client:
                answer = await client.post(url, content=offer, headers=headers)
        except httpx.HTTPError as error:
            raise CallFailed(f"cannot reach {url}: {error or type(error).__name__}") from error
        if answer.status_code != 201:
            raise refusal(answer.status_code, answer.text, url)
        self._location = answer.headers.get("Location")
        self.call_id = (self._location or "").rstrip("/").rsplit("/", 1)[-1]
        return answer.text

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
                    if message.get("type") == "visavis.plan":
                        self._on_plan(message)
                    self._listener.on_event(message, at)
            case LinkReport():
                self._on_report(event)
            case Closed(reason=reason, at=at):
                self._closed = True
                if self._connected is not None and not self._connected.done():
                    self._connected.set_exception(
                        Unreachable(f"the call to {self._server} was not connected: {reason}")
                    )
                    return
                self._listener.on_closed(reason, at)
            case AudioIn() | Played():
                pass  # frames come through on_frame; what left is known from the pacing

    def _on_plan(self, message: dict[str, Any]) -> None:
        """The server felt the network change. A plan that makes no sense changes nothing."""
        if not self._adapt or self._port is None:
            return
        try:
            self._port.set_plan(plan_from_event(message))
        except SettingsError as error:
            log.warning("caller.plan_refused", server=self._server, error=str(error))

    def _on_report(self, report: LinkReport) -> None:
        """Tell the server how its speech arrives; begin ICE anew when nothing does any more."""
        if (told := self._teller.add(report)) is not None:
            self.send(of_line(told, takes_plan=self._adapt))
        self._listener.on_report(report)
        if report.quiet_ms < QUIET_MS:
            self._restart_after_ms = QUIET_MS
        elif report.quiet_ms >= self._restart_after_ms and self._can_restart:
            self._restart_after_ms = report.quiet_ms + RESTART_EVERY_MS
            if self._restarting is None or self._restarting.done():
                self._restarting = asyncio.create_task(self._restart(), name="caller-ice-restart")

    async def _restart(self) -> None:
        """The network has changed, perhaps: ICE from where this machine is now. What does not
        succeed is tried again as long as the call is quiet, and alive."""
        if self._port is None or self._location is None:
            return
        url = urljoin(f"{self._server}/", self._location)
        headers = {"Content-Type": "application/sdp", **self._headers}
        try:
            host = await asyncio.to_thread(_local_address, self._server)
            offer = self._port.offer_restart(host)
            async with httpx.AsyncClient(verify=self._verify, timeout=RESTART_TIMEOUT_S) as client:
                answer = await client.patch(url, content=offer, headers=headers)
            if answer.status_code in (404, 405):
                # The call is gone, or a server that does not know of this; time will tell.
                self._can_restart = False
            elif answer.status_code == 200 and self._port is not None:
                self._port.set_answer(answer.text)
        except (httpx.HTTPError, CallEnded, CallFailed, SignallingError) as error:
            log.info("caller.ice_restart_failed", server=self._server, error=str(error))

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
        if played is not None and (
            not sound
            or self._heard_frames <= _REPORT_FRAMES
            or self._heard_frames % _REPORT_FRAMES == 0
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
        if self._location is not None and not self._closed:
            await self._hang_up(self._location)
        if self._engine is not None:
            engine, self._engine = self._engine, None
            await engine.aclose()

    async def _hang_up(self, location: str) -> None:
        """Tell the server over HTTP, which unlike the closing packets is known to arrive."""
        self._location = None
        try:
            async with httpx.AsyncClient(verify=self._verify, timeout=3.0) as client:
                url = urljoin(f"{self._server}/", location)
                await client.post(f"{url}/hangup", headers=self._headers)
        except httpx.HTTPError:
            return  # the server is gone, and with it the call


def _local_address(server: str) -> str:
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
