"""What the bench and a peer's process say to each other over a socket pair: sound and notes.

A message is a kind (`A` or `N`), the payload's length (4 bytes, little endian) and the payload:
int16 samples, 16 kHz to the peer and 24 kHz back, or a JSON object with a `type`.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np

from visavis.seam import Pcm

_HEAD = struct.Struct("<cI")
LARGEST = 1 << 20
"""Bytes of one payload: twenty seconds of speech."""

Note = dict[str, Any]


class WireError(ValueError):
    """These bytes are no messages of ours."""


def sound(pcm: Pcm) -> bytes:
    return _HEAD.pack(b"A", 2 * len(pcm)) + pcm.astype("<i2", copy=False).tobytes()


def note(kind: str, **fields: Any) -> bytes:
    body = json.dumps({"type": kind, **fields}).encode()
    return _HEAD.pack(b"N", len(body)) + body


class Messages:
    """Bytes in, as they come; whole messages out."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> list[Pcm | Note]:
        """The messages that became complete. WireError if this is something else."""
        self._held += data
        found: list[Pcm | Note] = []
        while len(self._held) >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._held)
            if kind not in (b"A", b"N") or length > LARGEST:
                raise WireError(f"a message of kind {kind!r} and {length} bytes; expected A or N")
            if len(self._held) < _HEAD.size + length:
                break
            body = bytes(self._held[_HEAD.size : _HEAD.size + length])
            del self._held[: _HEAD.size + length]
            found.append(_samples(body) if kind == b"A" else _note(body))
        return found


def _samples(body: bytes) -> Pcm:
    if len(body) % 2:
        raise WireError(f"{len(body)} bytes of sound are no int16 samples")
    return np.frombuffer(body, "<i2").astype(np.int16)


def _note(body: bytes) -> Note:
    try:
        said = json.loads(body)
    except ValueError as error:
        raise WireError(f"a note is not JSON: {error}") from error
    if not isinstance(said, dict) or not isinstance(said.get("type"), str):
        raise WireError("a note must be an object with a type")
    return said
