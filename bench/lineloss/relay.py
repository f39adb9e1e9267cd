"""A bad network between two network namespaces, in real time.

Two TUN devices are made here and moved, each into a namespace of its own; their descriptors
stay. Whatever one namespace sends comes out of one descriptor as an IP packet; a `Path` says
when it goes into the other. The namespaces have no other device, so nothing can take another
way, and the host's own network is never touched.

Run as a program it serves commands, one JSON object a line:
    {"reset": true}                     forgets all calls
    {"start": t0, "network": name, "seed": n, "traces": folder}   from CLOCK_MONOTONIC t0 on
    {"stop": true}                                                answers what went through
"""

from __future__ import annotations

import fcntl
import heapq
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path as File
from typing import Any

from lineloss.networks import BASE_S, NETWORKS, Network, Path, neteq

ADDRESSES = ("10.98.0.1", "10.98.0.2")
"""Of the near and the far namespace."""
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
_MTU = 1400


class RelayUnavailable(Exception):
    """This machine does not let us make TUN devices or namespaces; the text says why."""


@dataclass
class Way:
    """What went through one direction of one call."""

    path: Path
    packets: int = 0
    bytes: int = 0
    """With IP and UDP headers, as sent: before any loss."""
    dropped: int = 0


@dataclass
class Trial:
    """One network, from `start` on; calls are numbered in the order in which they connected."""

    network: Network
    seed: int
    start: float
    ways: dict[tuple[int, int], Way] = field(default_factory=dict)

    def way(self, call: int, side: int) -> Way:
        key = (call, side)
        if key not in self.ways:
            self.ways[key] = Way(Path(self.network, f"{self.seed}/{call}/{side}"))
        return self.ways[key]


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise RelayUnavailable(f"{command[0]} is not installed (Debian: iproute2)") from error
    except subprocess.CalledProcessError as error:
        raise RelayUnavailable(f"`{' '.join(command)}` failed: {error.stderr.strip()}") from error


class Namespaces:
    """Two network namespaces joined by nothing but the two descriptors held here."""

    def __init__(self) -> None:
        mark = f"{os.getpid():x}"[-6:]
        self.names = (f"vvnear{mark}", f"vvfar{mark}")
        self.fds: list[int] = []
        self._made: list[str] = []
        try:
            for name, address in zip(self.names, ADDRESSES, strict=True):
                self._make(name, address)
        except BaseException:
            self.close()
            raise

    def _make(self, name: str, address: str) -> None:
        try:
            fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            self.fds.append(fd)
            request = struct.pack("16sH", name.encode(), _IFF_TUN | _IFF_NO_PI)
            fcntl.ioctl(fd, _TUNSETIFF, request)
        except OSError as error:
            raise RelayUnavailable(
                f"cannot make a TUN device: /dev/net/tun: {error.strerror}; this bench needs "
                "root (CAP_NET_ADMIN) and the tun driver"
            ) from error
        _run("ip", "netns", "add", name)
        self._made.append(name)
        # Link-local IPv6 addresses would be candidates of their own.
        _run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
             "net.ipv6.conf.default.disable_ipv6=1")  # fmt: skip
        _run("ip", "link", "set", name, "netns", name)
        _run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", name)
        _run("ip", "-n", name, "link", "set", name, "mtu", str(_MTU), "up")
        # Some stacks look for their own address by the route to somewhere far away.
        _run("ip", "-n", name, "route", "add", "default", "dev", name)

    def close(self) -> None:
        for fd in self.fds:
            os.close(fd)
        for name in self._made:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        self.fds, self._made = [], []


class Relay:
    """Carries packets between the two; `serve` runs until its commands end."""

    def __init__(self, spaces: Namespaces) -> None:
        self._fds = spaces.fds
        self._flying: list[tuple[float, int, int, bytes]] = []
        self._count = 0
        self._calls: dict[tuple[int, int], int] = {}
        """Call by near and far UDP port."""
        self._trial: Trial | None = None
        self._errors: list[float] = []

    def serve(self) -> None:
        commands = b""
        while True:
            now = time.monotonic()
            wait = max(0.0, self._flying[0][0] - now) if self._flying else None
            # select, because its timeout is in microseconds and epoll's in milliseconds
            ready, _, _ = select.select([*self._fds, 0], [], [], wait)
            for side, fd in enumerate(self._fds):
                if fd in ready:
                    self._read(side, fd)
            self._write()
            if 0 in ready:
                chunk = os.read(0, 65536)
                if not chunk:
                    return
                *lines, commands = (commands + chunk).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))

    def _obey(self, command: dict[str, Any]) -> None:
        if "start" in command:
            known = list(NETWORKS)
            if command.get("traces"):
                known += neteq(File(command["traces"]))
            network = next(n for n in known if n.name == command["network"])
            self._trial = Trial(network, command["seed"], command["start"])
            self._errors = []
        elif "reset" in command:
            self._flying = []
            self._calls = {}
        elif self._trial is not None:
            ways = [
                {"call": call, "side": side, "packets": w.packets, "bytes": w.bytes,
                 "dropped": w.dropped}
                for (call, side), w in sorted(self._trial.ways.items())
            ]  # fmt: skip
            errors = sorted(self._errors) or [0.0]
            self._trial = None
            answer = {
                "ways": ways,
                "error_p50_ms": errors[len(errors) // 2] * 1e3,
                "error_p99_ms": errors[len(errors) * 99 // 100] * 1e3,
                "error_max_ms": errors[-1] * 1e3,
            }
            print(json.dumps(answer), flush=True)

    def _read(self, side: int, fd: int) -> None:
        while True:
            try:
                packet = os.read(fd, 2048)
            except BlockingIOError:
                return
            now = time.monotonic()
            due: float | None = now + BASE_S
            call = self._call(side, packet)
            trial = self._trial
            if call is not None and trial is not None and now >= trial.start:
                way = trial.way(call, side)
                way.packets += 1
                way.bytes += len(packet)
                arrival = way.path.deliver(now - trial.start)
                way.dropped += arrival is None
                due = None if arrival is None else trial.start + arrival
            if due is not None:
                self._count += 1
                heapq.heappush(self._flying, (due, self._count, self._fds[1 - side], packet))

    def _call(self, side: int, packet: bytes) -> int | None:
        """Which call a packet belongs to. DTLS runs only on the pair of addresses that ICE chose,
        so its first packet names the call."""
        if packet[0] >> 4 != 4 or packet[9] != 17:
            return None
        head = (packet[0] & 15) * 4
        if len(packet) < head + 9:
            return None
        source, target = struct.unpack_from(">HH", packet, head)
        key = (source, target) if side == 0 else (target, source)
        if 20 <= packet[head + 8] <= 63:
            self._calls.setdefault(key, len(self._calls))
        return self._calls.get(key)

    def _write(self) -> None:
        now = time.monotonic()
        while self._flying and self._flying[0][0] <= now:
            due, _, fd, packet = heapq.heappop(self._flying)
            try:
                os.write(fd, packet)
            except BlockingIOError:
                continue  # the device's own queue is full: lost, as on any interface
            if self._trial is not None:
                self._errors.append(time.monotonic() - due)


def main() -> None:
    # Whoever ends this, the namespaces go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        spaces = Namespaces()
    except RelayUnavailable as error:
        print(json.dumps({"unavailable": str(error)}), flush=True)
        sys.exit(1)
    try:
        print(json.dumps({"names": spaces.names}), flush=True)
        Relay(spaces).serve()
    finally:
        spaces.close()


if __name__ == "__main__":
    main()
