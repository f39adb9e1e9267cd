"""One llama.cpp model and context: evaluates tokens into slots and picks the next one.

Synchronous and for one thread at a time; `llama.py` gives it a worker. A slot is one
conversation's place in the cache: what two prompts have in common is evaluated once.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visavis.errors import ModelError, WeightsError
from visavis.models.embedded.llama_ends import probability, stop_tokens
from visavis.models.embedded.llama_library import (
    ABORTED,
    NO_ROOM,
    Library,
    ProgressCallback,
)
from visavis.models.embedded.llama_output import starts_speech
from visavis.models.embedded.llama_prompt import common_prefix, moved
from visavis.models.workers import Cancel

CHUNK = 8
"""Prompt tokens of one step: others get their turn in between, and a speculation that is
cancelled loses no more than one step's work (about 0.1 s on two slow cores)."""
LAST = 12
"""So many are the last step's: a step of a few more would read all weights once more for them."""


@dataclass(slots=True, eq=False)
class Slot:
    """A conversation's place in the cache."""

    number: int
    tokens: list[int] = field(default_factory=list)
    """What the cache holds."""
    ends: tuple[int, float] | None = None
    """A token in it, and how probable it is that a sentence ends after it."""


@dataclass(slots=True, frozen=True)
class Sampling:
    temperature: float
    top_p: float
    random: np.random.Generator


class LlamaEngine:
    """Raises `WeightsError` if the file cannot be loaded, `ModelError` if the memory for
    `slots` conversations of `context` tokens cannot be had."""

    def __init__(
        self,
        library: Library,
        path: Path,
        *,
        context: int,
        slots: int,
        threads: int,
        progress: Callable[[float], None],
    ) -> None:
        self._c = c = library.c
        if not path.is_file():
            raise WeightsError(f"The language model's file {path} is missing; pull the models.")

        def on_progress(fraction: float, _: object) -> bool:
            progress(fraction)
            return True

        model_params = c.llama_model_default_params()
        callback = ProgressCallback(on_progress)
        model_params.progress_callback = ctypes.cast(callback, ctypes.c_void_p)
        self._model = c.llama_model_load_from_file(str(path).encode(), model_params)
        if not self._model:
            raise WeightsError(
                f"{path} is not a language model that llama.cpp can load; "
                "remove it and pull the models again."
            )
        params = c.llama_context_default_params()
        params.n_ctx, params.n_seq_max = context * slots, slots
        params.n_batch = params.n_ubatch = LAST
        params.n_threads = params.n_threads_batch = threads
        self._context = c.llama_init_from_model(self._model, params)
        if not self._context:
            c.llama_model_free(self._model)
            raise ModelError(
                f"There is not enough memory for {slots} conversations of {context} tokens "
                f"with {path.name}; use fewer slots or a smaller model."
            )
        self.room = int(c.llama_n_ctx_seq(self._context))
        """Tokens one slot can hold."""
        self.slots = [Slot(number) for number in range(slots)]
        self.evaluated = 0
        """Tokens evaluated since loading: what the cache did not save."""
        self._memory = c.llama_get_memory(self._context)
        self._vocab = c.llama_model_get_vocab(self._model)
        self._vocab_size = int(c.llama_vocab_n_tokens(self._vocab))
        self._batch = c.llama_batch_init(LAST, 0, 1)
        self._lock = threading.Lock()
        self._running: Cancel | None = None
        # llama.cpp asks this callback after every operation of the graph. A Python function
        # would need the GIL a thousand times a token; `strlen` of a one-byte string, which
        # the cancelling thread makes longer, says the same and needs none.
        self._abort = ctypes.create_string_buffer(2)
        strlen = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p)
        c.llama_set_abort_callback(self._context, strlen, ctypes.cast(self._abort, ctypes.c_void_p))
        self.tokenize = lru_cache(maxsize=1024)(self._tokenize)
        self._stops = stop_tokens(self.tokenize)
        self._marks = {
            token for name in ("<|im_start|>", "<|im_end|>") for token in self._mark(name)
        }

    def close(self) -> None:
        """Free the model. Nothing else may be called afterwards."""
        self._c.llama_batch_free(self._batch)
        self._c.llama_free(self._context)
        self._c.llama_model_free(self._model)

    def is_end(self, token: int) -> bool:
        """Whether this token ends a reply."""
        return token in self._marks or bool(self._c.llama_vocab_is_eog(self._vocab, token))

    def piece(self, token: int) -> bytes:
        """A token's bytes; template marks have none."""
        buffer = ctypes.create_string_buffer(256)
        length = self._c.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[: max(0, length)]

    def evaluate(
        self, cancel: Cancel, slot: Slot, tokens: list[int], ends_at: int | None = None
    ) -> int:
        """Bring the slot nearer to holding `tokens` by some of them; `slot.ends` is then
        of the token `ends_at`, once the slot holds it.

        Returns how many are still to do; at 0 the next token can be picked. Stops within one
        operation of the graph (a few ms) once `cancel` is set, and raises `Cancelled`.
        """
        self._align(slot, tokens)
        if ends_at is not None and ends_at < len(slot.tokens) and not _known(slot, ends_at):
            self._forget(slot, ends_at)
        have = len(slot.tokens)
        size = LAST if len(tokens) - have <= LAST else CHUNK
        chunk = tokens[have : have + size]
        if not chunk:
            return 0
        last = have + len(chunk) == len(tokens)
        look = -1 if ends_at is None else ends_at - have
        asked = 0 <= look < len(chunk)
        self._fill(slot, chunk, have, want_logits=last)
        if asked:
            self._batch.logits[look] = True
        code = self._decode(cancel)
        if code == 0:
            slot.tokens += chunk
            self.evaluated += len(chunk)
            if asked:
                slot.ends = have + look, probability(self._logits(look), self._stops)
            return len(tokens) - len(slot.tokens)
        self._forget(slot, have)
        if code == ABORTED:
            cancel.check()
        reason = "its context is full" if code == NO_ROOM else f"llama.cpp's code is {code}"
        raise ModelError(f"The language model could not evaluate the prompt: {reason}.")

    def pick(self, *, first: bool, sampling: Sampling | None) -> int:
        """The next token after the evaluation that left 0 to do. `first` keeps a reply from
        starting with nothing, blanks or formatting. Without `sampling`: the likeliest."""
        logits = self._logits(-1)
        if first:
            while not self._may_begin(likeliest := int(logits.argmax())):
                logits[likeliest] = -np.inf
        if sampling is None or sampling.temperature <= 0:
            return int(logits.argmax())
        best = np.argpartition(logits, -40)[-40:]
        best = best[np.argsort(logits[best])[::-1]]
        if first:
            best = np.array([token for token in best if self._may_begin(int(token))])
        scaled = np.exp((logits[best] - logits[best[0]]).astype(np.float64) / sampling.temperature)
        shares = scaled / scaled.sum()
        kept = int(np.searchsorted(np.cumsum(shares), sampling.top_p)) + 1
        return int(sampling.random.choice(best[:kept], p=shares[:kept] / shares[:kept].sum()))

    def _logits(self, index: int) -> NDArray[np.float32]:
        """Of a token of the last batch."""
        pointer = self._c.llama_get_logits_ith(self._context, index)
        logits: NDArray[np.float32] = np.ctypeslib.as_array(pointer, (self._vocab_size,))
        return logits

    def _may_begin(self, token: int) -> bool:
        return not self.is_end(token) and starts_speech(self.piece(token))

    def copy(self, source: Slot, target: Slot) -> None:
        """Let `target` hold what `source` holds (a system prompt two calls share)."""
        self._forget(target, 0)
        self._c.llama_memory_seq_cp(self._memory, source.number, target.number, -1, -1)
        target.tokens, target.ends = list(source.tokens), source.ends

    def _align(self, slot: Slot, tokens: list[int]) -> None:
        """Take out of the slot what `tokens` does not have; keep one token to evaluate, for
        its logits."""
        kept = common_prefix(slot.tokens, tokens)
        if kept == len(slot.tokens) < len(tokens):
            return
        start = moved(slot.tokens, tokens, kept)
        if start > 0:
            # Messages between were left out: what follows them moves up (a context shift).
            self._c.llama_memory_seq_rm(self._memory, slot.number, kept, start)
            self._c.llama_memory_seq_add(self._memory, slot.number, start, -1, kept - start)
            del slot.tokens[kept:start]
            slot.ends = None
            kept = common_prefix(slot.tokens, tokens)
        self._forget(slot, min(kept, len(tokens) - 1))

    def _forget(self, slot: Slot, start: int) -> None:
        if start < 0 or not self._c.llama_memory_seq_rm(self._memory, slot.number, start, -1):
            raise ModelError("The language model's cache could not be cut; reload the model.")
        del slot.tokens[start:]
        if slot.ends is not None and slot.ends[0] >= start:
            slot.ends = None

    def _fill(self, slot: Slot, chunk: list[int], start: int, *, want_logits: bool) -> None:
        batch = self._batch
        batch.n_tokens = len(chunk)
        for index, token in enumerate(chunk):
            batch.token[index] = token
            batch.pos[index] = start + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = slot.number
            batch.logits[index] = want_logits and index == len(chunk) - 1

    def _decode(self, cancel: Cancel) -> int:
        with self._lock:
            self._running = cancel
            self._abort[0] = b"\0"
        # A hook that comes late must not hit the next step: it looks whose turn it is.
        cancel.on_set(lambda: self._interrupt(cancel))
        try:
            return int(self._c.llama_decode(self._context, self._batch))
        finally:
            with self._lock:
                self._running = None

    def _interrupt(self, cancel: Cancel) -> None:
        with self._lock:
            if self._running is cancel:
                self._abort[0] = b"\1"

    def _mark(self, name: str) -> tuple[int, ...]:
        tokens = self.tokenize(name, True)
        if len(tokens) != 1:
            raise WeightsError(
                f"The language model does not know the mark {name}: only models with the "
                "ChatML template (Qwen, SmolLM2, …) can be used."
            )
        return tokens

    def _tokenize(self, text: str, marks: bool) -> tuple[int, ...]:
        data = text.encode("utf-8", "replace")
        size = len(data) + 8
        buffer = (ctypes.c_int32 * size)()
        count = self._c.llama_tokenize(self._vocab, data, len(data), buffer, size, False, marks)
        if count < 0:
            raise ModelError(f"A text of {len(data)} bytes could not be tokenised.")
        return tuple(buffer[:count])


def _known(slot: Slot, at: int) -> bool:
    return slot.ends is not None and slot.ends[0] == at
