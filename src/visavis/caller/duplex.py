"""Microphone and loudspeaker of this machine, echo-cancelled, behind two small queues."""

from __future__ import annotations

import importlib
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavis.audio import StreamResampler, dbfs
from visavis.audio.echo import EchoCanceller
from visavis.errors import AudioError
from visavis.seam import RATE_IN, RATE_OUT, Pcm

DEVICE_RATE = 48_000
"""What sound cards and the canceller both like."""
_BLOCK = DEVICE_RATE // 100
_START_S = 0.04
"""Sound gathered before the loudspeaker starts, against uneven ticks."""
_MOST_S = 0.25
"""More than this waiting is delay nobody wants; the oldest goes."""


class SampleQueue:
    """Samples between two threads that run at about the same pace. Bounded: beyond `most_s` the
    oldest samples go; a reader that finds too little gets zeros until `start_s` has gathered."""

    def __init__(self, rate: int, *, start_s: float = _START_S, most_s: float = _MOST_S) -> None:
        self._start = round(start_s * rate)
        self._most = round(most_s * rate)
        self._waiting: Pcm = np.zeros(0, np.int16)
        self._flowing = False
        self._lock = threading.Lock()
        self.dropped = 0
        """Samples lost because nobody took them."""

    def put(self, pcm: Pcm) -> None:
        with self._lock:
            self._waiting = np.concatenate([self._waiting, pcm])
            excess = len(self._waiting) - self._most
            if excess > 0:
                self._waiting = self._waiting[excess:]
                self.dropped += excess

    def take(self, count: int) -> Pcm:
        """Exactly `count` samples."""
        out = np.zeros(count, np.int16)
        with self._lock:
            if not self._flowing and len(self._waiting) < max(self._start, count):
                return out
            self._flowing = len(self._waiting) >= count
            given = min(count, len(self._waiting))
            out[:given] = self._waiting[:given]
            self._waiting = self._waiting[given:]
        return out


class Duplex:
    """Opens both devices as one stream. AudioError if there is none, or they cannot be used."""

    def __init__(
        self,
        *,
        echo_cancellation: bool = True,
        input_device: str | None = None,
        output_device: str | None = None,
    ) -> None:
        sounddevice = load_sounddevice()
        self._canceller = EchoCanceller(DEVICE_RATE) if echo_cancellation else None
        self._down = StreamResampler(DEVICE_RATE, RATE_IN)
        self._up = StreamResampler(RATE_OUT, DEVICE_RATE)
        self._microphone = SampleQueue(RATE_IN)
        self._loudspeaker = SampleQueue(DEVICE_RATE)
        self.level = -100.0
        """dBFS of the last 10 ms of the cleaned microphone."""
        self.muted = False
        try:
            self._stream = sounddevice.Stream(
                samplerate=DEVICE_RATE,
                blocksize=_BLOCK,
                dtype="int16",
                channels=1,
                latency="low",
                device=(_device(input_device), _device(output_device)),
                callback=self._on_block,
            )
        except (sounddevice.PortAudioError, ValueError) as error:
            raise AudioError(
                f"no microphone and loudspeaker can be opened: {error}. `visavis doctor` lists "
                "the devices; `visavis call` needs none"
            ) from error

    def start(self) -> None:
        self._stream.start()

    def close(self) -> None:
        self._stream.close()

    @property
    def active(self) -> bool:
        """False once the device has failed or was closed."""
        return bool(self._stream.active)

    def take(self, count: int) -> Pcm:
        """The next samples of the microphone, 16 kHz."""
        return self._microphone.take(count)

    def play(self, pcm: Pcm) -> None:
        """Hand 24 kHz speech to the loudspeaker."""
        self._loudspeaker.put(self._up.push(pcm))

    def _on_block(
        self, near: NDArray[np.int16], far: NDArray[np.int16], frames: int, time: Any, status: Any
    ) -> None:
        """On PortAudio's thread, every 10 ms."""
        out = self._loudspeaker.take(frames)
        far[:, 0] = out
        heard = near[:, 0].copy()
        if self._canceller is not None and frames % self._canceller.frame == 0:
            heard = self._canceller.process(heard, out)
        if self.muted:
            heard[:] = 0
        self.level = dbfs(heard)
        self._microphone.put(self._down.push(heard))


def load_sounddevice() -> Any:
    """The library for sound devices. AudioError says how to get it."""
    try:
        return importlib.import_module("sounddevice")
    except ImportError as error:
        raise AudioError(
            "talking needs sounddevice, which is not installed: `pip install 'visavis[talk]'`"
        ) from error
    except OSError as error:
        raise AudioError(
            f"talking needs the PortAudio library ({error}): `apt install libportaudio2`"
        ) from error


def _device(name: str | None) -> int | str | None:
    """PortAudio's number, or part of a name; None is the default."""
    return int(name) if name is not None and name.isdecimal() else name
