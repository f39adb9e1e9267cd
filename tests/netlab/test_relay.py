"""The relay carries datagrams on real sockets as the scenario says, for each client apart."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from visavis.errors import ScenarioError
from visavis.line import native_available
from visavis.netlab import Scenario, parse_scenario
from visavis.netlab.relay import Relay, address_of

pytestmark = [
    pytest.mark.native,
    pytest.mark.skipif(not native_available(), reason="visavis-line is not installed"),
]
ANY = ("127.0.0.1", 0)


def scenario(state: str) -> Scenario:
    return parse_scenario(
        'format = "visavis-scenario/1"\nname = "test"\nwhat = "a test"\n'
        'origin = { kind = "synthetic", source = "a test" }\n'
        f'[up]\nkind = "generative"\n[up.states.only]\n{state}'
    )


def opened() -> socket.socket:
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(ANY)
    own.settimeout(5)
    return own


@contextmanager
def running(state: str, server: socket.socket) -> Iterator[Relay]:
    relay = Relay(scenario(state), listen=ANY, to=server.getsockname(), seed=5)
    thread = threading.Thread(target=relay.run)
    thread.start()
    try:
        yield relay
    finally:
        relay.stop()
        thread.join()
        relay.close()


def test_there_and_back_with_the_delay_of_both_ways() -> None:
    with opened() as server, opened() as client, running("delay_ms = 30", server) as relay:
        began = time.monotonic()
        client.sendto(b"ping", relay.address)
        packet, source = server.recvfrom(100)
        assert packet == b"ping" and time.monotonic() - began >= 0.03
        server.sendto(b"pong", source)
        assert client.recvfrom(100) == (b"pong", relay.address)
        assert time.monotonic() - began >= 0.06
    # Once the relay has stopped, all it has done is counted.
    report = relay.report()
    assert report["delivered"] == 2
    assert report["clients"][0]["up"]["packets"] == report["clients"][0]["down"]["packets"] == 1
    assert 0 < report["error_p50_ms"] <= report["error_p99_ms"]


def test_order_is_kept_through_a_burst() -> None:
    with opened() as server, opened() as client, running("delay_ms = 5", server) as relay:
        for n in range(100):
            client.sendto(b"%d" % n, relay.address)
        assert [int(server.recv(100)) for _ in range(100)] == list(range(100))


def test_clients_are_told_apart() -> None:
    with opened() as server, running("delay_ms = 1", server) as relay:
        clients = [opened() for _ in range(3)]
        for n, client in enumerate(clients):
            client.sendto(b"%d" % n, relay.address)
        for _ in clients:
            packet, source = server.recvfrom(100)
            server.sendto(packet, source)
        assert [client.recv(100) for client in clients] == [b"0", b"1", b"2"]
        assert [path["seed"] for path in relay.report()["clients"]] == [5, 6, 7]
        for client in clients:
            client.close()


def test_what_is_lost_is_counted() -> None:
    with opened() as server, opened() as client, running("loss = { loss_good = 1 }", server) as r:
        for _ in range(20):
            client.sendto(b"x", r.address)
        deadline = time.monotonic() + 5
        while not r.report()["clients"] or r.report()["clients"][0]["up"]["packets"] < 20:
            assert time.monotonic() < deadline
        assert r.report()["clients"][0]["up"]["lost"] == {"loss": 20}
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.recv(100)


@pytest.mark.parametrize("text", ["", "5000", ":5000", "host", "host:x", "host:70000", "host:-1"])
def test_wrong_addresses(text: str) -> None:
    with pytest.raises(ScenarioError, match="must be HOST:PORT"):
        address_of(text, "--to")


def test_addresses() -> None:
    assert address_of("127.0.0.1:5000", "--to") == ("127.0.0.1", 5000)
    assert address_of("[::1]:5000", "--to") == ("::1", 5000)


def test_a_port_that_is_taken() -> None:
    with (
        opened() as taken,
        pytest.raises(ScenarioError, match=r"cannot listen on 127\.0\.0\.1"),
    ):
        Relay(scenario(""), listen=taken.getsockname(), to=("127.0.0.1", 9), seed=1)
