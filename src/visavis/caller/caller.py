"""The headless caller: a script of recordings spoken into a server, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import structlog

from visavis.audio import Stereo, dbfs, resample
from visavis.caller.director import REPLY_TIMEOUT_S, Director, Situation, Step
from visavis.caller.link import (
    CONNECT_TIMEOUT_S,
    Link,
    Listener,
    TakeMicrophone,
    Unreachable,
    check_url,
)
from visavis.caller.link_webrtc import WebRtcLink
from visavis.caller.link_websocket import WebSocketLink
from visavis.caller.measure import AUDIBLE_DBFS
from visavis.caller.microphone import Microphone, Spoken
from visavis.caller.notes import Notes
from visavis.caller.result import CallResult, Placed, measure_turns
from visavis.caller.script import Utterance
from visavis.caller.signalling import RealtimeSignalling
from visavis.caller.track import SpokenClock, Track
from visavis.errors import CallFailed
from visavis.link_window import LinkWindow, to_fields
from visavis.seam import FRAME_S, RATE_IN, RATE_OUT, UPLINK_PLAN, LinkReport, Pcm, SendPlan

log = structlog.get_logger(__name__)

QUIET_GAP_S = 0.3
"""A sound after so much quiet begins a new stretch of the agent's speech."""
QUIET_BY_EAR_S = 1.2
"""So long without a sound: an agent that does not tell has finished its reply."""
LINGER_S = 5.0

TransportChoice: TypeAlias = Literal["auto", "webrtc", "ws"]
OnEvent: TypeAlias = Callable[[dict[str, Any]], None]
Dial: TypeAlias = Callable[[TakeMicrophone, Listener], Awaitable[tuple[Link, float]]]
"""Opens a link to whom is called; returns it with the loop time when media began to flow."""


@dataclass(slots=True)
class CallOptions:
    """How a call is made."""

    server: str
    transport: TransportChoice = "auto"
    api_key: str | None = None
    verify_tls: bool = True
    reply_timeout_s: float = REPLY_TIMEOUT_S
    max_call_s: float = 1800.0
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    """How long media may take to pass, once the server has answered."""
    plan: SendPlan = UPLINK_PLAN
    """How the microphone is sent over WebRTC."""
    adapt: bool = True
    """The server may change that as the network changes."""
    session: dict[str, Any] = field(default_factory=dict)
    """Sent as `session.update` once connected, if not empty."""
    by_ear: bool = False
    """An agent that announces no replies is taken to reply whenever it is heard."""
    linger: Callable[[], bool] | None = None
    """While it says so, and at most `LINGER_S`, the call goes on after the script's end: what the
    server has to say may be late."""
    on_said: Callable[[Spoken], None] | None = None
    """Told when an utterance of the script begins."""
    on_event: OnEvent | None = None
    """Sees every server event as it comes, to show the call while it lasts."""
    on_notice: Callable[[str], None] | None = None
    """Gets sentences for people, such as a change to WebSocket."""


class _Call(Listener):
    """The state of one running call; the links talk to it."""

    def __init__(self, options: CallOptions, script: list[Utterance]) -> None:
        self._options = options
        self._script = script
        self.microphone = Microphone()
        self.clock = SpokenClock(RATE_IN)
        self.taken: list[Pcm] = []
        self.heard = Track(RATE_OUT)
        self.notes = Notes()
        self.reports: list[dict[str, Any]] = []
        self._window = LinkWindow(1.0)
        self.sound_start: float | None = None
        self.sound_end: float | None = None
        self.sounds = 0
        """Stretches of the agent's speech so far."""
        self._done: float | None = None
        self.over: tuple[str, float] | None = None
        self.ended = asyncio.Event()

    def take(self, count: int) -> Pcm:
        pcm = self.microphone.take(count)
        self.taken.append(pcm)
        return pcm

    def on_heard(self, at: float, pcm: Pcm) -> None:
        self.heard.add(at, pcm)
        if dbfs(pcm) >= AUDIBLE_DBFS:
            if self.sound_end is None or at - self.sound_end > QUIET_GAP_S:
                self.sound_start = at
                self.sounds += 1
            self.sound_end = at + FRAME_S

    def on_sent(self, samples: int, at: float) -> None:
        self.clock.sent(samples, at)

    def on_event(self, event: dict[str, Any], at: float) -> None:
        self.notes.take(event, at)
        if self._options.on_event is not None:
            self._options.on_event(event)

    def on_report(self, report: LinkReport) -> None:
        # A second is fine enough for people, and short enough for the longest call.
        if (second := self._window.add(report)) is not None:
            self.reports.append({"at": second.at, **to_fields(second)})

    def on_closed(self, reason: str, at: float) -> None:
        self.over = (reason, at)
        self.ended.set()

    async def run(self, began: float) -> list[int]:
        """Speak the script; returns which utterances got no reply."""
        director = Director(self._script, timeout_s=self._options.reply_timeout_s)
        loop = asyncio.get_running_loop()
        while not self.ended.is_set():
            now = loop.time()
            step = director.step(self._situation(now, began))
            if step is Step.SPEAK:
                spoken = self.microphone.say(self._script[director.index - 1])
                if self._options.on_said is not None:
                    self._options.on_said(spoken)
            over = step is Step.HANG_UP or now - began > self._options.max_call_s
            if over and not self._lingers(now):
                break
            await asyncio.sleep(FRAME_S)
        return director.unanswered

    def _lingers(self, now: float) -> bool:
        """The script is over; whether the call goes on for what is still to be told."""
        if self._done is None:
            self._done = now
        wanted = self._options.linger
        return wanted is not None and now - self._done < LINGER_S and wanted()

    def _situation(self, now: float, began: float) -> Situation:
        start, end = self.sound_start, self.sound_end
        created, still_open = len(self.notes.responses), len(self.notes.open_responses)
        if self._options.by_ear and not created:
            created = self.sounds
            still_open = int(end is not None and now - end < QUIET_BY_EAR_S)
        return Situation(
            now=now - began,
            speaking=self.microphone.speaking,
            agent_sound_start=None if start is None else start - began,
            agent_sound_end=None if end is None else end - began,
            open_responses=still_open,
            responses_created=created,
            responses_done=created - still_open,
        )

    def result(self, link: Link, began: float, unanswered: list[int]) -> CallResult:
        """Everything measured, once the link is closed."""
        ends = [began, self.heard.end or began]
        sent = self.clock.spoken_at(self.clock.samples - 1)
        end = max(*ends, sent or began)
        tracks = Stereo(self._person(began, end), self.heard.render(began, end))
        for line in self.notes.lines:
            line.at -= began
        reports = [{**report, "at": round(report["at"] - began, 3)} for report in self.reports]
        links = [{**each, "at": round(each["at"] - began, 3)} for each in self.notes.links]
        turns = measure_turns(
            self._placed(began, self._media_origin(link, began)),
            self.notes,
            tracks,
            began=began,
            unanswered=unanswered,
        )
        return CallResult(
            call_id=link.call_id,
            server=self._options.server,
            transport=link.transport,
            duration_s=round(end - began, 3),
            ended=self.over[0] if self.over else "local",
            turns=turns,
            lines=self.notes.lines,
            ledgers=self.notes.ledgers,
            server_link=links,
            client_link=reports,
            errors=self.notes.errors,
            tracks=tracks,
        )

    def _person(self, began: float, end: float) -> Pcm:
        """What the microphone gave, at the times it was spoken, at 24 kHz."""
        track = Track(RATE_IN)
        if self.taken:
            whole = np.concatenate(self.taken)
            for first, last, at in self.clock.frames():
                track.add(at, whole[first:last])
        return resample(track.render(began, end), RATE_IN, RATE_OUT)

    def _media_origin(self, link: Link, began: float) -> float | None:
        """When the call's media time began for the server. Over WebRTC the line sends a packet
        of silence in the tick of the connection, before the microphone's first."""
        return began if link.transport == "webrtc" else self.clock.spoken_at(0)

    def _placed(self, began: float, origin: float | None) -> list[Placed]:
        """Each utterance that was spoken in full, on the time line."""
        placed = []
        for index, spoken in enumerate(self.microphone.spoken):
            start = self.clock.spoken_at(spoken.speech_start)
            end = self.clock.spoken_at(spoken.speech_end - 1)
            if origin is not None and start is not None and end is not None:
                utterance = spoken.utterance
                media_end = round((end - origin) * RATE_IN) + 1
                placed.append(Placed(index, utterance, start - began, end - began, media_end))
        return placed


async def call(
    script: list[Utterance], options: CallOptions, dial: Dial | None = None
) -> CallResult:
    """Make a call and speak the script. CallFailed, BusyError; a call that breaks off in the
    middle gives a result whose `ended` says why. `dial` reaches others than `options.server`."""
    if not script:
        raise CallFailed("there is nothing to say: the script has no turns")
    running = _Call(options, script)
    if dial is None:
        link, began = await connect(options, running.take, running)
    else:
        link, began = await dial(running.take, running)
    try:
        if options.session:
            link.send({"type": "session.update", "session": options.session})
        unanswered = await running.run(began)
    finally:
        await link.close()
    return running.result(link, began, unanswered)


async def connect(
    options: CallOptions, microphone: TakeMicrophone, listener: Listener
) -> tuple[Link, float]:
    """Open a link by the transport asked for, by WebSocket if `auto` finds WebRTC impossible.
    Returns it with the loop time when media began to flow."""
    server = check_url(options.server)
    headers = {"Authorization": f"Bearer {options.api_key}"} if options.api_key else {}
    if options.transport != "ws":
        webrtc = WebRtcLink(
            RealtimeSignalling(server, headers=headers, verify=options.verify_tls),
            microphone,
            listener,
            plan=options.plan,
            adapt=options.adapt,
            connect_timeout_s=options.connect_timeout_s,
        )
        try:
            return webrtc, await webrtc.open()
        except Unreachable as error:
            if options.transport == "webrtc":
                raise
            log.info("caller_falls_back", reason=str(error))
            if options.on_notice is not None:
                options.on_notice(f"WebRTC is not possible, calling over WebSocket: {error}")
    socket = WebSocketLink(server, microphone, listener, headers=headers, verify=options.verify_tls)
    return socket, await socket.open()
