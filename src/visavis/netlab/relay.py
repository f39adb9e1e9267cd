"""A scenario on real UDP sockets: whatever a client sends to the relay goes on to a server, and
back, as the network has it. For any client and any protocol on UDP.

A thread of one's own runs it (`run` returns after `stop`); it measures how exactly it keeps its
times.
"""

from __future__ import annotations

import heapq
import select
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from visavis.errors import ScenarioError
from visavis.line import IP_UDP_BYTES
from visavis.netlab.carrier import Carrier, Witness
from visavis.netlab.network import MAX_SEED, Network, Way
from visavis.netlab.scenario import Scenario

Address: TypeAlias = tuple[str, int]

MAX_PATHS = 256
"""Clients at a time; select(2) knows 1024 descriptors."""
MAX_FLYING = 100_000
"""Packets under way in all; what comes on top is lost."""
IDLE_S = 60.0
"""A client that neither sends nor is sent to for so long is forgotten."""
_AT_ONCE = 64
"""Packets read from one socket before the others have their turn."""
_ERROR_BIN_S = 1e-5
_ERROR_BINS = 100_000


class _Errors:
    """How late packets were sent, in bins of 10 µs."""

    def __init__(self) -> None:
        self._bins: dict[int, int] = {}
        self.count = 0
        self.max_s = 0.0

    def add(self, error_s: float) -> None:
        place = min(_ERROR_BINS, int(error_s / _ERROR_BIN_S))
        self._bins[place] = self._bins.get(place, 0) + 1
        self.count += 1
        self.max_s = max(self.max_s, error_s)

    def ms(self, p: float) -> float:
        """An upper bound to a bin."""
        left = p * self.count
        for place in sorted(self._bins):
            left -= self._bins[place]
            if left <= 0:
                return round((place + 1) * _ERROR_BIN_S * 1e3, 3)
        return 0.0


@dataclass(slots=True)
class _Path:
    """One client."""

    client: Address
    seed: int
    socket: socket.socket
    """Towards the server; its own, so that the server tells clients apart."""
    carrier: Carrier
    used: float


class Relay:
    """Clients send to `address`; each has a network of its own, which begins with its first
    packet: the first client's with `seed`, the next one's with `seed + 1`, and so on.

    ScenarioError for a scenario or an address that cannot be used, NativeMissingError.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        listen: Address,
        to: Address,
        seed: int = 0,
        folder: Path | None = None,
        witness: Witness | None = None,
        back: socket.socket | None = None,
    ) -> None:
        """`back`: an open UDP socket for the first client's way to the server, for who must know
        its address beforehand; the relay closes it."""
        # Wrong scenarios are told before the first packet.
        Network(scenario, seed, folder)
        self._scenario = scenario
        self._folder = folder
        self._seed = seed
        self._witness = witness
        self._back = back
        self._server = _resolve(to)
        self._front = _open(_resolve(listen))
        self.address: Address = self._front.getsockname()[:2]
        self._paths: dict[Address, _Path] = {}
        self._gone: list[dict[str, Any]] = []
        self._known = 0
        self._flying: list[tuple[float, int, _Path, Way, bytes]] = []
        self._count = 0
        self._errors = _Errors()
        self._refused = 0
        self._overflow = 0
        self._stop, self._wake = socket.socketpair()
        self._open = True

    def run(self) -> None:
        """Carry packets until `stop`."""
        while True:
            now = time.monotonic()
            self._forget(now)
            wait = 1.0
            if self._flying:
                wait = max(0.0, min(wait, self._flying[0][0] - now))
            by_socket = {path.socket: path for path in self._paths.values()}
            # select, because its timeout is in microseconds and epoll's in milliseconds
            ready, _, _ = select.select([self._stop, self._front, *by_socket], [], [], wait)
            if self._stop in ready:
                return
            if self._front in ready:
                self._read_clients()
            for found in ready:
                if found in by_socket:
                    self._read_server(by_socket[found])
            self._deliver()

    def stop(self) -> None:
        """Let `run` return soon. From any thread."""
        self._wake.send(b".")

    def close(self) -> None:
        """Free the sockets, after `run`. Idempotent."""
        if not self._open:
            return
        self._open = False
        for path in self._paths.values():
            path.socket.close()
        for own in (self._front, self._stop, self._wake, self._back):
            if own is not None:
                own.close()

    def report(self) -> dict[str, Any]:
        """What went through, and how exactly: `error_*_ms` is by how much later than decided
        packets were sent on."""
        now = time.monotonic()
        return {
            "scenario": self._scenario.name,
            "clients": self._gone + [_summary(path, now) for path in list(self._paths.values())],
            "refused": self._refused,
            "overflow": self._overflow,
            "delivered": self._errors.count,
            "error_p50_ms": self._errors.ms(0.5),
            "error_p99_ms": self._errors.ms(0.99),
            "error_max_ms": round(self._errors.max_s * 1e3, 3),
        }

    def _read_clients(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                packet, source = self._front.recvfrom(65_536)
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # a client that went away; its silence will end its path
            now = time.monotonic()
            path = self._paths.get(source[:2]) or self._meet(source[:2], now)
            if path is None:
                self._refused += 1
            else:
                self._carry(path, "up", now, packet)

    def _read_server(self, path: _Path) -> None:
        for _ in range(_AT_ONCE):
            try:
                packet = path.socket.recv(65_536)
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # the server is not there (yet): as on any network, packets are lost
            self._carry(path, "down", time.monotonic(), packet)

    def _meet(self, client: Address, now: float) -> _Path | None:
        if len(self._paths) >= MAX_PATHS:
            return None
        seed = (self._seed + self._known) % (MAX_SEED + 1)
        self._known += 1
        network = Network(self._scenario, seed, self._folder)
        back, self._back = self._back, None
        back = back or socket.socket(self._front.family, socket.SOCK_DGRAM)
        back.setblocking(False)
        back.connect(self._server)
        path = _Path(client, seed, back, Carrier(network, now, self._witness), now)
        self._paths[client] = path
        return path

    def _carry(self, path: _Path, way: Way, now: float, packet: bytes) -> None:
        path.used = now
        due = path.carrier.carry(way, now, len(packet) + IP_UDP_BYTES)
        if due is None:
            return
        if len(self._flying) >= MAX_FLYING:
            self._overflow += 1
            return
        self._count += 1
        heapq.heappush(self._flying, (due, self._count, path, way, packet))

    def _deliver(self) -> None:
        while self._flying and self._flying[0][0] <= time.monotonic():
            due, _, path, way, packet = heapq.heappop(self._flying)
            try:
                if way == "up":
                    path.socket.send(packet)
                else:
                    self._front.sendto(packet, path.client)
            except OSError:
                continue  # nobody there, or this host's own queue is full: lost
            path.used = time.monotonic()
            self._errors.add(path.used - due)

    def _forget(self, now: float) -> None:
        for client, path in list(self._paths.items()):
            if now - path.used > IDLE_S:
                self._gone = [*self._gone[-(MAX_PATHS - 1) :], _summary(path, now)]
                self._flying = [entry for entry in self._flying if entry[2] is not path]
                heapq.heapify(self._flying)
                path.socket.close()
                del self._paths[client]


def _summary(path: _Path, now: float) -> dict[str, Any]:
    seconds = now - path.carrier.start
    return {
        "client": f"{path.client[0]}:{path.client[1]}",
        "seed": path.seed,
        "seconds": round(seconds, 1),
        **{way: traffic.to_dict(seconds) for way, traffic in path.carrier.traffic.items()},
    }


def address_of(text: str, what: str) -> Address:
    """From `HOST:PORT`, an IPv6 address in brackets. ScenarioError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise ScenarioError(f"{what} is {text!r}; it must be HOST:PORT, such as 127.0.0.1:5000")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _resolve(address: Address) -> Address:
    try:
        found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise ScenarioError(f"the host {address[0]!r} is not known: {error}") from error
    resolved: Address = found[0][4][:2]  # type: ignore[assignment]
    return resolved


def _open(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.bind(address)
    except OSError as error:
        opened.close()
        raise ScenarioError(
            f"cannot listen on {address[0]}:{address[1]}: {error.strerror or error}; "
            "choose another port, or 0 for any"
        ) from error
    opened.setblocking(False)
    return opened
