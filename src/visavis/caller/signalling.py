"""How a caller and a server exchange SDP: over HTTP, as the OpenAI Realtime protocol does."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urljoin

import httpx
import structlog

from visavis.caller.link import CONNECT_TIMEOUT_S, refusal
from visavis.errors import CallFailed

log = structlog.get_logger(__name__)

RESTART_TIMEOUT_S = 2.5
HANG_UP_TIMEOUT_S = 3.0
SDP = "application/sdp"


class Signalling(Protocol):
    """One call's way to the far end besides its media."""

    server: str
    """Whom sentences name, and towards whom this machine's address is looked for."""
    restarts: bool
    """Whether beginning ICE anew in mid-call can succeed."""

    @property
    def call_id(self) -> str:
        """The far end's name for the call; empty before the answer."""

    async def exchange(self, offer: str) -> str:
        """The answer to an SDP offer. CallFailed, BusyError."""

    async def restart(self, offer: str) -> str | None:
        """The same for a restart of ICE; None if there is none (now)."""

    async def hang_up(self) -> None:
        """Tell that the call is over. Idempotent, raises nothing."""


class RealtimeSignalling:
    """POST of the offer to /v1/realtime/calls, PATCH and hang-up at its `Location`."""

    def __init__(self, server: str, *, headers: dict[str, str], verify: bool = True) -> None:
        self.server = server
        self.call_id = ""
        self.restarts = True
        self._headers = headers
        self._verify = verify
        self._url: str | None = None
        """The call's own, once it is answered."""

    async def exchange(self, offer: str) -> str:
        url = f"{self.server}/v1/realtime/calls"
        headers = {"Content-Type": SDP, **self._headers}
        try:
            async with httpx.AsyncClient(verify=self._verify, timeout=CONNECT_TIMEOUT_S) as client:
                answer = await client.post(url, content=offer, headers=headers)
        except httpx.HTTPError as error:
            raise CallFailed(f"cannot reach {url}: {error or type(error).__name__}") from error
        if answer.status_code != 201:
            raise refusal(answer.status_code, answer.text, url)
        location = answer.headers.get("Location")
        self.call_id = (location or "").rstrip("/").rsplit("/", 1)[-1]
        self._url = location and urljoin(f"{self.server}/", location)
        return answer.text

    async def restart(self, offer: str) -> str | None:
        if self._url is None:
            return None
        headers = {"Content-Type": SDP, **self._headers}
        try:
            async with httpx.AsyncClient(verify=self._verify, timeout=RESTART_TIMEOUT_S) as client:
                answer = await client.patch(self._url, content=offer, headers=headers)
        except httpx.HTTPError as error:
            log.info("caller.ice_restart_failed", server=self.server, error=str(error))
            return None
        # The call is gone, or a server that does not know of this; time will tell.
        self.restarts = answer.status_code not in (404, 405)
        return answer.text if answer.status_code == 200 else None

    async def hang_up(self) -> None:
        """Over HTTP, which unlike the closing packets is known to arrive."""
        url, self._url = self._url, None
        if url is None:
            return
        try:
            async with httpx.AsyncClient(verify=self._verify, timeout=HANG_UP_TIMEOUT_S) as client:
                await client.post(f"{url}/hangup", headers=self._headers)
        except httpx.HTTPError:
            return  # the server is gone, and with it the call
