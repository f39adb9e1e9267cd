"""The native line over a network in virtual time: a call of minutes in seconds, the same twice."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import soxr
import visavis_line

from lineloss.ends import Recording
from lineloss.material import RATE, Stream, replies
from lineloss.native import Heard, Listener
from lineloss.networks import BASE_S, NETWORKS, Network, Path
from visavis.line import IP_UDP_BYTES

TICK_S = 0.02
PLAY_RATE = 24_000
SETTLE_S = 2.0
"""The call is set up in a clean network and talks from then on."""
FAR_PHASE_S = 0.007
"""How far apart the two ends' ticks are."""
_NEAR, _FAR = "10.0.0.1:5000", "10.0.0.2:6000"


@dataclass
class Outcome:
    up: Recording
    """What the far end's recogniser got."""
    down: Recording
    """What the near end's ear got."""
    up_kbps: float
    down_kbps: float
    """On the wire with IP and UDP headers, before losses."""


Deliver = Callable[[float, int], float | None]
"""When a packet of so many bytes (with IP and UDP headers) arrives that was sent at that time, in
seconds since the network began; None if never. Times never fall."""


@dataclass(frozen=True)
class Ways:
    """Both directions of one call's network: up, then down."""

    deliver: tuple[Deliver, Deliver]
    base_s: tuple[float, float]
    """While the call is set up."""


def ways_of(network: Network, seed: int) -> Ways:
    up, down = (Path(network, f"{seed}/{side}") for side in (0, 1))
    return Ways(
        (lambda now, _: up.deliver(now), lambda now, _: down.deliver(now)), (BASE_S, BASE_S)
    )


Way = Literal["up", "down"]
Steer = Callable[[int, Any, int, Any], None]
"""Sees each end's batch (side, end, call, batch) as the program around that end would, and may send
texts and set plans. Side 0 is the client, side 1 the server."""


def call(
    stream: Stream,
    network: Network | Ways,
    plan: dict[str, Any],
    seed: int,
    *,
    down_plan: dict[str, Any] | None = None,
    steer: Steer | None = None,
    both: bool = True,
) -> Outcome:
    """Both ends speak `stream` to each other at once (or only the client), the near one as a
    microphone does, the far one utterance by utterance as a voice engine, by the same plan unless
    `down_plan` says what the server begins with."""
    near = visavis_line.Stepped(
        seed=2 * seed, address=_NEAR, receive_rate=RATE, play_rate=PLAY_RATE, playout=True,
        max_queue_s=600.0,
    )  # fmt: skip
    far = visavis_line.Stepped(
        seed=2 * seed + 1, address=_FAR, receive_rate=RATE, play_rate=PLAY_RATE,
        max_queue_s=600.0, start=FAR_PHASE_S,
    )  # fmt: skip
    ends = (near, far)
    ours, offer = near.offer()
    theirs, answer = far.accept(offer)
    near.answer(ours, answer)
    calls = (ours, theirs)
    for end, number, own in zip(ends, calls, (plan, down_plan or plan), strict=True):
        end.set_plan(number, **own)
    listeners = (Listener(), Listener())
    sound = soxr.resample(stream.pcm, RATE, PLAY_RATE).astype("<i2").tobytes()
    firsts = replies(stream) if both else []
    cut = np.split(stream.pcm, firsts[1:])
    parts = [
        (SETTLE_S + first / RATE, soxr.resample(part, RATE, PLAY_RATE).astype("<i2").tobytes())
        for first, part in zip(firsts, cut, strict=False)
    ]
    said = 0
    ways = network if isinstance(network, Ways) else ways_of(network, seed)
    sent = [0, 0]
    flying: list[tuple[float, int, int, bytes]] = []
    count = 0
    spoke = [0.0, 0.0]
    last_tick = int((SETTLE_S + stream.seconds) / TICK_S)

    def collect(now: float) -> None:
        nonlocal count
        for side, end in enumerate(ends):
            for _, packet in end.packets():
                arrival: float | None = now + ways.base_s[side]
                if now >= SETTLE_S:
                    size = len(packet) + IP_UDP_BYTES
                    sent[side] += size
                    delivered = ways.deliver[side](now - SETTLE_S, size)
                    arrival = None if delivered is None else SETTLE_S + delivered
                if arrival is not None:
                    count += 1
                    heapq.heappush(flying, (arrival, count, 1 - side, packet))

    def deliver(until: float) -> None:
        while flying and flying[0][0] <= until:
            at, _, side, packet = heapq.heappop(flying)
            ends[side].receive(at, _FAR if side == 0 else _NEAR, packet)
            collect(at)

    for tick in range(1, last_tick + 1):
        for side, end in enumerate(ends):
            now = tick * TICK_S + (FAR_PHASE_S if side else 0.0)
            deliver(now)
            if tick == round(SETTLE_S / TICK_S):
                # Half a tick before it is encoded, as a microphone's frame is on average.
                spoke[side] = now + TICK_S / 2 - SETTLE_S
                listeners[side].start = SETTLE_S
            batch = end.step(now)
            listeners[side].take(batch)
            if steer is not None:
                steer(side, end, calls[side], batch)
            if side == 0 and tick == round(SETTLE_S / TICK_S):
                end.play(calls[side], 1, sound)
            while side == 1 and said < len(parts) and now >= parts[said][0]:
                end.play(calls[side], 1 + said, parts[said][1])
                end.finish(calls[side], 1 + said)
                said += 1
            collect(now)
    seconds = (last_tick - SETTLE_S / TICK_S) * TICK_S
    heard = [
        listener.heard.get(number, Heard()).recording(at, {})
        for listener, number, at in zip(listeners, calls, spoke, strict=True)
    ]
    up_kbps, down_kbps = (8e-3 * n / seconds for n in sent)
    return Outcome(heard[1], heard[0], up_kbps, down_kbps)


class RateCurve:
    """What a plan sends on the wire at any Opus bitrate: measured at a few, straight between."""

    def __init__(self, stream: Stream, plan: dict[str, Any], way: Way = "up") -> None:
        self._plan = plan
        self._bitrates = (8_000, 16_000, 32_000, 64_000, 96_000)
        self._kbps = [
            getattr(call(stream, NETWORKS[0], {**plan, "bitrate": bitrate}, 1), f"{way}_kbps")
            for bitrate in self._bitrates
        ]

    def at(self, kbps: float) -> dict[str, Any] | None:
        """The plan at the bitrate that sends `kbps`; None if none of those does."""
        if not self._kbps[0] <= kbps <= self._kbps[-1]:
            return None
        return {**self._plan, "bitrate": round(np.interp(kbps, self._kbps, self._bitrates))}
