"""A tiny trace of each format, made here."""

from __future__ import annotations

import io
import json
import struct
import zipfile


def rtp(sequence: int, stamp: int, ssrc: int = 7, payload_type: int = 0) -> bytes:
    return struct.pack(">BBHII", 0x80, payload_type, sequence & 0xFFFF, stamp, ssrc) + bytes(20)


def rtp_stream(count: int = 60) -> list[tuple[int, bytes]]:
    """(arrival ms, packet): 20 ms apart, 30 ms on the way, number 10 lost, number 20 100 ms late,
    and so after number 21 and 22."""
    packets = [
        (20 * n + 30 + (100 if n == 20 else 0), rtp(65_500 + n, 160 * n))
        for n in range(count)
        if n != 10
    ]
    return sorted(packets)


def rtpdump() -> bytes:
    out = b"#!rtpplay1.0 127.0.0.1/5000\n" + bytes(16)
    for at, packet in rtp_stream():
        out += struct.pack(">HHI", len(packet) + 8, len(packet), at) + packet
    return out


def _udp(packet: bytes) -> bytes:
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(packet), 0, 0, 64, 17, 0, b"\x7f\0\0\1",
                     b"\x7f\0\0\1")  # fmt: skip
    return ip + struct.pack(">HHHH", 5000, 5002, 8 + len(packet), 0) + packet


def pcap() -> bytes:
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    for at, packet in rtp_stream():
        frame = bytes(12) + b"\x08\x00" + _udp(packet)
        out += struct.pack("<IIII", 1000 + at // 1000, at % 1000 * 1000, len(frame), len(frame))
        out += frame
    return out


def pcapng() -> bytes:
    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)

    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    # Raw IP, time in ms (if_tsresol 3).
    out += block(1, struct.pack("<HHI", 101, 0, 65535) + struct.pack("<HHBxxx", 9, 1, 3))
    for at, packet in rtp_stream():
        frame = _udp(packet)
        out += block(6, struct.pack("<IIIII", 0, 0, at, len(frame), len(frame)) + frame)
    return out


CICV5G = b"""pub_ms,sub_ms,delay_ms,speed_mps,cell,sinr_db,rsrp_dbm
1721289684683,1721289684717,34,0.0,5C4225714,22,-86
1721289684738,1721289684761,23,0.0,5C4225714,22,-86
1721289684792,1721289684819,27,0.0,5C4225714,22,-86
"""

STARLINK_PING = b"""1694477135.6833403\t1\t44.5
1694477135.8295577\t2\t-1
1694477140.9757648\t3\t40.5
"""

STARLINK_ROAD = b"""timestamp_start,timestamp_end,target,ip_protocol,packet_loss,packets_send,\
ping_avg,ping_worst,ping_best,ping_stddev,average_speed
2024-01-11 09:43:20,2024-01-11 09:43:45,192.0.2.1,v4,0.4,250,57.7,106.4,46.1,8.1,0
2024-01-11 09:45:20,2024-01-11 09:45:45,192.0.2.1,v4,100,250,,,,,0
2024-01-11 09:46:58,2024-01-11 09:47:23,192.0.2.1,v4,2,250,55.4,122.9,46.7,8.5,30
2024-01-11 09:48:36,2024-01-11 09:49:01,192.0.2.1,v4,0.8,250,66.6,135.0,44.8,12.3,31
"""

MAHIMAHI = b"".join(b"%d\n" % at for at in [*range(0, 400, 4), *range(900, 1300, 4)])

PING = b"""PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.
[1700000000.030000] 64 bytes from 192.0.2.1: icmp_seq=1 ttl=57 time=30.0 ms
[1700000000.240000] 64 bytes from 192.0.2.1: icmp_seq=2 ttl=57 time=40.0 ms
[1700000000.650000] 64 bytes from 192.0.2.1: icmp_seq=4 ttl=57 time=50 ms

--- 192.0.2.1 ping statistics ---
5 packets transmitted, 3 received, 40% packet loss, time 800ms
rtt min/avg/max/mdev = 30.000/40.000/50.000/8.165 ms
"""

ATC = json.dumps(
    {
        "content": {
            way: {
                "delay": {"delay": "400", "jitter": 0, "correlation": 0},
                "iptables_options": [],
                "loss": {"percentage": "1", "correlation": 0},
                "rate": "240",
            }
            for way in ("down", "up")
        },
        "id": 9,
        "name": "Edge - Lossy",
    }
).encode()

IPERF3 = json.dumps(
    {
        "start": {"connected": [], "test_start": {"reverse": 1}},
        "intervals": [
            {
                "sum": {
                    "start": n,
                    "seconds": 1.0,
                    "bits_per_second": 1e6 * (n + 1),
                    "packets": 100,
                    "lost_packets": n,
                }
            }
            for n in range(3)
        ],
    }
).encode()


def uccmisl() -> bytes:
    rows = "Timestamp,DL_bitrate,State\n" + "2019.12.16_11.49.59,1200,D\n" * 40
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("5G-production-dataset/Download/Static/a.csv", rows)
        archive.writestr("5G-production-dataset/Netflix/Static/b.csv", "not read")
    return out.getvalue()


ALL = {
    "rtpdump": rtpdump(),
    "pcap": pcap(),
    "pcapng": pcapng(),
    "cicv5g": CICV5G,
    "starlink_ping": STARLINK_PING,
    "starlink_road": STARLINK_ROAD,
    "mahimahi": MAHIMAHI,
    "ping": PING,
    "atc": ATC,
    "iperf3": IPERF3,
    "uccmisl": uccmisl(),
}
