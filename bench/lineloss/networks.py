"""What a network does to each packet: a seeded decision from its index and time.

A `Path` is one direction of one call. Two paths with the same network and seed decide the same
for the n-th packet (independent and Gilbert loss, jitter, traces) or the same moment (bursts,
queues), whatever stack sends it. Delays come on top of `BASE_S`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path as File

from visavis.netlab.mine.readers import rtpdump
from visavis.netlab.mine.rtp import RtpPacket

BASE_S = 0.02
"""One way, always."""

Decision = float | None
"""Seconds of delay beyond the base, or None: lost."""

Decide = Callable[[int, float], Decision]
"""From a packet's index and its time in seconds since the network began."""


@dataclass(frozen=True)
class Network:
    name: str
    what: str
    make: Callable[[random.Random], Decide]
    ordered: bool = True
    """Packets never overtake each other."""


class Path:
    """One direction of one call."""

    def __init__(self, network: Network, seed: str) -> None:
        # Seeded by a string, Random hashes it with SHA-512: the same on every machine.
        self._decide = network.make(random.Random(f"{network.name}/{seed}"))
        self._ordered = network.ordered
        self._index = 0
        self._last = 0.0

    def deliver(self, now: float) -> float | None:
        """When the packet sent at `now` (since the network began) arrives; None if never."""
        delay = self._decide(self._index, now)
        self._index += 1
        if delay is None:
            return None
        due = now + BASE_S + delay
        if self._ordered:
            due = self._last = max(due, self._last)
        return due


def _clean(_: random.Random) -> Decide:
    return lambda index, now: 0.0


def independent(loss: float) -> Callable[[random.Random], Decide]:
    def make(rng: random.Random) -> Decide:
        return lambda index, now: None if rng.random() < loss else 0.0

    return make


def _gilbert(loss: float, burst: float) -> Callable[[random.Random], Decide]:
    """Two states, all lost in the bad one; `burst` packets long on average."""
    leave = 1 / burst
    enter = leave * loss / (1 - loss)

    def make(rng: random.Random) -> Decide:
        bad = False

        def decide(index: int, now: float) -> Decision:
            nonlocal bad
            bad = rng.random() >= leave if bad else rng.random() < enter
            return None if bad else 0.0

        return decide

    return make


def outages(loss: float, length_s: float) -> Callable[[random.Random], Decide]:
    """Everything is lost for `length_s`, again and again at random times."""

    def make(rng: random.Random) -> Decide:
        pause = length_s * (1 - loss) / loss
        begins = rng.expovariate(1 / pause)

        def decide(index: int, now: float) -> Decision:
            nonlocal begins
            while now >= begins + length_s:
                begins += length_s + rng.expovariate(1 / pause)
            return None if now >= begins else 0.0

        return decide

    return make


def _jitter(mean_s: float, spread_s: float) -> Callable[[random.Random], Decide]:
    """Uniform in mean ± spread and never below zero, as netem does it."""

    def make(rng: random.Random) -> Decide:
        return lambda index, now: max(0.0, rng.uniform(mean_s - spread_s, mean_s + spread_s))

    return make


def _bufferbloat(rng: random.Random) -> Decide:
    """A queue shared with somebody's upload: from each `offset` on it grows for 5 s to 1 s, then
    drains in 2 s; every 15 s. What this call itself sends is too little to matter."""
    offset = rng.uniform(2.0, 8.0)

    def decide(index: int, now: float) -> Decision:
        at = (now - offset) % 15.0 if now >= offset else 15.0
        if at < 5.0:
            return at / 5.0
        return max(0.0, 1.0 - (at - 5.0) / 2.0)

    return decide


NETWORKS = (
    Network("clean", "nothing but 20 ms each way", _clean),
    Network("random10", "10 % independent loss", independent(0.10)),
    Network("gilbert20", "20 % loss, Gilbert, bursts of 2 packets on average", _gilbert(0.20, 2)),
    Network("bursts30", "30 % loss in bursts of 300 ms", outages(0.30, 0.3)),
    Network("jitter", "40 ± 60 ms jitter, packets overtake", _jitter(0.04, 0.06), ordered=False),
    Network("jitter_ordered", "40 ± 60 ms jitter, order kept", _jitter(0.04, 0.06)),
    Network("bufferbloat", "a shared queue grows to 1 s in 5 s, drains in 2 s", _bufferbloat),
)

TRACES = (("hrtf_g722_1C_48", "_jitterT2"), ("stereo_g729", "_jitter"))
"""Recordings among libwebrtc's NetEq test vectors: as sent, and as received."""


def neteq(folder: File) -> list[Network]:
    """The networks of libwebrtc's NetEq jitter files (`*.rtp` in `folder`), entered anywhere and
    repeated. FileNotFoundError if one is missing, TraceError if one is no rtpdump file."""
    found = []
    for sent, suffix in TRACES:
        fates = _fates(folder / f"{sent}.rtp", folder / f"{sent}{suffix}.rtp")
        lost = sum(fate is None for fate in fates) / len(fates)
        spread = max(fate for fate in fates if fate is not None)
        what = f"NetEq's {sent}{suffix}: {lost:.1%} loss, up to {spread * 1e3:.0f} ms, reordered"
        found.append(Network(f"neteq_{sent.split('_')[0]}", what, _replay(fates), ordered=False))
    return found


def _replay(fates: list[Decision]) -> Callable[[random.Random], Decide]:
    def make(rng: random.Random) -> Decide:
        start = rng.randrange(len(fates))
        return lambda index, now: fates[(start + index) % len(fates)]

    return make


def _rtpdump(path: File) -> Iterator[RtpPacket]:
    return rtpdump.packets(path.read_bytes(), path.name)


def _fates(sent: File, received: File) -> list[Decision]:
    """Of each packet sent every 20 ms: how much later than the quickest it came."""
    numbers = [packet.sequence for packet in _rtpdump(sent)]
    came = {packet.sequence: packet.at for packet in _rtpdump(received)}
    transit = {
        number: came[number] - 0.02 * ((number - numbers[0]) & 0xFFFF)
        for number in numbers
        if number in came
    }
    least = min(transit.values())
    return [transit[number] - least if number in transit else None for number in numbers]
