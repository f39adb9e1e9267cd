"""Captures of RTP over UDP: pcap (tcpdump) and pcapng (Wireshark), Ethernet, Linux cooked, raw IP.

Written here because no light library is kept: the small ones had their last release years ago, and
the kept ones bring a packet-crafting tool under the GPL. Only what is needed is read: addresses and
ports are not looked at, a stream is an SSRC. Fragments and tunnels are passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from visavis.errors import TraceError
from visavis.netlab.mine.rtp import RtpPacket, parse_rtp, sessions
from visavis.netlab.mine.session import Session

NAME = "pcap"
_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_SECTION, _INTERFACE, _PACKET = 0x0A0D0D0A, 1, 6
_ETHERTYPE_AT = {1: 12, 113: 14, 276: 0}
"""Where the protocol stands, by link type: Ethernet, Linux cooked v1 and v2."""
_IP_AT = {1: 14, 113: 16, 276: 20}
_RAW = (12, 14, 101, 228, 229)
_UDP = 17


def sniff(head: bytes) -> bool:
    return head[:4] in _PCAP or head[:4] == _PCAPNG


def read(data: bytes, name: str) -> list[Session]:
    """One session per SSRC. TraceError."""
    frames = _pcapng(data, name) if data[:4] == _PCAPNG else _pcap(data, name)
    return sessions(_rtp(frames), name, NAME)


def _rtp(frames: Iterator[tuple[float, int, bytes]]) -> Iterator[RtpPacket]:
    for at, link, frame in frames:
        payload = _udp_payload(link, frame)
        packet = None if payload is None else parse_rtp(at, payload)
        if packet is not None:
            yield packet


def _pcap(data: bytes, name: str) -> Iterator[tuple[float, int, bytes]]:
    if len(data) < 24 or data[:4] not in _PCAP:
        raise TraceError(f"{name}: does not begin as a pcap file.")
    order, tick = _PCAP[data[:4]]
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(data):
        seconds, part, length, _ = struct.unpack_from(order + "4I", data, at)
        if at + 16 + length > len(data):
            # tcpdump was stopped in the middle of a packet.
            return
        yield seconds + part * tick, link, data[at + 16 : at + 16 + length]
        at += 16 + length


def _pcapng(data: bytes, name: str) -> Iterator[tuple[float, int, bytes]]:
    order, at = "<", 0
    links: list[tuple[int, float]] = []
    while at + 12 <= len(data):
        if data[at : at + 4] == _PCAPNG:
            order = ">" if data[at + 8 : at + 12] == b"\x1a\x2b\x3c\x4d" else "<"
            links = []
        kind, length = struct.unpack_from(order + "2I", data, at)
        if length < 12 or length % 4:
            raise TraceError(f"{name}: the block at byte {at} says it is {length} bytes long.")
        if at + length > len(data):
            return
        body = data[at + 8 : at + length - 4]
        if kind == _INTERFACE and len(body) >= 8:
            links.append((struct.unpack_from(order + "H", body)[0], _tick(body[8:], order)))
        elif kind == _PACKET and len(body) >= 20:
            interface, high, low, captured = struct.unpack_from(order + "4I", body)
            if interface >= len(links) or captured > len(body) - 20:
                raise TraceError(f"{name}: the packet at byte {at} is of no known interface.")
            link, tick = links[interface]
            yield ((high << 32) | low) * tick, link, body[20 : 20 + captured]
        at += length


def _tick(options: bytes, order: str) -> float:
    """Seconds of one unit of time: option if_tsresol (9), else a microsecond."""
    at = 0
    while at + 4 <= len(options):
        code, length = struct.unpack_from(order + "2H", options, at)
        if code == 0:
            break
        if code == 9 and length >= 1 and at + 4 < len(options):
            exponent = options[at + 4]
            return float(2.0 ** -(exponent & 0x7F) if exponent & 0x80 else 10.0**-exponent)
        at += 4 + length + -length % 4
    return 1e-6


def _udp_payload(link: int, frame: bytes) -> bytes | None:
    """None for what is not one whole UDP datagram."""
    if link in _RAW:
        packet = frame
    elif link in _IP_AT:
        kind_at, ip_at = _ETHERTYPE_AT[link], _IP_AT[link]
        # 802.1Q: a tag of four bytes before the protocol.
        while link == 1 and frame[kind_at : kind_at + 2] == b"\x81\x00":
            kind_at, ip_at = kind_at + 4, ip_at + 4
        if frame[kind_at : kind_at + 2] not in (b"\x08\x00", b"\x86\xdd"):
            return None
        packet = frame[ip_at:]
    else:
        return None
    if len(packet) < 20:
        return None
    version = packet[0] >> 4
    if version == 4:
        header, protocol = (packet[0] & 15) * 4, packet[9]
        if header < 20 or int.from_bytes(packet[6:8], "big") & 0x3FFF:
            return None
    elif version == 6 and len(packet) >= 40:
        header, protocol = 40, packet[6]
    else:
        return None
    if protocol != _UDP or len(packet) < header + 8:
        return None
    return packet[header + 8 :]
