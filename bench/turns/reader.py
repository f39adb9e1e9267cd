"""The language model, asked only whether a sentence ends with the last message's words."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from turns.charged import digest
from visavis.models.embedded import llama_library
from visavis.models.embedded.llama_ends import last_word
from visavis.models.embedded.llama_engine import LlamaEngine
from visavis.models.embedded.llama_fit import fit
from visavis.models.embedded.llama_prompt import conversation_tokens, message_end, reply_opening
from visavis.models.protocols import ChatMessage
from visavis.models.weights import WeightsStore
from visavis.models.workers import Cancel

LLM = "llm-0.5b"
_CONTEXT = 2048


class Reader:
    """Loaded when first asked."""

    def __init__(self, store: WeightsStore) -> None:
        self._store = store

    @cached_property
    def _engine(self) -> LlamaEngine:
        library = llama_library.load()
        path = fit(library, self._store.path(LLM))
        return LlamaEngine(
            library, path, context=_CONTEXT, slots=1, threads=2, progress=lambda done: None
        )

    def __call__(self, messages: Sequence[ChatMessage]) -> float | None:
        """The probability; None without words."""
        engine = self._engine
        prompt = conversation_tokens(messages, engine.tokenize, room=_CONTEXT, finished=True)
        after = message_end(engine.tokenize) + reply_opening(engine.tokenize)
        at = last_word(prompt, messages[-1], after, engine.tokenize)
        slot, cancel = engine.slots[0], Cancel()
        while engine.evaluate(cancel, slot, prompt, at):
            pass
        return None if at is None or slot.ends is None else slot.ends[1]


def asked(messages: Sequence[ChatMessage]) -> bytes:
    """What is asked, to remember the answer by."""
    return digest("reader-2", (tuple((each.role, each.content) for each in messages),))
