"""Echo cancellation for a machine's own loudspeaker and microphone, by WebRTC's AEC3."""

from __future__ import annotations

import importlib

import numpy as np

from visavis.errors import AudioError
from visavis.seam import Pcm


class EchoCanceller:
    """Takes what the loudspeaker plays out of what the microphone hears.

    Works in frames of 10 ms; both sides int16 mono at `rate` (16, 32 or 48 kHz). AudioError if
    the library is not installed.
    """

    def __init__(self, rate: int = 16_000, *, delay_ms: int = 60) -> None:
        """`delay_ms`: first guess of the time from handing a sample to the loudspeaker until the
        microphone hears it; the canceller follows from there."""
        try:
            module = importlib.import_module("pywebrtc_audio")
        except ImportError as error:
            raise AudioError(
                "echo cancellation needs pywebrtc-audio, which is not installed: "
                "`pip install 'visavis[talk]'`, or use headphones and --no-echo-cancellation"
            ) from error
        self.frame = rate // 100
        self._aec = module.EchoCanceller(sample_rate=rate, stream_delay_ms=delay_ms)

    def process(self, near: Pcm, far: Pcm) -> Pcm:
        """Microphone and loudspeaker samples of the same stretch of time, int16 [n] each with n
        a multiple of 10 ms; returns the microphone without the echo, int16 [n]."""
        if len(near) != len(far) or len(near) % self.frame:
            raise ValueError(f"{len(near)} and {len(far)} samples; need n * {self.frame} of both")
        near_f = near.astype(np.float32) / 32768
        far_f = far.astype(np.float32) / 32768
        clean = [
            self._aec.process(near_f[at : at + self.frame], far_f[at : at + self.frame])
            for at in range(0, len(near), self.frame)
        ]
        joined = np.concatenate(clean) if clean else np.zeros(0, np.float32)
        out: Pcm = np.clip(np.rint(joined * 32768), -32768, 32767).astype(np.int16)
        return out
