"""One running call: a transport, a session and a client, joined and taken apart again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal, Protocol

import structlog

from visavis.conversation.events import SessionError, SessionEvent
from visavis.network import Adaptive, Controller
from visavis.realtime import Narrator, RealtimeBridge
from visavis.realtime.server_events import error
from visavis.realtime.steering import Steering
from visavis.seam import (
    UPLINK_PLAN,
    CallPort,
    CallSink,
    Closed,
    Connected,
    LinkReport,
    SendPlan,
    Text,
    UpEvent,
)
from visavis.server.scribe import Scribe

log = structlog.get_logger(__name__)

Transport = Literal["webrtc", "websocket"]
CLOSE_TIMEOUT_S = 5.0
"""A session that does not end within this is abandoned (and the log says so)."""


class RunningSession(CallSink, Protocol):
    """The part of `conversation.Session` that a call needs besides `realtime.Talk`."""

    def subscribe(self, listener: Callable[[SessionEvent], None]) -> Callable[[], None]: ...
    def start(self) -> None: ...
    async def aclose(self) -> None: ...


class Call:
    """Takes the transport's events (it is a `seam.CallSink`) and lives until `Closed`."""

    def __init__(self, port: CallPort, transport: Transport) -> None:
        self.id = port.call_id
        self.transport = transport
        self.port = port
        self.reason = ""
        """Why it ended; empty while it runs."""
        self.task: asyncio.Task[None] | None = None
        self._session: RunningSession | None = None
        self._bridge: RealtimeBridge | None = None
        self._scribe: Scribe | None = None
        self._steering: Steering | None = None
        self._over = asyncio.Event()

    def join(self, session: RunningSession, bridge: RealtimeBridge, scribe: Scribe) -> None:
        """Give the call its inside, before the transport's first event."""
        self._session, self._bridge, self._scribe = session, bridge, scribe
        session.subscribe(scribe.on_session_event)
        session.subscribe(self._watch)

    def steer(self, plan: SendPlan, *, fixed: bool) -> None:
        """Send as the network allows, beginning with `plan`. After `join`."""
        assert self._session is not None and self._bridge is not None, "join() comes first"
        controller = Controller(up=Adaptive(UPLINK_PLAN), down=Adaptive(plan))
        self._steering = Steering(
            self.port, self._bridge.far, self._bridge.narrator.tell, controller, fixed=fixed
        )
        self._session.subscribe(self._steering.on_session_event)

    def on_event(self, event: UpEvent) -> None:
        if self._session is None or self._bridge is None or self.reason:
            return
        if isinstance(event, Text):
            self._bridge.on_text(event.data, event.at)
            return
        if isinstance(event, LinkReport):
            event = self._bridge.far.complete(event)
            if self._steering is not None:
                self._steering.on_report(event)
        if isinstance(event, Connected):
            self._bridge.open()
        if isinstance(event, Closed):
            self.reason = event.reason
            self._over.set()
        self._session.on_event(event)
        self._bridge.on_port_event(event)

    @property
    def narrator(self) -> Narrator:
        """Who puts a WebSocket call's speech on the wire."""
        assert self._bridge is not None, "join() comes first"
        return self._bridge.narrator

    def configure(self, config: dict[str, Any]) -> None:
        """Apply the session that came with the offer, as `session.update` would."""
        if self._bridge is not None:
            self._bridge.configure(config)

    def tell(self, code: str, message: str, *, kind: str = "server_error") -> None:
        """Tell the client something about its call, as an `error` event."""
        if self._bridge is not None and not self.reason:
            self._bridge.narrator.tell(error(code, message, kind=kind))

    def _watch(self, event: SessionEvent) -> None:
        if isinstance(event, SessionError) and event.fatal:
            self.port.close(f"error: {event.code}")

    async def run(self) -> None:
        """Start the session, wait for the end, free everything. Raises nothing."""
        assert self._session is not None and self._bridge is not None and self._scribe is not None
        try:
            self._session.start()
            await self._over.wait()
        except Exception:
            log.exception("call.session_failed", call=self.id)
            self.tell("internal_error", "The conversation failed; the call ends.")
            self.port.close("error: the session failed")
            self.reason = self.reason or "error: the session failed"
        finally:
            self._bridge.close()
            await self._close_session(self._session)
            self._scribe.close()
            # The call's parts know each other; let go, so that they are freed at once.
            self._session = self._bridge = self._scribe = self._steering = None

    async def _close_session(self, session: RunningSession) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await session.aclose()
        except TimeoutError:
            log.error("call.session_stuck", call=self.id, seconds=CLOSE_TIMEOUT_S)
        except Exception:
            log.exception("call.close_failed", call=self.id)
