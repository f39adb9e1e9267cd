"""What carries a call, seen from the caller: WebRTC or WebSocket behind one shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

from visavis.errors import BusyError, CallFailed
from visavis.seam import LinkReport, Pcm

Transport: TypeAlias = Literal["webrtc", "websocket"]

TakeMicrophone: TypeAlias = Callable[[int], Pcm]
"""Gives the next n samples (16 kHz) of the microphone; called in real time."""

CONNECT_TIMEOUT_S = 10.0


class Listener(Protocol):
    """Who listens to a link. Called on the event loop's thread; must not block."""

    def on_heard(self, at: float, pcm: Pcm) -> None:
        """A frame (24 kHz) whose first sample plays at `at`."""

    def on_sent(self, samples: int, at: float) -> None:
        """So many samples of the microphone had left by `at`."""

    def on_event(self, event: dict[str, Any], at: float) -> None:
        """A realtime event from the server."""

    def on_report(self, report: LinkReport) -> None: ...

    def on_closed(self, reason: str, at: float) -> None:
        """The call is over; nothing follows."""


class Link(Protocol):
    """One call to a server."""

    transport: Transport

    @property
    def call_id(self) -> str: ...

    async def open(self) -> float:
        """Connect; returns the loop time when media began to flow. CallFailed, BusyError."""

    def send(self, event: dict[str, Any]) -> None:
        """Send a realtime event."""

    async def close(self) -> None:
        """Hang up and free everything. Idempotent."""


class Unreachable(CallFailed):
    """This transport cannot reach the server; another one may."""

    code = "unreachable"


def check_url(server: str) -> str:
    """A server's base URL without a trailing slash. CallFailed if it is none."""
    parts = urlsplit(server if "://" in server else f"http://{server}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CallFailed(f"{server!r} is not a server's URL; expected http://host:port")
    try:
        _ = parts.port
    except ValueError as error:
        raise CallFailed(f"{server!r} has a wrong port: {error}") from error
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def parse_event(data: str | bytes) -> dict[str, Any] | None:
    """A realtime event, or None if the message is not a JSON object."""
    try:
        message = json.loads(data)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def refusal(status: int, body: str, url: str) -> CallFailed | BusyError:
    """The error for an HTTP answer other than success."""
    message = parse_event(body) or {}
    error = message.get("error")
    words = error.get("message") if isinstance(error, dict) else None
    reason = str(words or body[:200].strip() or "no reason given")
    if status == 503 or (isinstance(error, dict) and error.get("code") == "busy"):
        return BusyError(f"{url} is busy: {reason}")
    return CallFailed(f"{url} refused the call with HTTP {status}: {reason}")
