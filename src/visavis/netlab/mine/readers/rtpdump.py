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
    return sessions(packets(data, name), name, NAME)


def packets(data: bytes, name: str) -> Iterator[RtpPacket]:
    """All RTP packets in the order of the file. TraceError."""
    at = data.find(b"\n", 0, 200) + 1 + _FILE_HEADER
    if not sniff(data) or at == _FILE_HEADER or len(data) < at:
        raise TraceError(f"{name}: does not begin as an rtpdump file, {MAGIC.decode()!r}.")
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
