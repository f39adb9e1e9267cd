"""A call to any WebRTC agent on real sockets, through the relay.

The agent is asked by HTTP, as it is used to; both sides' SDP is changed so that the relay is the
only way between them (see `netlab.signalling`).
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from visavis.caller import CallOptions, CallResult, Utterance, call
from visavis.caller.link import (
    CONNECT_TIMEOUT_S,
    Link,
    Listener,
    TakeMicrophone,
    check_url,
    parse_event,
    refusal,
)
from visavis.caller.link_webrtc import WebRtcLink, engine, local_address
from visavis.caller.signalling import HANG_UP_TIMEOUT_S, SDP, RealtimeSignalling
from visavis.caller.signalling import Signalling as Exchange
from visavis.errors import CallFailed, CheckError
from visavis.netlab.check.settings import Signalling
from visavis.netlab.relay import Address, Relay
from visavis.netlab.scenario import Scenario
from visavis.netlab.signalling import lead_to

_CANDIDATE = re.compile(
    r"^a=candidate:\S+ 1 udp (\d+) (\d+\.\d+\.\d+\.\d+) (\d+) typ (\w+)",
    re.MULTILINE | re.IGNORECASE,
)
_HOST = "127.0.0.1"
"""Between the caller and the relay, which are on one machine."""


@dataclass(slots=True, frozen=True)
class Agent:
    """Whom to call; see `Check`."""

    url: str
    signalling: Signalling | None = None
    verify_tls: bool = True


async def call_agent(
    agent: Agent,
    scenario: Scenario,
    folder: Path,
    seed: int,
    script: list[Utterance],
    options: CallOptions,
) -> CallResult:
    """Hold the call. `Unreachable` if no media passed, CallFailed or BusyError if the agent did
    not answer the offer, CheckError if its answer leaves no way for the relay."""
    headers = {"Authorization": f"Bearer {options.api_key}"} if options.api_key else {}
    url, verify = check_url(agent.url), agent.verify_tls
    kind = agent.signalling or ("sdp" if urlsplit(url).path else "realtime")
    exchange: Exchange
    if kind == "realtime":
        exchange = RealtimeSignalling(url, headers=headers, verify=verify)
    else:
        exchange = PostedOffer(url, headers=headers, verify=verify, as_json=kind == "json")
    relayed = Relayed(exchange, partial(Relay, scenario, seed=seed, folder=folder))

    async def dial(take: TakeMicrophone, listener: Listener) -> tuple[Link, float]:
        link = WebRtcLink(
            relayed,
            take,
            listener,
            plan=options.plan,
            tells=kind == "realtime",
            make_line=lambda: engine(_HOST),
            connect_timeout_s=options.connect_timeout_s,
        )
        return link, await link.open()

    with contextlib.closing(relayed):
        return await call(script, options, dial)


class PostedOffer:
    """An offer posted to a URL: as `application/sdp` (WHIP, RFC 9725) or as JSON. What the
    answer's `Location` names, if anything, is deleted in the end."""

    restarts = False

    def __init__(self, url: str, *, headers: dict[str, str], verify: bool, as_json: bool) -> None:
        self.server = url
        self.call_id = ""
        self._headers = headers
        self._verify = verify
        self._as_json = as_json
        self._location: str | None = None

    async def exchange(self, offer: str) -> str:
        try:
            async with httpx.AsyncClient(verify=self._verify, timeout=CONNECT_TIMEOUT_S) as client:
                if self._as_json:
                    body = {"sdp": offer, "type": "offer"}
                    answer = await client.post(self.server, json=body, headers=self._headers)
                else:
                    headers = {"Content-Type": SDP, **self._headers}
                    answer = await client.post(self.server, content=offer, headers=headers)
        except httpx.HTTPError as error:
            raise CallFailed(
                f"cannot reach {self.server}: {error or type(error).__name__}"
            ) from error
        if answer.status_code not in (200, 201):
            raise refusal(answer.status_code, answer.text, self.server)
        location = answer.headers.get("Location")
        self._location = location and urljoin(self.server, location)
        return self._sdp_of(answer.text)

    def _sdp_of(self, body: str) -> str:
        sdp = (parse_event(body) or {}).get("sdp") if self._as_json else body
        if isinstance(sdp, str) and sdp.startswith("v=0"):
            return sdp
        expected = 'an object with "sdp"' if self._as_json else "SDP"
        raise CallFailed(
            f"{self.server} answered with {body[:60]!r}, which is not {expected}; "
            "--signalling says how the agent is asked: sdp, json or realtime"
        )

    async def restart(self, offer: str) -> str | None:
        return None

    async def hang_up(self) -> None:
        url, self._location = self._location, None
        if url is None:
            return
        # An agent that is gone, or knows no such thing, has hung up.
        with contextlib.suppress(httpx.HTTPError):
            async with httpx.AsyncClient(verify=self._verify, timeout=HANG_UP_TIMEOUT_S) as client:
                await client.delete(url, headers=self._headers)


class Relayed:
    """Another signalling with a relay between both ends, from the answer on until `close`.

    There is no restart of ICE: from a new address the caller would meet a new network.
    """

    restarts = False

    def __init__(self, inner: Exchange, make_relay: Callable[..., Relay]) -> None:
        self._inner = inner
        self._make_relay = make_relay
        self._relay: Relay | None = None
        self._thread: threading.Thread | None = None
        self.server = inner.server

    @property
    def call_id(self) -> str:
        return self._inner.call_id

    async def exchange(self, offer: str) -> str:
        # The agent is told where the relay will send from: some give up if they know no address.
        back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            back.bind(("0.0.0.0", 0))
            back.setblocking(False)
            seen_from = local_address(self.server)
            answer = await self._inner.exchange(lead_to((seen_from, back.getsockname()[1]), offer))
            to = address_in(answer, seen_from)
            self._relay = self._make_relay(listen=(_HOST, 0), to=to, back=back)
        except BaseException:
            back.close()
            raise
        self._thread = threading.Thread(target=self._relay.run, name="check-relay", daemon=True)
        self._thread.start()
        return lead_to(self._relay.address, answer)

    async def restart(self, offer: str) -> str | None:
        return None

    async def hang_up(self) -> None:
        await self._inner.hang_up()

    def close(self) -> None:
        """Free the relay. Idempotent."""
        relay, self._relay = self._relay, None
        if relay is not None and self._thread is not None:
            relay.stop()
            self._thread.join()
            relay.close()


def address_in(answer: str, seen_from: str) -> Address:
    """Where an SDP answer wants its media: the IPv4 address of its candidates that lies nearest.
    CheckError if it names none."""
    near = is_loopback(seen_from)
    found = [
        (is_loopback(host) == near, kind.lower() == "host", int(priority), host, int(port))
        for priority, host, port, kind in _CANDIDATE.findall(answer)
        if 0 < int(port) < 65_536
    ]
    if not found:
        raise CheckError(
            "the agent's SDP answer names no IPv4 address for UDP; it must have gathered its "
            "candidates before it answers (no trickle ICE, no mDNS names)"
        )
    return max(found)[3:]


def is_loopback(host: str) -> bool:
    return host.startswith("127.")
