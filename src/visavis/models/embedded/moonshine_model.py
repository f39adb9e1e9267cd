"""Moonshine tiny (English) on onnxruntime: samples to tokens, with a draft to start from.

The decoder is autoregressive, about as dear a token as a tenth of the encoder. When an
utterance is decoded again and again while it grows, most tokens are known already: they are
fed as a draft in one pass, and only from the first one that the model would now choose
differently does it generate token by token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from visavis.errors import WeightsError
from visavis.models.embedded.onnx import interruptible, open_session, run
from visavis.models.protocols import Word
from visavis.models.workers import Cancel

RATE = 16_000
_BOS, _EOS = 1, 2
_TOKENS_PER_S = 6.5
"""Nobody speaks faster; more tokens than that are a hallucinated loop."""
_SPACE = b"\xe2\x96\x81"
_SEARCH = 6
"""How far ahead in the draft the model's own choice is looked for."""


@dataclass(slots=True, frozen=True)
class Decoded:
    tokens: tuple[int, ...]
    probs: tuple[float, ...]
    """Probability the model gave each token."""


class MoonshineModel:
    """Shared by all calls; `decode` may run on any thread."""

    def __init__(self, encoder: Path, decoder: Path, tokenizer: Path, *, threads: int = 1) -> None:
        self._encoder = open_session(encoder, threads=threads)
        self._decoder = open_session(decoder, threads=threads)
        self._pieces = read_tokenizer(tokenizer)
        outputs = [output.name for output in self._decoder.get_outputs()]
        self._logits = outputs[0]
        self._self_kv = [name for name in outputs[1:] if ".decoder." in name]
        self._cross_kv = [name for name in outputs[1:] if ".encoder." in name]
        shape = next(i.shape for i in self._decoder.get_inputs() if i.name.startswith("past"))
        empty = _value(np.zeros((1, shape[1], 0, shape[3]), np.float32))
        self._no_past = {_past(name): empty for name in (*self._self_kv, *self._cross_kv)}
        self._first = _value(np.array([False]))
        self._cached = _value(np.array([True]))

    def decode(
        self, cancel: Cancel, samples: NDArray[np.float32], draft: Sequence[int] = ()
    ) -> Decoded:
        """Tokens of float32 16 kHz samples, shape [n], at least 0.1 s.

        `draft` are the tokens an earlier decode of the same beginning gave. Raises `Cancelled`.
        """
        options = interruptible(cancel)
        mask = _value(np.ones((1, len(samples)), np.int64))
        audio = _value(np.ascontiguousarray(samples[None]))
        (hidden,) = run(
            cancel,
            "the recogniser's encoder",
            lambda: self._encoder.run_with_ort_values(
                None, {"input_values": audio, "attention_mask": mask}, options
            ),
        )
        fixed = {"encoder_hidden_states": hidden, "encoder_attention_mask": mask}
        limit = int(len(samples) / RATE * _TOKENS_PER_S) + 4
        hint = _Draft(draft)
        tokens: list[int] = []
        probs: list[float] = []
        past = dict(self._no_past)
        token, proposal = _BOS, hint.propose(None)
        while len(tokens) < limit:
            feed = {"use_cache_branch": self._cached if tokens else self._first, **fixed, **past}
            feed["input_ids"] = _value(np.array([[token, *proposal]], np.int64))
            first = token == _BOS
            names = [self._logits, *self._self_kv, *(self._cross_kv if first else ())]
            out = self._decode_step(cancel, options, names, feed)
            logits = out[0].numpy()[0]
            best = logits.argmax(-1)
            kept = 0
            while kept < len(proposal) and best[kept] == proposal[kept]:
                kept += 1
            tokens += proposal[:kept]
            probs += [_prob(logits[i], t) for i, t in enumerate(proposal[:kept])]
            for name, value in zip(names[1:], out[1:], strict=True):
                if kept < len(proposal) and ".decoder." in name:
                    # Forget the keys and values of the tokens that were not accepted.
                    length = value.shape()[2] - (len(proposal) - kept)
                    value = _value(np.ascontiguousarray(value.numpy()[:, :, :length]))
                past[_past(name)] = value
            token = int(best[kept])
            if token == _EOS:
                break
            tokens.append(token)
            probs.append(_prob(logits[kept], token))
            surplus = loop_surplus(tokens)
            if surplus:
                del tokens[-surplus:], probs[-surplus:]
                break
            proposal = hint.propose(token, kept)[: limit - len(tokens)]
        return Decoded(tuple(tokens), tuple(probs))

    def words(self, decoded: Decoded) -> tuple[Word, ...]:
        """The words, each with the probability of its least sure token."""
        groups: list[tuple[bytes, float]] = []
        for token, prob in zip(decoded.tokens, decoded.probs, strict=True):
            piece = self._pieces[token] if 2 < token < len(self._pieces) else b""
            if piece.startswith(_SPACE) or not groups:
                groups.append((piece, prob))
            else:
                text, least = groups[-1]
                groups[-1] = (text + piece, min(least, prob))
        texts = [(raw.replace(_SPACE, b" ").decode("utf-8", "ignore"), p) for raw, p in groups]
        return tuple(Word(text.strip(), p) for text, p in texts if text.strip())

    def _decode_step(
        self,
        cancel: Cancel,
        options: ort.RunOptions,
        names: list[str],
        feed: dict[str, ort.OrtValue],
    ) -> list[Any]:
        out: list[Any] = run(
            cancel,
            "the recogniser's decoder",
            lambda: self._decoder.run_with_ort_values(names, feed, options),
        )
        return out


class _Draft:
    """An earlier decode's tokens, proposed again from wherever the new one agrees with it."""

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens = list(tokens)
        self._next = 0

    def propose(self, token: int | None, accepted: int = 0) -> list[int]:
        """What may follow `token`, which the model chose after `accepted` proposed ones.

        A changed token usually stands for one that was changed, inserted or left out; as soon
        as the model's choice is found a few places on, the rest is proposed again.
        """
        self._next += accepted
        if token is None:
            return self._tokens[:]
        window = self._tokens[self._next : self._next + _SEARCH]
        if token not in window:
            return []
        self._next += window.index(token) + 1
        return self._tokens[self._next :]


def read_tokenizer(path: Path) -> list[bytes]:
    """Pieces of Moonshine's `tokenizer.bin`: each a length (one byte, or two if the first is
    128 or more: low seven bits, then the rest) and so many bytes; length 0 is an unused id."""
    data = path.read_bytes()
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        length = data[at]
        at += 1
        if length >= 128:
            if at >= len(data):
                raise WeightsError(f"{path} ends inside the length of piece {len(pieces)}")
            length = data[at] * 128 + length - 128
            at += 1
        if at + length > len(data):
            raise WeightsError(f"{path} ends inside piece {len(pieces)}")
        pieces.append(data[at : at + length])
        at += length
    return pieces


_LONGEST_LOOP = 24
"""Tokens of a phrase that is looked for."""


def loop_surplus(tokens: Sequence[int]) -> int:
    """How many tokens at the end only repeat, oftener than a speaker would, what is before
    them; 0 if none. Short groups may repeat more often (digits of a number); whole phrases are
    what the model makes of a crowd."""
    for period in range(1, _LONGEST_LOOP + 1):
        times = 10 if period <= 3 else 4 if period <= 8 else 3
        span = period * times
        if len(tokens) >= span:
            tail = list(tokens[-span:])
            if tail[:-period] == tail[period:]:
                return span - period
    return 0


def _past(name: str) -> str:
    return name.replace("present", "past_key_values")


def _value(array: NDArray[Any]) -> ort.OrtValue:
    return ort.OrtValue.ortvalue_from_numpy(array)


def _prob(logits: NDArray[np.float32], token: int) -> float:
    return float(1.0 / np.exp(logits - logits[token]).sum())
