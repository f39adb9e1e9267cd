"""Whisper base, int8 on CTranslate2: which language is spoken, and words of Mandarin.

The network was trained on windows of 30 s. A window as long as the speech and a little silence
gives the same words for a fraction of the work; shorter than 4 s it begins to invent.
"""

from __future__ import annotations

import json
import math
import tempfile
from codecs import getincrementaldecoder
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visavis.errors import ModelError
from visavis.models.embedded.moonshine_model import loop_surplus
from visavis.models.embedded.smart_turn import mel_of
from visavis.models.protocols import Word
from visavis.models.workers import Cancel
from visavis.seam import RATE_IN, Pcm

LONGEST_S = 28.0
_SHORTEST_WINDOW_S = 4.0
_AFTER_S = 0.6
"""Silence behind the speech, without which its last word is often lost."""
_TOKENS_PER_S = 9.0
"""Nobody speaks faster: most Chinese characters are one or two tokens."""
_PROMPT = "以下是普通话的句子。"
"""Makes it write punctuation."""


@dataclass(slots=True, frozen=True)
class Heard:
    """What was recognised."""

    chinese: float
    """Probability that it is Chinese and not English."""
    words: tuple[Word, ...]
    """Chinese characters each, Latin words whole; none if they were not wanted."""


class WhisperModel:
    """Shared by all calls; `hear` may run on any one thread at a time."""

    def __init__(self, model: Path, config: Path, vocabulary: Path, *, threads: int = 1) -> None:
        """Raises `ModelError` if ctranslate2 is not installed or the files are not what they
        should be."""
        try:
            import ctranslate2
        except ImportError as error:
            raise ModelError(
                "recognising Chinese needs ctranslate2, which is not installed; "
                "run `pip install 'visavis[chinese]'`"
            ) from error
        files = {"model.bin": model, "config.json": config, "vocabulary.json": vocabulary}
        # It wants a folder with these names.
        with tempfile.TemporaryDirectory(prefix="visavis-whisper-") as folder:
            for name, path in files.items():
                Path(folder, name).symlink_to(path.absolute())
            try:
                self._model = ctranslate2.models.Whisper(
                    folder, device="cpu", compute_type="int8", intra_threads=threads
                )
            except RuntimeError as error:
                raise ModelError(f"{model} cannot be opened by ctranslate2: {error}") from error
        self._view = ctranslate2.StorageView.from_array
        self._pieces = read_vocabulary(vocabulary)
        # -1 stands for what the model's own configuration suppresses.
        self._suppressed = [-1, *(i for i, p in enumerate(self._pieces) if is_traditional(p))]
        ids = {piece: i for i, piece in enumerate(self._pieces)}
        try:
            self._end = ids[b"<|endoftext|>"]
            marks = (b"<|startoftranscript|>", b"<|zh|>", b"<|transcribe|>", b"<|notimestamps|>")
            self._start = [
                ids[b"<|startofprev|>"],
                *tokens_of(_PROMPT, ids),
                *(ids[mark] for mark in marks),
            ]
        except KeyError as error:
            raise ModelError(
                f"{vocabulary} is not Whisper's vocabulary: it lacks {error}"
            ) from None

    def hear(self, cancel: Cancel, pcm: Pcm, wanted: Callable[[float], bool]) -> Heard:
        """Of int16 16 kHz samples, shape [n]; of more than 28 s the last count.

        Chinese words if, with this probability of Chinese, they are `wanted`. Raises `Cancelled`
        between its parts (encoder, language, words), each of a tenth of a second or so.
        """
        pcm = pcm[-round(LONGEST_S * RATE_IN) :]
        window = max(_SHORTEST_WINDOW_S, math.ceil(len(pcm) / RATE_IN + _AFTER_S))
        features = self._view(mel_of(window_of(pcm, window))[None])
        encoded = self._model.encode(features)
        cancel.check()
        chinese = chinese_of(dict(self._model.detect_language(encoded)[0]))
        if not wanted(chinese):
            return Heard(chinese, ())
        cancel.check()
        result = self._model.generate(
            encoded,
            [self._start],
            beam_size=1,
            suppress_tokens=self._suppressed,
            max_length=len(self._start) + round(len(pcm) / RATE_IN * _TOKENS_PER_S) + 8,
            return_logits_vocab=True,
            return_no_speech_prob=True,
        )[0]
        tokens = [token for token in result.sequences_ids[0] if token < self._end]
        probs = [
            confidence_of(_prob(np.array(row), token))
            for row, token in zip(result.logits[0], tokens, strict=False)
        ]
        surplus = loop_surplus(tokens)
        if surplus:
            del tokens[-surplus:], probs[-surplus:]
        pieces = [self._pieces[token] for token in tokens]
        return Heard(chinese, words_of(pieces, probs, 1.0 - result.no_speech_prob))


def confidence_of(prob: float) -> float:
    """A token's probability on the scale of the English recogniser's, for the same gates: of short
    words that it has right Whisper is not sure at all (0.18 for "好的")."""
    return math.sqrt(prob)


def window_of(pcm: Pcm, seconds: float) -> NDArray[np.float32]:
    """The samples as float32 from -1 to 1, and silence up to so many seconds."""
    x = np.zeros(round(seconds * RATE_IN), np.float32)
    x[: len(pcm)] = pcm.astype(np.float32) / 32768
    return x


def chinese_of(languages: dict[str, float]) -> float:
    """The probability of Chinese, from those of all languages, if it is that or English."""
    chinese = languages.get("<|zh|>", 0.0) + languages.get("<|yue|>", 0.0)
    english = languages.get("<|en|>", 0.0)
    return (chinese + 1e-4) / (chinese + english + 2e-4)


def words_of(pieces: Sequence[bytes], probs: Sequence[float], speech: float) -> tuple[Word, ...]:
    """Words of tokens, each with the probability of its least sure token times `speech`, that of
    anything having been said.

    A Chinese character is a word of its own (it may be of several tokens, as bytes of UTF-8), and
    marks belong to the word before them.
    """
    words: list[Word] = []
    decoder = getincrementaldecoder("utf-8")("ignore")
    begun = 1.0
    """Of the tokens with the first bytes of a character that is not complete."""
    for piece, prob in zip(pieces, probs, strict=True):
        text = decoder.decode(piece)
        for index, letter in enumerate(text):
            _append(words, letter, (prob if index else min(prob, begun)) * speech)
        whole = not decoder.getstate()[0]
        begun = 1.0 if whole else prob if text else min(prob, begun)
    return tuple(Word(word.text.strip(), word.confidence) for word in words if word.text.strip())


def _append(words: list[Word], letter: str, confidence: float) -> None:
    wide = "\u3400" <= letter <= "\u9fff"
    last = words[-1] if words else None
    new = wide or letter.isspace() or last is None or last.text.isspace()
    if last is not None and not new and "\u3400" <= last.text[-1] <= "\u9fff":
        new = letter.isalnum()
    if new or last is None:
        words.append(Word(letter, confidence))
    elif letter.isalnum():
        words[-1] = Word(last.text + letter, min(last.confidence, confidence))
    else:
        words[-1] = Word(last.text + letter, last.confidence)


def joined(words: Sequence[Word]) -> str:
    """The words as they are written: blanks between Latin ones only."""
    text = ""
    for word in words:
        if text and word.text and ord(text[-1]) < 0x2E80 and ord(word.text[0]) < 0x2E80:
            text += " "
        text += word.text
    return text


def read_vocabulary(path: Path) -> list[bytes]:
    """The bytes of each token of Whisper's `vocabulary.json`. Raises `ModelError`."""
    try:
        texts = json.loads(path.read_text("utf-8"))
        return [_bytes_of(text) for text in texts]
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path} is not a list of tokens: {error}") from error


def tokens_of(text: str, ids: dict[bytes, int]) -> list[int]:
    """Tokens that spell the text, the longest first at each place. KeyError if there are none."""
    raw = text.encode()
    found: list[int] = []
    while raw:
        size = next((n for n in range(min(16, len(raw)), 0, -1) if raw[:n] in ids), 0)
        if not size:
            raise KeyError(text)
        found.append(ids[raw[:size]])
        raw = raw[size:]
    return found


def is_traditional(piece: bytes) -> bool:
    """Whether a token has a Chinese character that simplified writing does not know: GB 2312 has
    the simplified ones."""
    return any(
        "\u4e00" <= letter <= "\u9fff" and not letter.encode("gb2312", "ignore")
        for letter in piece.decode("utf-8", "ignore")
    )


def _byte_letters() -> dict[str, int]:
    """GPT-2's writing of bytes as printable letters: those that are printable stand for
    themselves, the others for 256 and on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {chr(byte): byte for byte in printable}
    others = (byte for byte in range(256) if byte not in printable)
    return letters | {chr(256 + n): byte for n, byte in enumerate(others)}


_BYTES = _byte_letters()


def _bytes_of(text: str) -> bytes:
    return bytes(_BYTES[letter] for letter in text)


def _prob(log_probs: NDArray[Any], token: int) -> float:
    """Of one token, from logits or their logarithmic probabilities, shape [vocabulary]."""
    shifted = log_probs.astype(np.float32) - log_probs[token]
    return float(1.0 / np.exp(np.minimum(shifted, 80.0)).sum())
