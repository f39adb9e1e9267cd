"""A UDP hop on loopback that loses some of the media on its way to us."""

from __future__ import annotations

import asyncio
import random


class Hop:
    """Clients send to `port`; what is not lost goes on to `target`, and answers come back."""

    def __init__(self, target: tuple[str, int], loss: float, seed: int = 1) -> None:
        self._target = target
        self._loss = loss
        self._random = random.Random(seed)
        self._near: asyncio.DatagramTransport | None = None
        self._far: asyncio.DatagramTransport | None = None
        self._client: tuple[str, int] | None = None
        self.lost = 0

    async def open(self) -> int:
        """Returns the port."""
        loop = asyncio.get_running_loop()
        here = ("127.0.0.1", 0)
        self._near, _ = await loop.create_datagram_endpoint(lambda: _Take(self._up), here)
        self._far, _ = await loop.create_datagram_endpoint(lambda: _Take(self._down), here)
        port: int = self._near.get_extra_info("sockname")[1]
        return port

    def _up(self, data: bytes, source: tuple[str, int]) -> None:
        self._client = source
        if is_media(data) and self._random.random() < self._loss:
            self.lost += 1
        elif self._far is not None:
            self._far.sendto(data, self._target)

    def _down(self, data: bytes, source: tuple[str, int]) -> None:
        if self._near is not None and self._client is not None:
            self._near.sendto(data, self._client)

    def close(self) -> None:
        for transport in (self._near, self._far):
            if transport is not None:
                transport.close()


class _Take(asyncio.DatagramProtocol):
    def __init__(self, take: object) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take(data, addr)  # type: ignore[operator]


def is_media(data: bytes) -> bool:
    """RTP, and not RTCP, STUN or DTLS (RFC 5761, RFC 7983)."""
    return len(data) > 12 and 128 <= data[0] < 192 and not 192 <= data[1] < 224
