"""From the packets of one RTP stream to a session: what was lost, and how late the rest came.

The sender's clock is in the packets (RTP timestamps), so one recording at the receiver's end is
enough; its offset to the receiver's clock is unknown, so delays are relative to the least.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from visavis.errors import TraceError
from visavis.netlab.mine.session import MAX_ROWS, DelayKind, Floats, Observable, Session, session

_CLOCKS = {0: 8000, 3: 8000, 4: 8000, 8: 8000, 9: 8000, 18: 8000}
"""Clock rates of static audio payload types (RFC 3551)."""
_LIKELY = (8000, 16_000, 24_000, 32_000, 44_100, 48_000, 90_000)
MIN_PACKETS = 50
"""A stream of fewer is left out: it says nothing about a network."""
MAX_GAP = 3000
"""Sequence numbers. A jump by more is another stream under the same SSRC (RFC 3550, A.1)."""


@dataclass(slots=True, frozen=True)
class RtpPacket:
    """One packet as it was recorded; `at` in seconds of the recorder's clock."""

    at: float
    ssrc: int
    payload_type: int
    sequence: int
    timestamp: int


def parse_rtp(at: float, payload: bytes) -> RtpPacket | None:
    """None if the bytes are no RTP packet (RFC 3550, 5.1) or are RTCP."""
    if len(payload) < 12 or payload[0] >> 6 != 2 or 192 <= payload[1] <= 223:
        return None
    return RtpPacket(
        at=at,
        ssrc=int.from_bytes(payload[8:12], "big"),
        payload_type=payload[1] & 0x7F,
        sequence=int.from_bytes(payload[2:4], "big"),
        timestamp=int.from_bytes(payload[4:8], "big"),
    )


def sessions(packets: Iterable[RtpPacket], name: str, source: str) -> list[Session]:
    """One session per SSRC. TraceError if no stream has `MIN_PACKETS`."""
    streams: dict[int, list[RtpPacket]] = defaultdict(list)
    for count, packet in enumerate(packets):
        if count >= MAX_ROWS:
            raise TraceError(f"{name}: more than {MAX_ROWS} packets. Cut the trace.")
        streams[packet.ssrc].append(packet)
    found = [
        made
        for ssrc, stream in sorted(streams.items())
        if len(stream) >= MIN_PACKETS
        and (made := _session(stream, f"{name}:{ssrc:08x}", source)) is not None
    ]
    if not found:
        raise TraceError(
            f"{name}: holds no RTP stream of at least {MIN_PACKETS} packets with an even clock."
        )
    return found


def _session(stream: list[RtpPacket], name: str, source: str) -> Session | None:
    """None if sequence numbers or timestamps make no stream."""
    sequence = _unwrapped([packet.sequence for packet in stream], 1 << 16)
    stamp = _unwrapped([packet.timestamp for packet in stream], 1 << 32)
    at = np.array([packet.at for packet in stream])
    if np.abs(np.diff(sequence)).max() > MAX_GAP:
        return None
    sequence -= sequence.min()
    slots = int(sequence.max()) + 1
    # A packet that came twice counts as it came first.
    _, first = np.unique(sequence, return_index=True)
    clock = _clock(stream, stamp, at)
    order = first[np.argsort(sequence[first])]
    seen, sent = sequence[order].astype(np.int64), stamp[order] / clock
    if (np.diff(sent) < 0).any():
        return None
    arrived = at[order]
    delay = np.full(slots, np.nan)
    delay[seen] = arrived - sent - (arrived - sent).min()
    if np.nanmax(delay) > 600:
        return None
    lost = np.ones(slots, dtype=np.bool_)
    lost[seen] = False
    late = np.zeros(slots, dtype=np.bool_)
    late[seen] = arrived > np.minimum.accumulate(arrived[::-1])[::-1]
    return session(
        name,
        source,
        np.interp(np.arange(slots), seen, sent),
        observable=[Observable.LOSS, Observable.BURSTS, Observable.DELAY, Observable.REORDER],
        delay_kind=DelayKind.RELATIVE,
        delay_s=delay,
        lost=lost,
        reordered=late,
    )


def _unwrapped(values: list[int], modulus: int) -> Floats:
    half = modulus // 2
    steps = np.remainder(np.diff(np.array(values, dtype=np.int64)) + half, modulus) - half
    return np.concatenate([[0.0], np.cumsum(steps, dtype=np.float64)])


def _clock(
    stream: list[RtpPacket],
    stamp: Floats,
    at: Floats,
) -> float:
    """Ticks a second: by payload type, else the usual rate nearest to what arrived."""
    static = _CLOCKS.get(stream[0].payload_type)
    if static is not None:
        return float(static)
    span = float(at.max() - at.min())
    measured = float(stamp.max() - stamp.min()) / span if span > 0 else 48_000.0
    return float(min(_LIKELY, key=lambda rate: abs(np.log(max(measured, 1.0) / rate))))


def without_senders(found: list[Session]) -> list[Session]:
    """A recording at the sender's end (no loss, delays all alike) is no network. If the same
    stream was also recorded at the receiver's end, only that one is kept, and what the sender
    sent after the last packet that arrived counts as lost."""
    ends = {
        _stream(each): each
        for each in found
        if _is_rtp(each) and not each.lost.any() and float(np.ptp(each.delay_s)) < 1e-3
    }
    kept: list[Session] = []
    for each in found:
        sender = ends.get(_stream(each)) if _is_rtp(each) else None
        if sender is each:
            continue
        kept.append(each if sender is None else _extended(each, sender))
    # Nothing else there: then an even stream is what was measured.
    return kept or found


def _is_rtp(each: Session) -> bool:
    return each.shows(Observable.BURSTS) and each.delay_kind is DelayKind.RELATIVE


def _stream(each: Session) -> str:
    """The SSRC and the first words of the file's name, which a pair has in common."""
    file, _, ssrc = each.name.rpartition(":")
    return f"{file.split('/')[-1].split('.')[0].split('_')[0]}:{ssrc}"


def _extended(received: Session, sent: Session) -> Session:
    missing = sent.time_s.size - received.time_s.size
    if missing <= 0:
        return received
    step = float(np.median(np.diff(received.time_s)))
    after = received.time_s[-1] + step * np.arange(1, missing + 1)
    return replace(
        received,
        time_s=np.concatenate([received.time_s, after]),
        delay_s=np.concatenate([received.delay_s, np.full(missing, np.nan)]),
        lost=np.concatenate([received.lost, np.ones(missing, dtype=np.bool_)]),
        capacity_bps=np.concatenate([received.capacity_bps, np.full(missing, np.nan)]),
        reordered=np.concatenate([received.reordered, np.zeros(missing, dtype=np.bool_)]),
    )
