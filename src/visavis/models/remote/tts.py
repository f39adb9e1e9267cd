"""Speech behind `POST /audio/speech`, streamed as raw PCM."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import numpy as np
import soxr

from visavis.errors import ModelError
from visavis.models.protocols import DEFAULT_VOICE, Speech, Voice
from visavis.models.remote.http import Endpoint, RemoteClient
from visavis.seam import RATE_OUT, Pcm

_LONGEST_TEXT = 4096
"""Characters the interface takes at once."""
_LONGEST_S = 300
_CHARS_PER_S = 14.0
"""Pace of English speech, for guessing where words end: the interface does not say."""
_QUIET = 200
"""Largest sample (of 32767) still taken for silence."""
_LEAD_S = 0.02
_TAIL_S = 0.1
"""Silence left before the first and after the last sound."""


class RemoteTextToSpeech:
    """`TextToSpeech` over HTTP.

    `rate` is the provider's sample rate (the interface says 24 kHz); other rates are
    converted. Word ends are guessed from the pace of speech. `voice` is what the voice
    `default` means there.
    """

    def __init__(self, endpoint: Endpoint, *, voice: str = "alloy", rate: int = RATE_OUT) -> None:
        self.name = endpoint.model
        self._client = RemoteClient(endpoint, "speech synthesiser")
        self._voice = voice
        self._rate = rate

    async def synthesize(
        self, text: str, voice: Voice = DEFAULT_VOICE
    ) -> AsyncGenerator[Speech, None]:
        """Pieces of speech as they come; closing closes the connection. Raises `ModelError`
        for every failure and for a text of more than 4096 characters."""
        words = text.split()
        if not words:
            return
        if len(text) > _LONGEST_TEXT:
            raise ModelError(
                f"{len(text)} characters are too many to say at once; {_LONGEST_TEXT} is the most."
            )
        request = {
            "model": self.name,
            "input": text,
            "voice": self._voice if voice.name == "default" else voice.name,
            "response_format": "pcm",
            "speed": voice.speed,
        }
        manner = in_words(voice)
        # The interface's first models know no instructions.
        if manner and not self.name.startswith("tts-1"):
            request["instructions"] = manner
        pcm, placed = _PcmIn(self._rate), _Words(words, voice.speed)
        async with self._client.post("/audio/speech", json=request) as chunks:
            async for chunk in chunks:
                if pcm.bytes == 0 and chunk[:1] in (b"{", b"R") and _is_not_pcm(chunk):
                    raise self._client.error("answered something other than raw PCM.")
                if pcm.bytes + len(chunk) > 2 * self._rate * _LONGEST_S:
                    raise self._client.error(f"speaks for more than {_LONGEST_S} s.")
                if len(samples := pcm.push(chunk)):
                    yield Speech(samples, placed.within(len(samples)))
        samples = pcm.finish()
        if rest := placed.rest(len(samples)):
            yield Speech(samples, rest)

    async def aclose(self) -> None:
        await self._client.aclose()


def in_words(voice: Voice) -> str:
    """What of a voice the interface has no figure for, as an instruction; "" if there is nothing.
    Loudness too: a provider that levels its speech would undo it, and ours must not clip."""
    said = [
        word
        for word, asked in (
            ("higher", voice.pitch >= 1),
            ("lower", voice.pitch <= -1),
            ("with a lively melody", voice.pitch_range >= 1.2),
            ("with a flat melody", voice.pitch_range <= 0.8),
            ("louder", voice.loudness >= 2),
            ("softly", voice.loudness <= -2),
            ("warmly", voice.warmth >= 0.5),
        )
        if asked
    ]
    return f"Speak {', '.join(said)}." if said else ""


def _is_not_pcm(chunk: bytes) -> bool:
    return chunk.startswith((b'{"', b"{\n", b"RIFF"))


class _PcmIn:
    """Bytes to samples at 24 kHz, without the silence at both ends."""

    def __init__(self, rate: int) -> None:
        self.bytes = 0
        self._odd = b""
        self._begun = False
        self._quiet: Pcm = np.zeros(0, np.int16)
        self._convert = (
            None if rate == RATE_OUT else soxr.ResampleStream(rate, RATE_OUT, 1, dtype="int16")
        )

    def push(self, chunk: bytes) -> Pcm:
        self.bytes += len(chunk)
        data = self._odd + chunk
        whole = len(data) // 2 * 2
        self._odd = data[whole:]
        samples = np.frombuffer(data[:whole], "<i2").astype(np.int16)
        if self._convert is not None:
            samples = self._convert.resample_chunk(samples)
        return self._trim(samples)

    def finish(self) -> Pcm:
        rest: Pcm = np.zeros(0, np.int16)
        if self._convert is not None:
            rest = self._trim(self._convert.resample_chunk(rest, last=True))
        tail = self._quiet[: round(_TAIL_S * RATE_OUT)] if self._begun else self._quiet[:0]
        return np.concatenate([rest, tail])

    def _trim(self, samples: Pcm) -> Pcm:
        """What is certain not to be silence at an end; quiet samples wait for what follows."""
        samples = np.concatenate([self._quiet, samples])
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _QUIET)
        if len(loud) == 0:
            lead = round(_LEAD_S * RATE_OUT)
            self._quiet = samples if self._begun else samples[-lead:]
            return samples[:0]
        start = 0 if self._begun else max(0, int(loud[0]) - round(_LEAD_S * RATE_OUT))
        self._begun = True
        end = int(loud[-1]) + 1
        self._quiet = samples[end:]
        return samples[start:end]


class _Words:
    """Guesses which words end within each piece."""

    def __init__(self, words: list[str], speed: float) -> None:
        self._words = words
        self._ends = np.cumsum([len(word) + 1 for word in words]) * (
            RATE_OUT / (_CHARS_PER_S * speed)
        )
        self._next = 0
        self._at = 0

    def within(self, length: int) -> tuple[tuple[str, int], ...]:
        """Words that end in the next `length` samples; the last word stays for the end."""
        found = []
        while self._next < len(self._words) - 1 and self._ends[self._next] <= self._at + length:
            found.append((self._words[self._next], max(0, int(self._ends[self._next]) - self._at)))
            self._next += 1
        self._at += length
        return tuple(found)

    def rest(self, length: int) -> tuple[tuple[str, int], ...]:
        """All words left, ending with the last sample."""
        return tuple((word, length) for word in self._words[self._next :])
