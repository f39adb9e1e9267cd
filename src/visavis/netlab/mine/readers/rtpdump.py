"""rtpdump files (`#!rtpplay1.0`): RTP packets with their time of arrival in whole ms."""

from __future__ import annotations

from collections.abc import Iterator

from visavis.errors import TraceError
from visavis.netlab.mine.rtp import RtpPacket, parse_rtp, sessions
from visavis.netlab.mine.session import Session

NAME = "rtpdump"
MAGIC = b"#!rtpplay1.0 "
_FILE_HEADER = 16
_PACKET_HEADER = 8


def sniff(head: bytes) -> bool:
    return head.startswith(MAGIC)


def read(data: bytes, name: str) -> list[Session]:
    """One session per SSRC. TraceError."""
    start = data.find(b"\n", 0, 200)
    if not sniff(data) or start < 0 or len(data) < start + 1 + _FILE_HEADER:
        raise TraceError(f"{name}: does not begin as an rtpdump file, {MAGIC.decode()!r}.")
    return sessions(_packets(data, start + 1 + _FILE_HEADER, name), name, NAME)


def _packets(data: bytes, at: int, name: str) -> Iterator[RtpPacket]:
    while at + _PACKET_HEADER <= len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        offset_ms = int.from_bytes(data[at + 4 : at + 8], "big")
        if length < _PACKET_HEADER or at + length > len(data):
            raise TraceError(
                f"{name}: the record at byte {at} says it is {length} bytes long;"
                f" {len(data) - at} are left."
            )
        packet = parse_rtp(offset_ms / 1e3, data[at + _PACKET_HEADER : at + length])
        if packet is not None:
            yield packet
        at += length
