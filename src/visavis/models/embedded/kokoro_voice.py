"""Kokoro-82M: phonemes to samples at 24 kHz, on a worker's thread."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavis.errors import ModelError
from visavis.models.embedded.hibari_voice import finish
from visavis.models.embedded.onnx import interruptible, open_session, run
from visavis.models.protocols import Speech, Voice
from visavis.models.workers import Cancel

VOCABULARY = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, "(": 12, ")": 13, "“": 14,
    "”": 15, " ": 16, "ʣ": 18, "ʥ": 19, "ʦ": 20, "ʨ": 21, "ꭧ": 23, "A": 24, "I": 25, "O": 31,
    "Q": 33, "S": 35, "T": 36, "W": 39, "Y": 41, "ᵊ": 42, "a": 43, "b": 44, "d": 46, "e": 47,
    "f": 48, "h": 50, "i": 51, "j": 52, "k": 53, "l": 54, "m": 55, "n": 56, "o": 57, "p": 58,
    "s": 61, "t": 62, "u": 63, "v": 64, "w": 65, "x": 66, "y": 67, "z": 68, "ɑ": 69, "ɒ": 71,
    "æ": 72, "ɔ": 76, "ɕ": 77, "ð": 81, "ʤ": 82, "ə": 83, "ɚ": 85, "ɛ": 86, "ɜ": 87, "ɡ": 92,
    "ɥ": 99, "ɨ": 101, "ɪ": 102, "ŋ": 112, "θ": 119, "ɹ": 123, "ɾ": 125, "ɻ": 126, "ʂ": 130,
    "ʃ": 131, "ʧ": 133, "ʊ": 135, "ʌ": 138, "ɤ": 140, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157,
    "ː": 158, "ʰ": 162, "↓": 169, "→": 171, "↗": 172, "↘": 173, "ᵻ": 177,
}  # fmt: skip
"""The symbols of Mandarin and English, with their numbers in the network."""
_MOST_SYMBOLS = 500
_STYLE = 256


class KokoroVoice:
    """Any of several voices, one network. Safe for several threads."""

    def __init__(self, model: Path, voices: dict[str, Path], *, threads: int = 1) -> None:
        """Raises `ModelError` if a file is not what it should be."""
        self._session = open_session(model, threads=threads)
        self._styles = {name: _read_style(path) for name, path in voices.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The first is the default."""
        return tuple(self._styles)

    def speak(
        self, cancel: Cancel, symbols: str, last_char: str, name: str, voice: Voice
    ) -> Speech:
        """Say phonemes in the voice `name`; nothing sayable gives no samples.

        `last_char` is the mark after them in what was written: as long is the pause. The voice's
        speed and loudness are heeded.
        """
        ids = [VOCABULARY[symbol] for symbol in symbols if symbol in VOCABULARY][:_MOST_SYMBOLS]
        if not any(symbol.isalpha() for symbol in symbols):
            return Speech(np.zeros(0, np.int16))
        style = self._styles[name]
        feed = {
            "tokens": np.array([[0, *ids, 0]], np.int64),
            "style": style[min(len(ids), len(style) - 1)][None],
            "speed": np.array([voice.speed], np.float32),
        }
        options = interruptible(cancel)
        (wave,) = run(
            cancel, "the Chinese voice", lambda: self._session.run(["audio"], feed, options)
        )
        louder = np.float32(10 ** (voice.loudness / 20))
        pcm, _ = finish(np.asarray(wave, np.float32).reshape(-1) * louder, last_char)
        return Speech(pcm)


def _read_style(path: Path) -> NDArray[np.float32]:
    """Shape [lengths, 256]: how the voice says so many symbols."""
    style = np.fromfile(path, np.float32)
    if not len(style) or len(style) % _STYLE:
        raise ModelError(f"{path} is not a voice of Kokoro: {len(style)} numbers")
    return style.reshape(-1, _STYLE)
