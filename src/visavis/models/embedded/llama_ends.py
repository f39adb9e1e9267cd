"""Whether a sentence ends after the words so far, by what the language model expects next.

A recogniser sets a full stop wherever sound ends, so its punctuation says little. The model that
reads the words to answer them knows more: after "book a table for two at" it expects a word, after
"what time is it" the end. The probability costs nothing: it is a by-product of reading the prompt,
taken where the words end and before their punctuation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visavis.models.embedded.llama_prompt import Tokenize, common_prefix
from visavis.models.protocols import ChatMessage

_STOPS = (".", "?", "!", "。", "？", "！")
_AFTER = ("", "\n", "\n\n", '"')


def stop_tokens(tokenize: Tokenize) -> NDArray[np.intp]:
    """The tokens that end a sentence."""
    whole = [tokenize(stop + after, False) for stop in _STOPS for after in _AFTER]
    return np.array(sorted({tokens[0] for tokens in whole if len(tokens) == 1}), np.intp)


def probability(logits: NDArray[np.float32], stops: NDArray[np.intp]) -> float:
    """Of a token that ends a sentence."""
    scaled = np.exp(logits - logits.max())
    return float(scaled[stops].sum() / scaled.sum())


def last_word(
    prompt: Sequence[int], message: ChatMessage, after: Sequence[int], tokenize: Tokenize
) -> int | None:
    """Where in `prompt`, which ends with `message` and then `after`, the message's last word is;
    None if there is none that its punctuation could be told from."""
    bare = message.content.rstrip(" .?!,;:…-\"'。？！，；：、")
    words, said = tokenize(bare, False), tokenize(message.content, False)
    if not words or common_prefix(words, said) < len(words):
        return None
    at = len(prompt) - len(after) - len(said) + len(words) - 1
    return at if at >= 0 else None
