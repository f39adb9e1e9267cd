"""hibari's network and signal processing with word times, run on a worker's thread.

The network predicts how many 12.5 ms frames each phoneme lasts, but the exported graph keeps
that sum to itself. One more output is appended to the graph when it is opened, so that the ends of
words are known exactly instead of guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hibari import Hibari, dsp
from hibari.g2p.normalize import normalize
from numpy.typing import NDArray

from visavis.errors import ModelError
from visavis.models.embedded.hibari_style import is_plain, levelled, pace, resample, restyle
from visavis.models.embedded.hibari_text import plain, speakable, word_ends
from visavis.models.embedded.onnx import interruptible, open_session, run
from visavis.models.protocols import DEFAULT_VOICE, Speech, Voice
from visavis.models.workers import Cancel
from visavis.seam import RATE_OUT, Pcm

_FRAME_ENDS = b"/CumSum_output_0"
"""The graph's running sum of the phonemes' lengths in frames, shape [ids]."""
_MOST_PHONEMES = 480
"""The network was trained on sentences shorter than about 500."""
_MARKS = frozenset(' ;:,.!?—…"“”()')
_LEAD = RATE_OUT // 100
_FADE = RATE_OUT // 400
_BLOCK = RATE_OUT // 200
_AUDIBLE = 10 ** (-50 / 20)
"""Relative to the loudest block."""
_PAUSE_S = {".": 0.22, "!": 0.22, "?": 0.22, "…": 0.25, ";": 0.15, ":": 0.15, ",": 0.12}
_PAUSE_ELSE_S = 0.05
_KNEE = 0.8
_CEILING = 0.98


@dataclass(slots=True, frozen=True)
class _Reading:
    """A text as the voice will say it."""

    ids: list[int]
    words: list[str]
    """Words as spelled out."""
    last: list[int]
    """Index into `ids` of each word's last phoneme."""


class HibariVoice:
    """Text to samples. Not safe for two threads at once (the dictionary caches)."""

    def __init__(self) -> None:
        self._hibari = Hibari(threads=1)
        graph = Path(self._hibari.model_path).read_bytes()
        self._session = open_session(graph + _graph_output(_FRAME_ENDS))
        # The instance's own session would only take memory beside ours.
        self._hibari.sess = None

    def speak(self, cancel: Cancel, text: str, voice: Voice = DEFAULT_VOICE) -> Speech:
        """Say one piece of text (a sentence or clause); nothing sayable gives no samples."""
        clean = speakable(text)
        reading = self._read(clean)
        if not reading.words:
            return Speech(np.zeros(0, np.int16), tuple((word, 0) for word in text.split()))
        speed, faster = pace(voice.speed)
        feed = {
            "ids": np.asarray([reading.ids], np.int64),
            "speed": np.asarray([speed], np.float32),
        }
        options = interruptible(cancel)
        out = run(cancel, "the voice", lambda: self._session.run(None, feed, options))
        *spectra, frame_ends = out
        frames = resample([array[0] for array in spectra], faster)
        cancel.check()
        wave = dsp.synth(*frames, np.random.default_rng(0))
        if not is_plain(voice):
            cancel.check()
            styled = dsp.synth(*restyle(frames, voice), np.random.default_rng(0))
            wave = levelled(styled, wave, voice.loudness)
        # The sum counts pairs of frames in this export; its last value is the whole length.
        scale = len(wave) / max(1.0, float(frame_ends[-1]))
        ends = [int(frame_ends[i] * scale) for i in reading.last]
        pcm, start = finish(wave, clean[-1])
        ends = [min(max(end - start, 0), len(pcm)) for end in ends]
        return Speech(pcm, word_ends(text.split(), reading.words, ends))

    def phonemes(self, _: Cancel, text: str) -> str:
        """The symbols of a text's words, divided by blanks."""
        tokens = self._tokens(plain(text))
        return "".join(
            (token.phonemes or "") + (" " if token.whitespace else "") for token in tokens
        )

    def _read(self, clean: str) -> _Reading:
        tokens = self._tokens(clean)
        vocabulary: dict[str, int] = self._hibari.vocab
        ids, words, last, word, voiced = [0], [], [], "", 0
        for token in tokens:
            for char in token.phonemes or "":
                if char in vocabulary:
                    # The pause of a punctuation mark is not part of the word before it.
                    voiced = voiced if char in _MARKS else len(ids)
                    ids.append(vocabulary[char])
            word += token.text
            if token.whitespace or token is tokens[-1]:
                if any(c.isalnum() for c in word) and len(ids) > 1:
                    words.append(word)
                    last.append(min(voiced, _MOST_PHONEMES - 1))
                word = ""
                if " " in vocabulary and len(ids) > 1:
                    ids.append(vocabulary[" "])
        while ids and ids[-1] == vocabulary.get(" "):
            ids.pop()
        return _Reading([*ids[:_MOST_PHONEMES], 0], words, last)

    def _tokens(self, clean: str) -> list[Any]:
        """hibari's tokens with phonemes. What its rules stumble over (odd digits, mixtures of
        letters and signs) is read out plainly instead."""
        g2p = self._hibari.g2p
        try:
            tokens: list[Any] = g2p.phonemize_tokens(g2p.tokenize(normalize(clean)))
        except Exception:  # its rules raise what they please
            try:
                tokens = g2p.phonemize_tokens(g2p.tokenize(plain(clean)))
            except Exception as error:
                raise ModelError(
                    f"the voice cannot read {clean[:40]!r}: {type(error).__name__}"
                ) from error
        return tokens


def finish(wave: NDArray[np.float32], last_char: str) -> tuple[Pcm, int]:
    """Trim the silence at both ends, limit the peak; int16 and how many samples were cut off
    the beginning.

    Ten milliseconds are left in front; behind, as long a pause as the punctuation asks for.
    """
    blocks = len(wave) // _BLOCK
    if not blocks:
        return np.zeros(0, np.int16), 0
    level = np.sqrt((wave[: blocks * _BLOCK].reshape(blocks, _BLOCK) ** 2).mean(1))
    heard = np.flatnonzero(level > level.max() * _AUDIBLE)
    if not len(heard) or level.max() < 1e-5:
        return np.zeros(0, np.int16), 0
    start = max(0, int(heard[0]) * _BLOCK - _LEAD)
    stop = min(len(wave), (int(heard[-1]) + 2) * _BLOCK)
    voice = wave[start:stop].copy()
    loud = np.abs(voice)
    if loud.max() > _KNEE:
        room = _CEILING - _KNEE
        bent = _KNEE + room * np.tanh((loud - _KNEE) / room)
        voice = np.where(loud > _KNEE, np.sign(voice) * bent, voice)
    fade = np.linspace(0, 1, min(_FADE, len(voice)), dtype=np.float32)
    voice[: len(fade)] *= fade
    voice[len(voice) - len(fade) :] *= fade[::-1]
    pause = int(_PAUSE_S.get(last_char, _PAUSE_ELSE_S) * RATE_OUT)
    pcm = np.zeros(len(voice) + pause, np.int16)
    pcm[: len(voice)] = (voice * 32767).astype(np.int16)
    return pcm, start


def _graph_output(name: bytes) -> bytes:
    """An ONNX model fragment that adds an output: protobuf messages merge when concatenated.

    ModelProto.graph is field 7, GraphProto.output field 12, ValueInfoProto.name field 1.
    """
    return _field(7, _field(12, _field(1, name)))


def _field(number: int, payload: Sequence[int] | bytes) -> bytes:
    body = bytes(payload)
    assert len(body) < 128
    return bytes([number << 3 | 2, len(body)]) + body
