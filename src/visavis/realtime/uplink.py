"""Speech from a WebSocket client: base64 PCM16 at 24 kHz in, 16 kHz frames of 20 ms out."""

from __future__ import annotations

import binascii
from base64 import b64decode

import numpy as np

from visavis.audio import StreamResampler
from visavis.realtime.client_events import ClientEventError
from visavis.realtime.limits import RateLimit
from visavis.seam import FRAME_IN, FRAME_S, RATE_IN, RATE_OUT, AudioIn, Mark, Pcm

AHEAD_S = 30.0
"""A client may send so much speech at once (a recording), then no faster than real time."""
FASTER = 1.2
"""Real time, with room for a fast clock and for catching up after a stall."""
HOLD_S = 0.25
"""Nothing arrived for so long: the client has stopped sending, time goes on without it."""
BURST = 8
"""Frames handed up in one go, so that a long recording does not hold up the event loop."""


class Uplink:
    """Pure: frames come out of `take`, which the port calls every 20 ms and on arrival."""

    def __init__(self) -> None:
        self._resampler = StreamResampler(RATE_OUT, RATE_IN)
        self._rate = RateLimit(FASTER, AHEAD_S)
        self._waiting = np.zeros(0, np.int16)
        self._position = 0
        self._arrived: float | None = None
        self._odd = b""

    @property
    def waiting_s(self) -> float:
        """Speech received and not yet handed up."""
        return len(self._waiting) / RATE_IN

    def push(self, audio: str, now: float) -> None:
        """One `input_audio_buffer.append`. ClientEventError if it is no PCM or too much."""
        try:
            raw = self._odd + b64decode(audio, validate=True)
        except (binascii.Error, ValueError):
            raise ClientEventError(
                "invalid_audio",
                "input_audio_buffer.append: audio is not valid base64; it should hold "
                "little-endian PCM16, 24 kHz, mono.",
                param="audio",
            ) from None
        whole = len(raw) & ~1
        seconds = whole / 2 / RATE_OUT
        if not self._rate.allow(now, seconds):
            raise ClientEventError(
                "audio_too_fast",
                f"input_audio_buffer.append: {seconds:.1f} s of audio more than "
                f"{AHEAD_S:.0f} s ahead of real time; this piece was dropped. Send audio at the "
                f"speed it is spoken.",
                param="audio",
            )
        # A sample may be cut in two by the client's chunking.
        self._odd = raw[whole:]
        self._arrived = now
        fresh = self._resampler.push(np.frombuffer(raw[:whole], dtype="<i2").astype(np.int16))
        self._waiting = np.concatenate([self._waiting, fresh])

    def pad(self, seconds: float) -> None:
        """The client says that it has finished: silence follows, not a gap."""
        self._waiting = np.concatenate([self._waiting, np.zeros(int(seconds * RATE_IN), np.int16)])

    def clear(self) -> None:
        """Forget what was not handed up yet."""
        self._waiting = np.zeros(0, np.int16)
        self._odd = b""

    def take(self, now: float, *, tick: bool) -> list[AudioIn]:
        """Frames that are ready. On a `tick`, one MISSING frame if the client went quiet."""
        count = min(len(self._waiting) // FRAME_IN, BURST)
        frames = [
            self._frame(self._waiting[i * FRAME_IN : (i + 1) * FRAME_IN], Mark.RECEIVED, now)
            for i in range(count)
        ]
        self._waiting = self._waiting[count * FRAME_IN :]
        quiet = self._arrived is not None and now - self._arrived >= HOLD_S - FRAME_S / 2
        if tick and not frames and quiet:
            frames.append(self._frame(np.zeros(FRAME_IN, np.int16), Mark.MISSING, now))
        return frames

    def _frame(self, pcm: Pcm, mark: Mark, now: float) -> AudioIn:
        frame = AudioIn(position=self._position, pcm=pcm.copy(), mark=mark, at=now)
        self._position += FRAME_IN
        return frame
