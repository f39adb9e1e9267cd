"""Virtual and real time decide the same for the same packets and seed."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from visavis.line import native_available
from visavis.netlab import Fate, Network, Scenario, Way, parse_scenario
from visavis.netlab.carrier import Carrier
from visavis.netlab.relay import Relay
from visavis.netlab.simulate import simulate

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]

Seen = tuple[Way, float, int, Fate]


def rough() -> Scenario:
    """The documentation's example, in which much happens; its states last shorter here."""
    docs = Path(__file__).parents[2] / "docs" / "netlab.md"
    text = docs.read_text().split("```toml\n")[1].split("```")[0]
    return parse_scenario(
        text.replace("median = 20", "median = 0.5").replace("mean = 20", "mean = 1")
    )


def decided_again(seen: list[Seen], seed: int) -> list[Seen]:
    """By the other driver's way to the range, on another clock."""
    again: list[Seen] = []
    carrier = Carrier(Network(rough(), seed), 0.0, lambda *decision: again.append(decision))
    for way, now, size, _ in seen:
        carrier.carry(way, now, size)
    return again


def test_what_the_relay_decided_the_virtual_clock_decides() -> None:
    seen: list[Seen] = []
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    relay = Relay(
        rough(),
        listen=("127.0.0.1", 0),
        to=server.getsockname(),
        seed=9,
        witness=lambda *decision: seen.append(decision),
    )
    thread = threading.Thread(target=relay.run)
    thread.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for n in range(300):
            client.sendto(bytes(50 + n), relay.address)
            time.sleep(0.003)
    relay.stop()
    thread.join()
    relay.close()
    server.close()
    assert len(seen) > 250
    assert decided_again(seen, 9) == seen


def test_what_the_virtual_clock_decided_the_relay_decides() -> None:
    seen: list[Seen] = []
    simulate(rough(), seed=9, seconds=10, witness=lambda *decision: seen.append(decision))
    assert {way for way, *_ in seen} == {"up", "down"}
    assert any(isinstance(fate, str) for *_, fate in seen)
    assert decided_again(seen, 9) == seen
