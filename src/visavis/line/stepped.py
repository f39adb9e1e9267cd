"""Whole calls in virtual time: two native cores joined by a small seeded network."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from visavis.line.calls import LineCalls
from visavis.line.native import load_native
from visavis.seam import FRAME_S, RATE_IN, RATE_OUT, CallLimits


@dataclass(slots=True, frozen=True)
class LinkNetwork:
    """One direction of a path. Packets never overtake each other."""

    delay_s: float = 0.02
    jitter_s: float = 0.0
    """Up to so much more delay, uniform."""
    loss: float = 0.0
    """Each packet is lost with this probability, independently."""


Carry: TypeAlias = Callable[[float, int], float | None]
"""Another network: from the loop's time and the size of a datagram (bytes, with IP and UDP
headers) to the loop time at which it arrives, None if never."""

IP_UDP_BYTES = 28
"""Headers of IPv4 and UDP, which links carry too."""


class SteppedEnd(LineCalls):
    """One end of a `SteppedLink`; the same calls as `LineEngine`."""

    def __init__(
        self,
        link: SteppedLink,
        *,
        seed: int,
        address: str,
        receive_rate: int,
        play_rate: int,
        playout: bool,
        limits: CallLimits,
        start: float,
    ) -> None:
        self.address = address
        self.core = load_native().Stepped(
            seed=seed,
            address=address,
            start=start,
            receive_rate=receive_rate,
            play_rate=play_rate,
            playout=playout,
            max_message_bytes=limits.max_message_bytes,
            silence_timeout_s=limits.silence_timeout_s,
            max_queue_s=limits.max_audio_ahead_s,
        )
        self._link = link
        super().__init__(self.core, limits, receive_rate)

    async def aclose(self) -> None:
        """Close the whole link: an end alone makes no time pass."""
        await self._link.aclose()


class SteppedLink:
    """A server's and a client's line in one process, without sockets or threads.

    Time is the event loop's: make it on a virtual loop (`visavis.clock`) and a call of ten
    minutes takes seconds; the same seed gives the same packets. NativeMissingError without
    the native module.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        up: LinkNetwork | Carry | None = None,
        down: LinkNetwork | Carry | None = None,
        limits: CallLimits | None = None,
        client_rate: int = RATE_OUT,
        client_play_rate: int = RATE_OUT,
    ) -> None:
        """`up` carries client to server. `client_rate` is what the client hears at,
        `client_play_rate` what it speaks at."""
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        limits = limits or CallLimits()
        self.server = SteppedEnd(
            self,
            seed=2 * seed,
            address="10.0.0.1:5000",
            receive_rate=RATE_IN,
            play_rate=RATE_OUT,
            playout=False,
            limits=limits,
            start=self._start,
        )
        self.client = SteppedEnd(
            self,
            seed=2 * seed + 1,
            address="10.0.0.2:5000",
            receive_rate=client_rate,
            play_rate=client_play_rate,
            playout=True,
            limits=limits,
            start=self._start,
        )
        self._up = _Path(self, self.client, self.server, up or LinkNetwork(), 3 * seed + 1)
        self._down = _Path(self, self.server, self.client, down or LinkNetwork(), 3 * seed + 2)
        self._ticks = 0
        self._timer: asyncio.TimerHandle | None = None
        self._open = True
        self._schedule()

    def _schedule(self) -> None:
        self._ticks += 1
        self._timer = self._loop.call_at(self._start + self._ticks * FRAME_S, self._tick)

    def _tick(self) -> None:
        now = self._start + self._ticks * FRAME_S
        for end in (self.server, self.client):
            end.dispatch(end.core.step(now))
        self.pump(now)
        if self._open:
            self._schedule()

    def pump(self, now: float) -> None:
        """Put what both ends want to send on its way."""
        if self._open:
            self._up.send(now)
            self._down.send(now)

    def change(
        self,
        *,
        up: LinkNetwork | Carry | None = None,
        down: LinkNetwork | Carry | None = None,
    ) -> None:
        """Another network from now on; packets under way arrive as they would have."""
        if up is not None:
            self._up.net = up
        if down is not None:
            self._down.net = down

    async def aclose(self) -> None:
        """Stop time; every sink of a call still running gets `Closed`. Idempotent."""
        if not self._open:
            return
        self._open = False
        if self._timer is not None:
            self._timer.cancel()
        self._up.close()
        self._down.close()
        for end in (self.server, self.client):
            end.close_all(self._loop.time())


class _Path:
    """Datagrams of one end on their way to the other."""

    def __init__(
        self,
        link: SteppedLink,
        source: SteppedEnd,
        target: SteppedEnd,
        net: LinkNetwork | Carry,
        seed: int,
    ) -> None:
        self._link = link
        self._source = source
        self._target = target
        self.net = net
        self._random = random.Random(seed)
        self._loop = asyncio.get_running_loop()
        self._last = 0.0
        self._count = 0
        self._flying: list[tuple[float, int, bytes]] = []
        self._timers: set[asyncio.TimerHandle] = set()

    def send(self, now: float) -> None:
        for destination, packet in self._source.core.packets():
            net = self.net
            if isinstance(net, LinkNetwork):
                arrival = self._cross(net, now)
            elif destination == self._target.address:
                arrival = net(now, len(packet) + IP_UDP_BYTES)
            if destination == self._target.address and arrival is not None:
                self._fly(packet, max(arrival, now))

    def _cross(self, net: LinkNetwork, now: float) -> float | None:
        lost = self._random.random() < net.loss
        late = self._random.random() * net.jitter_s
        if lost:
            return None
        self._last = max(self._last, now + net.delay_s + late)
        return self._last

    def _fly(self, packet: bytes, arrival: float) -> None:
        def arrive() -> None:
            self._timers.discard(timer)
            # Of timers at one moment any may be the first; packets come in their order.
            at, _, first = heapq.heappop(self._flying)
            self._target.core.receive(at, self._source.address, first)
            self._link.pump(at)

        self._count += 1
        heapq.heappush(self._flying, (arrival, self._count, packet))
        timer = self._loop.call_at(arrival, arrive)
        self._timers.add(timer)

    def close(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._flying.clear()
